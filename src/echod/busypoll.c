/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * busypoll: ask a socket for input again and again instead of sleeping.
 */
#include "config.h"

#include "echod/busypoll.h"

#include "common/clock.h"

#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

static int64_t limit_ns;
static int threads_max;
static _Atomic int threads; /* that are in poll_input() */

/* Not all processors of the machine: taskset(1) and cpuset(7) restrict them. */
static int count_processors(void)
{
#ifdef CPU_COUNT
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
#endif
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

void busypoll_init(int us)
{
    limit_ns = (int64_t)us * 1000;
    threads_max = count_processors() / 2;
}

/* Not recv(2) with MSG_PEEK: that would take the error of a reset, and the next
 * read would return end of file. */
static void poll_input(int fd)
{
    int64_t until_ns = clock_ns() + limit_ns;
    struct pollfd input = {.fd = fd, .events = POLLIN};

    while (poll(&input, 1, 0) == 0 && clock_ns() < until_ns)
        continue;
}

void busypoll_wait(int fd)
{
    if (limit_ns == 0)
        return;
    if (atomic_fetch_add(&threads, 1) < threads_max)
        poll_input(fd);
    atomic_fetch_sub(&threads, 1);
}
