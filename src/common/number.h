/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * number: what a person types for a number -> the number, or a refusal.
 *
 * Safe to call from any thread.
 */
#ifndef COMMON_NUMBER_H
#define COMMON_NUMBER_H

#include <stdint.h>

enum { NUMBER_SECONDS_MAX = 1000000 };

/* Digits and nothing else, at most most; -1 for anything else. */
int64_t number_whole(const char *text, int64_t most);

/*
 * Seconds with a fraction, from 0 to NUMBER_SECONDS_MAX, in ms; what is not
 * zero is at least one ms, since zero means something else. -1 for anything
 * else, such as what only strtod(3) takes: 0x1p3, inf, nan.
 */
int64_t number_seconds(const char *text);

#endif
