/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * estimate: a ratio of two means, and how far chance may move it.
 *
 * Safe to call from any thread.
 */
#ifndef ECHOC_COMPARE_ESTIMATE_H
#define ECHOC_COMPARE_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>

/* Values that were measured under the same conditions, one after another. */
struct sample {
    double *values; /* none is negative */
    size_t count;
};

struct estimate {
    double ratio;   /* of the second to the first; NAN: not known */
    bool has_range; /* false: there are too few values, or a mean of 0 */
    double low;     /* 99% confidence interval of the ratio */
    double high;
};

/*
 * Compare two samples, each of at least two values: Welch's t interval on the
 * logarithm of the ratio of means. Means are given apart, as they may be known
 * better than from the sample.
 */
struct estimate estimate_ratio(double mean_a, const struct sample *a,
                               double mean_b, const struct sample *b);

#endif
