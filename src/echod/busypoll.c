/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * busypoll: ask a socket for input again and again instead of sleeping.
 */
#include "config.h"

#include "echod/busypoll.h"

#include "common/clock.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
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

static void poll_input(int fd)
{
    int64_t until_ns = clock_ns() + limit_ns;
    char byte = 0;

    while (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN &&
           clock_ns() < until_ns)
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
