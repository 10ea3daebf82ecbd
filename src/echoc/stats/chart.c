/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * chart: a histogram as bars of text, 80 columns wide at most.
 *
 * Knows round numbers and bars. Must not know what was timed.
 */
#include "config.h"

#include "echoc/stats/chart.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

enum { ROWS_MAX = 24, DECADES = 14, FINE = 10, BAR = 36 };

/* Where rows begin within a decade: many or few. */
static const double fine[FINE] = {1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8};
static const double coarse[] = {1, 2, 5};

struct rows {
    const double *steps;
    size_t steps_count;
    uint64_t counts[DECADES * FINE];
    size_t first; /* that is not empty */
    size_t last;
};

static double begins(const struct rows *rows, size_t row)
{
    return rows->steps[row % rows->steps_count] *
           pow(10, (double)(row / rows->steps_count));
}

/* Each bucket goes where its beginning is. */
static void sort_into(struct rows *rows, const struct histogram *histogram)
{
    size_t row = 0;
    bool is_first = true;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        while (row + 1 < DECADES * rows->steps_count &&
               (double)histogram_least(i) >= begins(rows, row + 1))
            row++;
        if (histogram->buckets[i] == 0)
            continue;
        if (is_first)
            rows->first = row;
        is_first = false;
        rows->last = row;
        rows->counts[row] += histogram->buckets[i];
    }
}

static void print_rows(const struct rows *rows, uint64_t all)
{
    uint64_t most = 1;

    for (size_t i = rows->first; i <= rows->last; i++)
        if (rows->counts[i] > most)
            most = rows->counts[i];
    printf("\n%12s    %-*s  messages   share\n", "from ms", BAR, "");
    for (size_t i = rows->first; i <= rows->last; i++) {
        uint64_t count = rows->counts[i];
        int length = (int)((count * BAR + most - 1) / most);

        printf("%12.6g  | ", begins(rows, i) / 1e6);
        for (int column = 0; column < BAR; column++)
            putchar(column < length ? '#' : ' ');
        printf("%10" PRIu64 " %6.2f%%\n", count,
               100.0 * (double)count / (double)all);
    }
}

void chart_print(const struct histogram *histogram)
{
    struct rows rows = {.steps = fine, .steps_count = FINE};

    if (histogram->count == 0)
        return;
    sort_into(&rows, histogram);
    if (rows.last - rows.first >= ROWS_MAX) {
        rows = (struct rows){.steps = coarse,
                             .steps_count = sizeof coarse / sizeof coarse[0]};
        sort_into(&rows, histogram);
    }
    print_rows(&rows, histogram->count);
}
