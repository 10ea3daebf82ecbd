/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * thread: the stack and the scheduling policy of the clients' threads.
 */
#include "config.h"

#include "echod/thread.h"

#include <sched.h>
#include <unistd.h>

/* What a client's thread has beyond PTHREAD_STACK_MIN. The small buffer and
 * printf(3) for a line of the log take about 6 KiB; the minimum has space for
 * the rest. A test checks that a page is left. */
enum { CLIENT_STACK = 4 * 1024 + CLIENT_STACK_EXTRA };

size_t thread_stack_size(void)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (least > 0 ? (size_t)least : 64 * 1024) + CLIENT_STACK;

    return (size + page - 1) / page * page;
}

int thread_attributes(pthread_attr_t *attributes)
{
    int error = pthread_attr_init(attributes);

    if (error == 0)
        error =
            pthread_attr_setdetachstate(attributes, PTHREAD_CREATE_DETACHED);
    if (error == 0)
        error = pthread_attr_setstacksize(attributes, thread_stack_size());
    return error;
}

/* With SCHED_BATCH a thread that wakes up does not preempt the one that runs:
 * fewer context switches when many clients are busy. */
void thread_set_policy(void)
{
#ifdef SCHED_BATCH
    struct sched_param parameter = {.sched_priority = 0};

    if (sched_getscheduler(0) == SCHED_OTHER)
        sched_setscheduler(0, SCHED_BATCH, &parameter);
#endif
}
