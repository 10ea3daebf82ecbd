/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * check_chart: the text that chart prints, read again.
 */
#include "config.h"

#include "echoc/stats/chart.h"
#include "tests/common/suite.h"
#include "tests/echoc/times.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char suite_name[] = "chart";

enum { ROWS_MAX = 3 * 14 };

static struct histogram histogram;
static FILE *file; /* what chart_print() has printed */

static void open_file(void)
{
    file = tmpfile();
    ck_assert_ptr_nonnull(file);
}

static void close_file(void)
{
    fclose(file);
}

static void print_chart(void)
{
    int stdout_fd = dup(STDOUT_FILENO);

    fflush(stdout);
    rewind(file);
    ck_assert_int_eq(ftruncate(fileno(file), 0), 0);
    dup2(fileno(file), STDOUT_FILENO);
    chart_print(&histogram);
    fflush(stdout);
    dup2(stdout_fd, STDOUT_FILENO);
    close(stdout_fd);
    rewind(file);
}

struct row {
    double from_ms;
    unsigned long long count;
    double percent;
    size_t bar;
};

/* Read the next row, and check that every line fits in 80 columns. Returns
 * false at the end. */
static bool read_row(struct row *row)
{
    char line[200];

    while (fgets(line, sizeof line, file)) {
        const char *edge = strchr(line, '|');

        ck_assert_uint_le(strcspn(line, "\n"), 80);
        if (edge == NULL)
            continue;
        row->bar = strspn(edge + 2, "#");
        ck_assert_int_eq(sscanf(line, "%lf", &row->from_ms), 1);
        ck_assert_int_eq(sscanf(edge + 2 + row->bar, "%llu %lf%%", &row->count,
                                &row->percent),
                         2);
        return true;
    }
    return false;
}

/* Print a chart and check all of it. Returns the number of rows. */
static size_t expect_chart(void)
{
    struct row row;
    unsigned long long count = 0;
    double percent = 0;
    double last_ms = 0;
    size_t rows = 0;
    size_t max_bar = 0;

    print_chart();
    for (; read_row(&row); rows++) {
        ck_assert(row.from_ms > last_ms);
        ck_assert_int_eq(row.count > 0, row.bar > 0);
        ck_assert(fabs(row.percent - 100 * (double)row.count /
                                         (double)histogram.count) <= 0.0051);
        last_ms = row.from_ms;
        max_bar = row.bar > max_bar ? row.bar : max_bar;
        count += row.count;
        percent += row.percent;
    }
    ck_assert_uint_eq(count, histogram.count);
    if (rows > 0)
        ck_assert(fabs(percent - 100) < 0.5);
    ck_assert_int_eq(rows > 0, max_bar > 10);
    return rows;
}

START_TEST(a_chart_fits_80_columns_and_counts_everything)
{
    static const size_t counts[] = {1, 2, 100, TIMES_MAX};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        size_t rows = 0;

        times_record(&histogram, (enum times_shape)_i, counts[i]);
        rows = expect_chart();
        ck_assert_uint_ge(rows, 1);
        ck_assert_uint_le(rows, ROWS_MAX);
    }
}
END_TEST

START_TEST(an_empty_histogram_prints_nothing)
{
    print_chart();
    ck_assert_int_eq(fgetc(file), EOF);
}
END_TEST

START_TEST(extreme_times_and_counts_fit)
{
    histogram_record(&histogram, -5);
    ck_assert_uint_eq(expect_chart(), 1);
    histogram_record(&histogram, INT64_MAX);
    ck_assert_uint_le(expect_chart(), ROWS_MAX);
    /* More than a century of messages. */
    for (size_t i = 1000; i < 1010; i++) {
        histogram.buckets[i] = UINT64_C(999999999999999);
        histogram.count += histogram.buckets[i];
    }
    expect_chart();
}
END_TEST

START_TEST(a_time_is_in_the_row_that_begins_before_it)
{
    struct row row;

    histogram_record(&histogram, 31000000); /* rows begin at 30 and 40 ms */
    print_chart();
    ck_assert(read_row(&row));
    ck_assert(row.from_ms == 30);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_file, close_file);
    tcase_add_loop_test(tests, a_chart_fits_80_columns_and_counts_everything, 0,
                        TIMES_SHAPES);
    tcase_add_test(tests, an_empty_histogram_prints_nothing);
    tcase_add_test(tests, extreme_times_and_counts_fit);
    tcase_add_test(tests, a_time_is_in_the_row_that_begins_before_it);
}
