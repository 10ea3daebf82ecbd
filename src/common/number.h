/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * number: a number as a user types it.
 *
 * Safe to call from any thread.
 */
#ifndef COMMON_NUMBER_H
#define COMMON_NUMBER_H

#include <stdint.h>

enum { NUMBER_SECONDS_MAX = 1000000 };

/* Parse decimal digits and nothing else, up to max. Returns -1 for anything
 * else. max is at most INT64_MAX / 10 - 1. */
int64_t number_integer(const char *text, int64_t max);

/*
 * Parse seconds with an optional fraction, from 0 to NUMBER_SECONDS_MAX.
 * Returns milliseconds, rounded up: what is not zero must not become zero,
 * which means something else. Returns -1 for anything else, such as what only
 * strtod(3) takes: 0x1p3, inf, nan.
 */
int64_t number_seconds(const char *text);

#endif
