/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * clock: time that is never set back.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in nanoseconds. */
static inline int64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The same in milliseconds. */
static inline int64_t clock_ms(void)
{
    return clock_ns() / 1000000;
}

/* The milliseconds left until a time of clock_ms(), as poll(2) takes them; 0 if
 * it has passed. */
static inline int clock_left(int64_t until_ms)
{
    int64_t left = until_ms - clock_ms();

    return left > 0 ? (int)left : 0;
}

#endif
