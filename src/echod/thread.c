/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * thread: the start, the stack and the scheduling policy of clients' threads.
 */
#include "config.h"

#include "echod/thread.h"

#include "common/clock.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <unistd.h>

/* The small buffer, and printf(3) for a line of the log, need 4 KiB on x86-64
 * with glibc. Other machines have larger vector registers, and other C
 * libraries another printf(3): a test checks that a page is left. */
enum { CLIENT_STACK = 12 * 1024 + CLIENT_STACK_EXTRA };

static void *store_frame(void *frame)
{
    *(uintptr_t *)frame = (uintptr_t)__builtin_frame_address(0);
    return NULL;
}

/* Look where the stack of a thread begins. */
static int probe_stack(size_t size, size_t *reserved)
{
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uintptr_t top = (uintptr_t)stack + size;
    uintptr_t frame = top;
    pthread_attr_t attributes;
    pthread_t thread;
    int error = 0;

    if (stack == MAP_FAILED)
        return errno;
    error = pthread_attr_init(&attributes);
    if (error == 0)
        error = pthread_attr_setstack(&attributes, stack, size);
    if (error == 0)
        error = pthread_create(&thread, &attributes, store_frame, &frame);
    if (error == 0)
        error = pthread_join(thread, NULL);
    munmap(stack, size);
    *reserved = top - frame;
    return error;
}

/* glibc takes thread-local storage from the top of each stack. The environment
 * and preloaded libraries decide how much, and no function tells. EINVAL: it is
 * more than the whole stack. */
static int find_reserved(size_t *reserved)
{
    enum { MIN = 1 << 20, MAX = 64 << 20 };
    size_t size = MIN;
    int error = 0;

    while ((error = probe_stack(size, reserved)) == EINVAL && size < MAX)
        size *= 2;
    return error;
}

static int find_stack_size(size_t *size)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int error = find_reserved(size);

    *size += CLIENT_STACK;
    if (least > 0 && *size < (size_t)least)
        *size = (size_t)least;
    *size = (*size + page - 1) / page * page;
    return error;
}

int thread_attributes(pthread_attr_t *attributes)
{
    size_t stack_size = 0;
    int error = find_stack_size(&stack_size);

    if (error == 0)
        error = pthread_attr_init(attributes);
    if (error == 0)
        error =
            pthread_attr_setdetachstate(attributes, PTHREAD_CREATE_DETACHED);
    if (error == 0)
        error = pthread_attr_setstacksize(attributes, stack_size);
    return error;
}

/* A client frees its slot before its thread has ended, so at a limit on threads
 * the next one may be possible in a moment. The wait holds up the accept loop:
 * in a shortage that lasts, only the first call waits. */
int thread_start(const pthread_attr_t *attributes, void *(*run)(void *),
                 void *argument)
{
    enum { WAIT_MS = 100, INTERVAL_MS = 1 };
    static bool is_short = false;
    int64_t until_ms = clock_ms() + (is_short ? 0 : WAIT_MS);
    pthread_t thread;
    int error = 0;

    while ((error = pthread_create(&thread, attributes, run, argument)) ==
               EAGAIN &&
           clock_left(until_ms) > 0)
        poll(NULL, 0, INTERVAL_MS);
    is_short = error != 0;
    return error;
}

#ifdef SYS_sched_setattr

/* sched_setattr(2). The C library and the kernel's headers declare it, or not,
 * under the same name. */
struct scheduling {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns; /* under SCHED_BATCH the slice */
    uint64_t deadline_ns;
    uint64_t period_ns;
};

/* A later call of sched_setscheduler(2) would reset the slice, so set both in
 * one. Linux before 6.12 ignores the slice. Returns 0, or -1 with errno. */
static int set_batch(void)
{
    enum { SLICE_NS = 100000 }; /* the shortest that Linux grants */
    struct scheduling scheduling = {.size = sizeof scheduling,
                                    .policy = SCHED_BATCH,
                                    .nice = getpriority(PRIO_PROCESS, 0),
                                    .runtime_ns = SLICE_NS};

    return (int)syscall(SYS_sched_setattr, 0, &scheduling, 0);
}

#elif defined SCHED_BATCH

static int set_batch(void)
{
    struct sched_param parameter = {.sched_priority = 0};

    return sched_setscheduler(0, SCHED_BATCH, &parameter);
}

#endif

/* With SCHED_BATCH a thread that wakes up does not preempt the one that runs:
 * fewer context switches when many clients are busy. A thread that waits for
 * the processor is passed by others for as many turns as fit into a slice, so
 * the slice is short. If the call fails, the policy stays as it is. */
void thread_set_policy(void)
{
#ifdef SCHED_BATCH
    if (sched_getscheduler(0) == SCHED_OTHER)
        (void)set_batch();
#endif
}
