/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * hgrm: write percentiles in HdrHistogram's text format (.hgrm).
 *
 * A row has a value, its percentile as a share from 0 to 1, the count up to
 * there, and 1/(1-share). The shares go from 0 to 1/2 in five steps, from 1/2
 * to 3/4 in five, and so on.
 */
#include "config.h"

#include "echoc/stats/hgrm.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { STEPS_PER_HALF = 5 };

static double to_ms(double ns)
{
    return ns / 1e6;
}

/* The number of times that are longer than the percentile of a row: (10 - step)
 * / (10 * 2^halves) of all. In integers, so that no error adds up. */
static uint64_t count_above(uint64_t count, unsigned halves, unsigned step)
{
    return (2 * STEPS_PER_HALF - step) * count /
           (UINT64_C(2) * STEPS_PER_HALF << halves);
}

static void write_row(FILE *file, const struct histogram *histogram,
                      uint64_t rank, double above)
{
    uint64_t count = 0;
    double ns = histogram_at_rank(histogram, rank, &count);

    fprintf(file, "%12.6f %2.12f %10" PRIu64 " %14.2f\n", to_ms(ns), 1 - above,
            count, 1 / above);
}

/* A row for each percentile that the number of times can tell from the last
 * one, and that. */
static void write_rows(FILE *file, const struct histogram *histogram)
{
    uint64_t count = histogram->count;
    uint64_t above = count;

    fprintf(file, "%12s %14s %10s %14s\n\n", "Value", "Percentile",
            "TotalCount", "1/(1-Percentile)");
    for (unsigned i = 0; above > 0; i++) {
        unsigned halves = i / STEPS_PER_HALF;
        unsigned step = i % STEPS_PER_HALF;

        above = count_above(count, halves, step);
        if (above > 0)
            write_row(file, histogram, count - above,
                      (2 * STEPS_PER_HALF - step) /
                          ldexp(2 * STEPS_PER_HALF, (int)halves));
    }
    if (histogram->count > 0)
        fprintf(file, "%12.6f %2.12f %10" PRIu64 " %14s\n",
                to_ms((double)histogram->max), 1.0, count, "inf");
    fprintf(file, "#[Mean    = %12.6f, StdDeviation   = %12.6f]\n",
            to_ms(histogram_mean(histogram)),
            to_ms(histogram_deviation(histogram)));
    fprintf(file, "#[Max     = %12.6f, Total count    = %12" PRIu64 "]\n",
            to_ms((double)histogram->max), (uint64_t)histogram->count);
    fprintf(file, "#[Buckets = %12d, SubBuckets     = %12d]\n",
            HISTOGRAM_BUCKETS / HISTOGRAM_SUB_BUCKETS, HISTOGRAM_SUB_BUCKETS);
}

int hgrm_write(const char *path, const struct histogram *histogram)
{
    FILE *file = fopen(path, "w");
    int error = 0;

    if (file == NULL)
        return -1;
    write_rows(file, histogram);
    if (ferror(file))
        error = EIO;
    if (fclose(file) != 0)
        error = errno;
    errno = error;
    return error == 0 ? 0 : -1;
}
