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

/* The count of the bucket that the share falls into and of those below it. */
static uint64_t count_up_to(const struct histogram *histogram, double share)
{
    double rank = ceil(share * (double)histogram->count);
    uint64_t count = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += histogram->buckets[i];
        if (count > 0 && (double)count >= rank)
            break;
    }
    return count;
}

static double next_share(double share)
{
    double halves = floor(log2(1 / (1 - share))) + 1;

    return share + 1 / (STEPS_PER_HALF * exp2(halves));
}

static void write_rows(FILE *file, const struct histogram *histogram)
{
    uint64_t count = 0;

    fprintf(file, "%12s %14s %10s %14s\n\n", "Value", "Percentile",
            "TotalCount", "1/(1-Percentile)");
    for (double share = 0; count < histogram->count;
         share = next_share(share)) {
        count = count_up_to(histogram, share);
        if (count < histogram->count)
            fprintf(file, "%12.6f %2.12f %10" PRIu64 " %14.2f\n",
                    to_ms(histogram_quantile(histogram, share)), share, count,
                    1 / (1 - share));
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
