/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * chart: print a histogram as bars of text, at most 80 columns wide.
 */
#include "config.h"

#include "echoc/stats/chart.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

enum { ROWS_MAX = 24, DECADES = 14, FINE = 10, BAR_COLUMNS = 36 };

/* Where rows begin within a decade. */
static const double fine[FINE] = {1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8};
static const double coarse[] = {1, 2, 5};

struct rows {
    const double *steps;
    size_t step_count;
    uint64_t counts[DECADES * FINE];
    size_t first; /* row that is not empty */
    size_t last;
};

static double row_begin(const struct rows *rows, size_t row)
{
    size_t decade = row / rows->step_count;

    return rows->steps[row % rows->step_count] * pow(10, (double)decade);
}

/* A bucket counts in the row that its lower bound is in. */
static void fill_rows(struct rows *rows, const struct histogram *histogram)
{
    size_t row = 0;
    bool is_empty = true;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        while (row + 1 < DECADES * rows->step_count &&
               (double)histogram_lower_bound(i) >= row_begin(rows, row + 1))
            row++;
        if (histogram->buckets[i] == 0)
            continue;
        if (is_empty)
            rows->first = row;
        is_empty = false;
        rows->last = row;
        rows->counts[row] += histogram->buckets[i];
    }
}

static void print_rows(const struct rows *rows, uint64_t total)
{
    uint64_t max = 1;

    for (size_t i = rows->first; i <= rows->last; i++)
        if (rows->counts[i] > max)
            max = rows->counts[i];
    printf("\n%12s    %-*s  messages   share\n", "from ms", BAR_COLUMNS, "");
    for (size_t i = rows->first; i <= rows->last; i++) {
        uint64_t count = rows->counts[i];
        int length = (int)((count * BAR_COLUMNS + max - 1) / max);

        printf("%12.6g  | ", row_begin(rows, i) / 1e6);
        for (int column = 0; column < BAR_COLUMNS; column++)
            putchar(column < length ? '#' : ' ');
        printf("%10" PRIu64 " %6.2f%%\n", count,
               100.0 * (double)count / (double)total);
    }
}

void chart_print(const struct histogram *histogram)
{
    struct rows rows = {.steps = fine, .step_count = FINE};

    if (histogram->count == 0)
        return;
    fill_rows(&rows, histogram);
    if (rows.last - rows.first >= ROWS_MAX) {
        rows = (struct rows){.steps = coarse,
                             .step_count = sizeof coarse / sizeof coarse[0]};
        fill_rows(&rows, histogram);
    }
    print_rows(&rows, histogram->count);
}
