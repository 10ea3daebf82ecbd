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
    double cumulative; /* percent, of this row and those before */
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
        ck_assert_int_eq(sscanf(edge + 2 + row->bar, "%llu %lf%% %lf%%",
                                &row->count, &row->percent, &row->cumulative),
                         3);
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
        ck_assert(fabs(row.cumulative - 100 * (double)(count + row.count) /
                                            (double)histogram.count) <=
                  0.00051);
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

START_TEST(rows_are_equally_wide_on_a_logarithmic_scale)
{
    struct row row;
    double from_ms[ROWS_MAX];
    size_t rows = 0;

    times_record(&histogram, (enum times_shape)_i, TIMES_MAX);
    print_chart();
    while (read_row(&row))
        from_ms[rows++] = row.from_ms;
    for (size_t i = 2; i < rows; i++) {
        double step = from_ms[i] / from_ms[i - 1];
        double step_before = from_ms[i - 1] / from_ms[i - 2];

        /* The numbers are printed with three digits. */
        ck_assert(fabs(step / step_before - 1) < 0.02);
    }
}
END_TEST

/* Times that are as frequent in each equal part of the scale have bars of the
 * same length. */
START_TEST(an_even_distribution_has_no_humps)
{
    static const double decades[] = {0.5, 1, 2, 6};
    enum { TIMES = 1000000 };
    struct row row;
    struct row last;
    double each = 0;
    size_t rows = 0;

    for (int i = 0; i < TIMES; i++)
        histogram_record(&histogram,
                         (int64_t)(1e5 * pow(10, decades[_i] * i / TIMES)));
    print_chart();
    ck_assert(read_row(&row)); /* the first and last may be cut off */
    ck_assert(read_row(&last));
    for (; read_row(&row); last = row) {
        each = rows++ == 0 ? (double)last.count : each;
        ck_assert_msg(fabs((double)last.count / each - 1) < 0.03,
                      "from %g ms: %llu", last.from_ms, last.count);
    }
    ck_assert_uint_gt(rows, 5);
}
END_TEST

START_TEST(a_time_is_in_the_row_that_begins_before_it)
{
    static const double ms[] = {0.001, 0.1, 1, 1000, 31, 99.9};
    struct row row;

    histogram_record(&histogram, (int64_t)(ms[_i] * 1e6));
    print_chart();
    ck_assert(read_row(&row));
    ck_assert(row.from_ms <= ms[_i]);
    ck_assert(row.from_ms >= ms[_i] * (_i < 4 ? 1 : 0.9));
    ck_assert(!read_row(&row));
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_file, close_file);
    tcase_add_loop_test(tests, a_chart_fits_80_columns_and_counts_everything, 0,
                        TIMES_SHAPES);
    tcase_add_test(tests, an_empty_histogram_prints_nothing);
    tcase_add_test(tests, extreme_times_and_counts_fit);
    tcase_add_loop_test(tests, rows_are_equally_wide_on_a_logarithmic_scale, 0,
                        TIMES_SHAPES);
    tcase_add_loop_test(tests, an_even_distribution_has_no_humps, 0, 4);
    tcase_add_loop_test(tests, a_time_is_in_the_row_that_begins_before_it, 0,
                        6);
}
