/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * steps: a histogram in steps of equal width on a logarithmic scale.
 *
 * What is equally frequent in each equal part of the scale has bars of equal
 * height, so that a hump in a chart is one in the times.
 */
#ifndef ECHOC_STATS_STEPS_H
#define ECHOC_STATS_STEPS_H

#include "echoc/stats/histogram.h"

enum { STEPS_MAX = 256 };

struct steps {
    int per_decade;
    int first;                /* step 0 begins at 10^(first / per_decade) ns */
    int count;                /* up to the one that holds the maximum */
    double counts[STEPS_MAX]; /* of times; a bucket that reaches over an edge
                                 counts on both sides in parts */
};

/* The number of steps that a histogram needs, which must not be empty. */
int steps_needed(const struct histogram *histogram, int per_decade);

/* Fill the steps, at most STEPS_MAX: longer times count in the last one. The
 * histogram must not be empty. */
void steps_fill(struct steps *steps, const struct histogram *histogram,
                int per_decade);

/* The largest of the counts. */
double steps_highest(const struct steps *steps);

/* Where a step begins, in ns. Times below 1 ns count as 1 ns. */
double steps_begin(const struct steps *steps, int step);

#endif
