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
 * Parse a size in bytes: digits, and a suffix as in GNU's coreutils or none: k
 * or KiB for 1024, kB for 1000, and so on with M and G. Small and capital
 * letters of these three mean the same. Returns -1 for anything else, and for
 * more than max, which is as above.
 */
int64_t number_size(const char *text, int64_t max);

/* Parse decimal digits with an optional fraction, up to max. Returns -1 for
 * anything else. The program must not set another locale than C. */
double number_decimal(const char *text, double max);

/*
 * Parse seconds with an optional fraction, from 0 to NUMBER_SECONDS_MAX.
 * Returns milliseconds, rounded up: what is not zero must not become zero,
 * which means something else. Returns -1 for anything else, such as what only
 * strtod(3) takes: 0x1p3, inf, nan.
 */
int64_t number_seconds(const char *text);

#endif
