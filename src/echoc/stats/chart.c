/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * chart: print a histogram as bars of text, at most 80 columns wide.
 */
#include "config.h"

#include "echoc/stats/chart.h"

#include "echoc/stats/steps.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { ROWS_MAX = 24, BAR_COLUMNS = 31, LABEL_MAX = 32 };

/* As many rows as fit. */
static int choose_rows(const struct histogram *histogram)
{
    static const int per_decade[] = {40, 20, 10, 5, 2};

    for (size_t i = 0; i < sizeof per_decade / sizeof per_decade[0]; i++)
        if (steps_needed(histogram, per_decade[i]) <= ROWS_MAX)
            return per_decade[i];
    return 1;
}

/* %.3g alone would print 1e+03. */
static void print_begin(double ms)
{
    char label[LABEL_MAX];

    snprintf(label, sizeof label, ms < 999.5 ? "%.3g" : "%.0f", ms);
    printf("%10s  | ", label);
}

static void print_bar(double part)
{
    int length = (int)ceil(part * BAR_COLUMNS);

    for (int column = 0; column < BAR_COLUMNS; column++)
        putchar(column < length ? '#' : ' ');
}

/* A row may have a part of a bucket. So that the numbers of messages are whole
 * and add up, those up to the end of a row are rounded. */
void chart_print(const struct histogram *histogram)
{
    static struct steps steps; /* too large for a stack */
    uint64_t total = histogram->count;
    uint64_t before = 0;
    double sum = 0;
    double max = 0;

    if (total == 0)
        return;
    steps_fill(&steps, histogram, choose_rows(histogram));
    max = steps_highest(&steps);
    printf("\n%10s    %-*s  messages   share cumulative\n", "from ms",
           BAR_COLUMNS, "");
    for (int i = 0; i < steps.count; i++) {
        uint64_t up_to = total;
        uint64_t count = 0;

        sum += steps.counts[i];
        if (i + 1 < steps.count)
            up_to = (uint64_t)llround(sum);
        count = up_to - before;
        before = up_to;
        print_begin(steps_begin(&steps, i) / 1e6);
        print_bar(fmin((double)count / max, 1));
        printf("%10" PRIu64 " %6.2f%% %9.3f%%\n", count,
               100.0 * (double)count / (double)total,
               100.0 * (double)up_to / (double)total);
    }
}
