/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * estimate: a ratio of two means, and how far chance may move it.
 */
#include "config.h"

#include "echoc/compare/estimate.h"

#include <math.h>

/* The 99.5% quantile of Student's t distribution, for the degrees of freedom
 * that are listed and, on the safe side, for more. */
static double t_quantile(double freedom)
{
    static const struct {
        double freedom;
        double t;
    } rows[] = {{1, 63.657}, {2, 9.925},  {3, 5.841},  {4, 4.604},
                {5, 4.032},  {6, 3.707},  {7, 3.499},  {8, 3.355},
                {9, 3.250},  {10, 3.169}, {12, 3.055}, {15, 2.947},
                {20, 2.845}, {30, 2.750}, {60, 2.660}, {120, 2.617}};
    double t = rows[0].t;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (freedom >= rows[i].freedom)
            t = rows[i].t;
    return t;
}

/* The square of the standard error of the mean, relative to the mean. */
static double relative_error2(const struct sample *sample)
{
    double count = (double)sample->count;
    double mean = 0;
    double squares = 0;

    for (size_t i = 0; i < sample->count; i++)
        mean += sample->values[i] / count;
    for (size_t i = 0; i < sample->count; i++)
        squares += (sample->values[i] - mean) * (sample->values[i] - mean);
    return mean > 0 ? squares / (count - 1) / count / (mean * mean) : INFINITY;
}

/* Welch and Satterthwaite; but no more than two samples of the smaller size
 * would have, since the variance of few values may come out much too small. */
static double degrees_of_freedom(double error2_a, size_t count_a,
                                 double error2_b, size_t count_b)
{
    double most = 2.0 * (double)((count_a < count_b ? count_a : count_b) - 1);
    double error2 = error2_a + error2_b;

    if (error2 == 0)
        return most;
    return fmin(most, error2 * error2 /
                          (error2_a * error2_a / (double)(count_a - 1) +
                           error2_b * error2_b / (double)(count_b - 1)));
}

struct estimate estimate_ratio(double mean_a, const struct sample *a,
                               double mean_b, const struct sample *b)
{
    struct estimate estimate = {.ratio = mean_a > 0 ? mean_b / mean_a : NAN};
    double error2_a = 0;
    double error2_b = 0;
    double error2 = 0;
    double freedom = 0;
    double reach = 0;

    if (!(estimate.ratio > 0) || a->count < 2 || b->count < 2)
        return estimate;
    error2_a = relative_error2(a);
    error2_b = relative_error2(b);
    error2 = error2_a + error2_b;
    if (!isfinite(error2))
        return estimate;
    freedom = degrees_of_freedom(error2_a, a->count, error2_b, b->count);
    reach = t_quantile(freedom) * sqrt(error2);
    estimate.has_range = true;
    estimate.low = estimate.ratio * exp(-reach);
    estimate.high = estimate.ratio * exp(reach);
    return estimate;
}
