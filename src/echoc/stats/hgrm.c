/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * hgrm: percentiles in HdrHistogram's text format, as its plotter reads it.
 *
 * Knows the format: value, share, count so far, 1/(1-share), in steps that
 * halve as the share nears one. Must not know what was timed.
 */
#include "config.h"

#include "echoc/stats/hgrm.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { STEPS_EACH_HALF = 5 };

static double ms(double ns)
{
    return ns / 1e6;
}

/* How many times the share's bucket and those below it count. */
static uint64_t count_up_to(const struct histogram *histogram, double share)
{
    double rank = ceil(share * (double)histogram->count);
    uint64_t seen = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen > 0 && (double)seen >= rank)
            break;
    }
    return seen;
}

/* A fifth of the half of what is left above the share. */
static double next_share(double share)
{
    double halves = floor(log2(1 / (1 - share))) + 1;

    return share + 1 / (STEPS_EACH_HALF * exp2(halves));
}

static void write_rows(FILE *file, const struct histogram *histogram)
{
    uint64_t seen = 0;

    fprintf(file, "%12s %14s %10s %14s\n\n", "Value", "Percentile",
            "TotalCount", "1/(1-Percentile)");
    for (double share = 0; seen < histogram->count; share = next_share(share)) {
        seen = count_up_to(histogram, share);
        if (seen < histogram->count)
            fprintf(file, "%12.6f %2.12f %10" PRIu64 " %14.2f\n",
                    ms(histogram_quantile(histogram, share)), share, seen,
                    1 / (1 - share));
    }
    if (histogram->count > 0)
        fprintf(file, "%12.6f %2.12f %10" PRIu64 " %14s\n",
                ms((double)histogram->max), 1.0, seen, "inf");
    fprintf(file, "#[Mean    = %12.6f, StdDeviation   = %12.6f]\n",
            ms(histogram_mean(histogram)), ms(histogram_deviation(histogram)));
    fprintf(file, "#[Max     = %12.6f, Total count    = %12" PRIu64 "]\n",
            ms((double)histogram->max), (uint64_t)histogram->count);
    fprintf(file, "#[Buckets = %12d, SubBuckets     = %12d]\n",
            HISTOGRAM_BUCKETS / HISTOGRAM_PARTS, HISTOGRAM_PARTS);
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
