/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * times: distributions of times to fill a histogram with.
 */
#include "config.h"

#include "tests/echoc/times.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t times[TIMES_MAX];

static uint64_t state;

/* xorshift64: a number between 0 and 1. */
static double draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static double draw_time(enum times_shape shape)
{
    switch (shape) {
    case TIMES_UNIFORM:
        return 1e9 * draw();
    case TIMES_SMALL:
        return 300 * draw();
    case TIMES_EXPONENTIAL:
        return -50000 * log(draw());
    case TIMES_HEAVY_TAILED:
        return 20000 / pow(draw(), 1.5);
    case TIMES_TWO_PEAKS:
        return draw() < 0.97 ? 30000 * (0.9 + 0.2 * draw())
                             : 40e6 * (0.9 + 0.2 * draw());
    case TIMES_ALL_MAGNITUDES:
        return pow(10, 13 * draw());
    case TIMES_NEARLY_CONSTANT:
        return draw() < 0.999 ? 1000000 : 1000001;
    case TIMES_SHAPES:
        break;
    }
    abort();
}

static int compare(const void *one, const void *another)
{
    int64_t a = *(const int64_t *)one;
    int64_t b = *(const int64_t *)another;

    return (a > b) - (a < b);
}

void times_record(struct histogram *histogram, enum times_shape shape,
                  size_t count)
{
    double max = ldexp(1, HISTOGRAM_MAX_BITS) - 1;

    memset(histogram, 0, sizeof *histogram);
    state = (uint64_t)shape * 1000 + count * 2 + 1;
    for (size_t i = 0; i < count; i++) {
        times[i] = (int64_t)fmin(draw_time(shape), max);
        histogram_record(histogram, times[i]);
    }
    qsort(times, count, sizeof times[0], compare);
}
