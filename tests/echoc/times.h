/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * times: distributions of times to fill a histogram with.
 *
 * The times are pseudo-random, and the same in every run.
 */
#ifndef TESTS_TIMES_H
#define TESTS_TIMES_H

#include "echoc/stats/histogram.h"

#include <stddef.h>
#include <stdint.h>

enum times_shape {
    TIMES_UNIFORM,
    TIMES_SMALL,
    TIMES_EXPONENTIAL,
    TIMES_HEAVY_TAILED,
    TIMES_TWO_PEAKS,
    TIMES_ALL_MAGNITUDES,
    TIMES_NEARLY_CONSTANT,
    TIMES_SHAPES
};

enum { TIMES_MAX = 20000 };

/* The times that times_record() recorded last, in ascending order; ns. */
extern int64_t times[TIMES_MAX];

/* Empty the histogram, then record a number of times. */
void times_record(struct histogram *histogram, enum times_shape shape,
                  size_t count);

#endif
