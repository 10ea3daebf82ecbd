/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * thread: the start, the stack and the scheduling policy of clients' threads.
 */
#ifndef ECHOD_THREAD_H
#define ECHOD_THREAD_H

#include <pthread.h>

/*
 * Initialize attributes for a detached thread with the smallest stack that
 * serves a client. Starts a thread for a moment, which measures how much of a
 * stack the C library takes. Returns 0, or an error number as pthread functions
 * do.
 */
int thread_attributes(pthread_attr_t *attributes);

/*
 * Create a thread. When the process cannot have another one, wait up to 100 ms
 * for one to end, but not again until a call has succeeded. For the accept loop
 * only. Returns 0 or an error number as pthread_create(3) does.
 */
int thread_start(const pthread_attr_t *attributes, void *(*run)(void *),
                 void *argument);

/*
 * Set the scheduling policy of the calling thread, which the threads that it
 * creates inherit: SCHED_BATCH where there is one (sched(7)), with a short
 * slice (sched_setattr(2)) and the nice value that it has; unless the process
 * was started with a policy other than SCHED_OTHER.
 */
void thread_set_policy(void);

#endif
