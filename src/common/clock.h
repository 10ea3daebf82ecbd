/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * clock: the time of a clock that is never set back.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in ns; comparable within one process only. */
static inline int64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t clock_ms(void)
{
    return clock_ns() / 1000000;
}

/* The ms until a moment of clock_ms(), as poll(2) takes it; 0 once past. */
static inline int clock_left(int64_t until)
{
    int64_t left = until - clock_ms();

    return left > 0 ? (int)left : 0;
}

#endif
