/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * thread: the stack and the scheduling policy of the clients' threads.
 */
#ifndef ECHOD_THREAD_H
#define ECHOD_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* Initialize attributes for a detached thread with the smallest stack that
 * serves a client. Returns 0, or an error number as pthread functions do. */
int thread_attributes(pthread_attr_t *attributes);

/* That stack's size in bytes, without its guard page. */
size_t thread_stack_size(void);

/*
 * Set the scheduling policy of the calling thread, which the threads that it
 * creates inherit: SCHED_BATCH where there is one (sched(7)), unless the
 * process was started with a policy other than SCHED_OTHER.
 */
void thread_set_policy(void);

#endif
