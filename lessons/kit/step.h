/* SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * What lessons/schedule compiles into a copy of a rung: where the source says
 * "step: NAME" a thread waits until the schedule lets it go on.
 *
 * The schedule and the server share a file in memory. Neither step_wait() nor
 * step_over() may order the memory of two threads: a lock, a pipe or an acquire
 * and a release would be an order that the program itself does not have, and
 * ThreadSanitizer would take the program's races for ordered. So all that is
 * here is relaxed atomics and nanosleep(2).
 */
#ifndef STEP_H
#define STEP_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STEP_THREADS = 128, STEP_PAUSE_NS = 100000 };

/* A thread's steps are counted from 1. A count in the upper half of a number
 * has what belongs to it in the lower half, so that both change at once. */
struct step_thread {
    int64_t tid;
    int64_t come; /* to so many steps, and the line of the last */
    int64_t may;  /* leave so many; written by the schedule */
    int64_t left; /* so many */
    int64_t over; /* so many, and the value of the last */
};

struct step_shared {
    int64_t threads; /* that came to a step; main() is the first */
    int64_t created; /* by pthread_create(3) */
    int64_t all_may; /* the schedule has ended */
    struct step_thread thread[STEP_THREADS];
};

static struct step_shared *step_shared;
static __thread struct step_thread *step_me;
static __thread int64_t step_count;

#define STEP_GET(cell) __atomic_load_n(&(cell), __ATOMIC_RELAXED)
#define STEP_SET(cell, to) __atomic_store_n(&(cell), (to), __ATOMIC_RELAXED)
#define STEP_ADD(cell) __atomic_fetch_add(&(cell), 1, __ATOMIC_RELAXED)

__attribute__((constructor)) static void step_begin(void)
{
    int fd = open(getenv("STEP_FILE"), O_RDWR);
    step_shared = mmap(NULL, sizeof *step_shared, PROT_READ | PROT_WRITE,
                       MAP_SHARED, fd, 0);
    if (step_shared == MAP_FAILED)
        abort();
    close(fd);
}

/* A step that the schedule does not name: only the thread becomes known. */
__attribute__((unused)) static void step_pass(void)
{
    if (step_me != NULL)
        return;
    int64_t number = STEP_ADD(step_shared->threads);
    if (number >= STEP_THREADS)
        abort();
    step_me = &step_shared->thread[number];
    STEP_SET(step_me->tid, syscall(SYS_gettid));
}

__attribute__((unused)) static void step_wait(int line)
{
    int saved_errno = errno;
    step_pass();
    step_count++;
    STEP_SET(step_me->come, step_count << 32 | line);
    while (STEP_GET(step_me->may) < step_count &&
           !STEP_GET(step_shared->all_may))
        nanosleep(&(struct timespec){.tv_nsec = STEP_PAUSE_NS}, NULL);
    STEP_SET(step_me->left, step_count);
    errno = saved_errno;
}

/* The statement after a step is over, and its variable has this value. */
__attribute__((unused)) static void step_over(int value)
{
    STEP_SET(step_me->over, step_count << 32 | (uint32_t)value);
}

__attribute__((unused)) static int step_created(int error)
{
    if (error == 0)
        STEP_ADD(step_shared->created);
    return error;
}

#define step(name) step_wait(__LINE__)
#define pthread_create(...) step_created(pthread_create(__VA_ARGS__))

#endif
