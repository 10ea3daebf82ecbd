/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * check_hgrm: the percentiles that hgrm writes, read again.
 */
#include "config.h"

#include "echoc/stats/hgrm.h"
#include "tests/common/suite.h"
#include "tests/echoc/times.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char suite_name[] = "hgrm";

enum { LINE_SIZE = 200 };

struct row {
    double ms;
    double share;
    unsigned long long count;
    double inverse; /* 1/(1-share) */
};

static struct histogram histogram;
static FILE *file; /* that hgrm_write() has written */
static char line[LINE_SIZE];

static void close_file(void)
{
    if (file != NULL)
        fclose(file);
    file = NULL;
}

static void write_file(void)
{
    char path[] = "/tmp/check_hgrm.XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(hgrm_write(path, &histogram), 0);
    close_file();
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    unlink(path);
}

static void read_line(void)
{
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    ck_assert_ptr_nonnull(strchr(line, '\n'));
}

static void expect_header(void)
{
    char titles[4][40];

    read_line();
    ck_assert_int_eq(sscanf(line, "%39s %39s %39s %39s", titles[0], titles[1],
                            titles[2], titles[3]),
                     4);
    ck_assert_str_eq(titles[0], "Value");
    ck_assert_str_eq(titles[1], "Percentile");
    ck_assert_str_eq(titles[2], "TotalCount");
    ck_assert_str_eq(titles[3], "1/(1-Percentile)");
    read_line();
    ck_assert_str_eq(line, "\n");
}

/* The first line of it has been read already. */
static void expect_footer(void)
{
    double mean = -1;
    double deviation = -1;
    double max = -1;
    unsigned long long total = 0;

    ck_assert_int_eq(
        sscanf(line, "#[Mean = %lf, StdDeviation = %lf]", &mean, &deviation),
        2);
    ck_assert(fabs(mean - histogram_mean(&histogram) / 1e6) <= 1e-6);
    ck_assert(fabs(deviation - histogram_deviation(&histogram) / 1e6) <= 1e-6);
    read_line();
    ck_assert_int_eq(
        sscanf(line, "#[Max = %lf, Total count = %llu]", &max, &total), 2);
    ck_assert(fabs(max - (double)histogram.max / 1e6) <= 1e-6);
    ck_assert_uint_eq(total, histogram.count);
    read_line();
    ck_assert_int_eq(strncmp(line, "#[Buckets", 9), 0);
    ck_assert_ptr_null(fgets(line, sizeof line, file));
}

static void expect_row(const struct row *row, const struct row *last)
{
    size_t count = (size_t)row->count;
    double exact_ms = 0;

    ck_assert(row->share > last->share);
    ck_assert(row->ms >= last->ms);
    ck_assert_uint_ge(count, last->count);
    ck_assert_uint_ge(count, 1);
    ck_assert_uint_le(count, histogram.count);
    ck_assert((double)count >= row->share * (double)histogram.count - 1e-6);
    exact_ms = (double)times[count - 1] / 1e6;
    if (row->share > 0)
        ck_assert(fabs(row->ms - exact_ms) <= 0.01 * exact_ms + 1e-6);
    else
        ck_assert(fabs(row->ms - (double)times[0] / 1e6) <= 1e-6);
    if (row->share < 1)
        ck_assert(fabs(row->inverse * (1 - row->share) - 1) <=
                  0.01 + 0.01 * (1 - row->share));
    else
        ck_assert(isinf(row->inverse));
}

/* Write the file and check all of it. Returns the number of rows. */
static size_t expect_file(void)
{
    struct row last = {.share = -1};
    size_t rows = 0;

    write_file();
    expect_header();
    for (read_line(); *line != '#'; read_line()) {
        struct row row;

        ck_assert_int_eq(sscanf(line, "%lf %lf %llu %lf", &row.ms, &row.share,
                                &row.count, &row.inverse),
                         4);
        expect_row(&row, &last);
        last = row;
        rows++;
    }
    if (histogram.count > 0) {
        ck_assert(last.share == 1);
        ck_assert_uint_eq(last.count, histogram.count);
        ck_assert(fabs(last.ms - (double)histogram.max / 1e6) <= 1e-6);
    }
    expect_footer();
    return rows;
}

START_TEST(percentiles_are_written_in_the_format_of_hdrhistogram)
{
    static const size_t counts[] = {1, 2, 10, 1000, TIMES_MAX};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        size_t rows = 0;

        times_record(&histogram, (enum times_shape)_i, counts[i]);
        rows = expect_file();
        ck_assert_uint_ge(rows, 1);
        ck_assert_uint_lt(rows, 5 * 64);
        /* Five for each halving, almost to the end. */
        if (_i == TIMES_UNIFORM)
            ck_assert_uint_ge(rows, (size_t)(3 * log2((double)counts[i])));
    }
}
END_TEST

/* Row i of n messages, in five steps for each halving: of the messages, (10 - i
 * % 5) / (10 * 2^(i / 5)) take longer. */
static size_t rank_of_row(size_t i, size_t n)
{
    size_t longer = n * (10 - i % 5) / ((size_t)10 << i / 5);

    return longer < n ? n - longer : 1;
}

START_TEST(a_row_has_the_rank_of_its_percentile)
{
    static const size_t counts[] = {3, 10, 100, 128};
    size_t n = counts[_i];

    for (size_t value = 1; value <= n; value++) /* each has its own bucket */
        histogram_record(&histogram, (int64_t)value);
    write_file();
    expect_header();
    for (size_t i = 0;; i++) {
        struct row row;

        read_line();
        ck_assert_int_eq(sscanf(line, "%lf %lf %llu %lf", &row.ms, &row.share,
                                &row.count, &row.inverse),
                         4);
        if (row.share == 1)
            break;
        ck_assert_msg(row.count == rank_of_row(i, n), "row %zu: %s", i, line);
        ck_assert(fabs(row.ms * 1e6 - (double)row.count) < 1e-6);
    }
}
END_TEST

/* As many rows as for any other times: a plot needs two to draw a line. */
START_TEST(equal_times_have_a_row_for_each_percentile)
{
    static const size_t counts[] = {1, 2, 1000};
    static const size_t rows[] = {2, 7, 51};
    size_t n = counts[_i];

    for (size_t i = 0; i < n; i++) {
        times[i] = 1000000;
        histogram_record(&histogram, times[i]);
    }
    ck_assert_uint_eq(expect_file(), rows[_i]);
}
END_TEST

START_TEST(an_empty_histogram_has_a_header_and_a_footer)
{
    ck_assert_uint_eq(expect_file(), 0);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_an_error)
{
    histogram_record(&histogram, 1);
    ck_assert_int_eq(hgrm_write("/nowhere/at/all", &histogram), -1);
    ck_assert_int_eq(errno, ENOENT);
    if (access("/dev/full", W_OK) == 0) {
        ck_assert_int_eq(hgrm_write("/dev/full", &histogram), -1);
        ck_assert_int_ne(errno, 0);
    }
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, close_file);
    tcase_add_loop_test(tests,
                        percentiles_are_written_in_the_format_of_hdrhistogram,
                        0, TIMES_SHAPES);
    tcase_add_loop_test(tests, a_row_has_the_rank_of_its_percentile, 0, 4);
    tcase_add_loop_test(tests, equal_times_have_a_row_for_each_percentile, 0,
                        3);
    tcase_add_test(tests, an_empty_histogram_has_a_header_and_a_footer);
    tcase_add_test(tests, a_file_that_cannot_be_written_is_an_error);
}
