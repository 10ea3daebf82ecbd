/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * histogram, with hgrm and chart: many times, and what is told of them.
 */
#include "config.h"

#include "echoc/stats/chart.h"
#include "echoc/stats/hgrm.h"
#include "echoc/stats/histogram.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char suite_name[] = "histogram";

enum { COUNT = 20000 };

static const int64_t longest = (int64_t)1 << HISTOGRAM_MAX_BITS;

static struct histogram histogram;
static struct histogram other;

START_TEST(buckets_follow_each_other_and_are_narrow)
{
    bool narrow = true;

    ck_assert_uint_eq(histogram_lower_bound(0), 0);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t least = histogram_lower_bound(i);
        uint64_t width = histogram_lower_bound(i + 1) - least;

        /* One part in a hundred, or the unit itself. */
        narrow = narrow && width >= 1 && width < longest &&
                 (width == 1 || width * 100 <= least);
    }
    ck_assert(narrow);
    ck_assert_uint_eq(histogram_lower_bound(HISTOGRAM_BUCKETS), longest);
}
END_TEST

START_TEST(every_time_is_counted_in_its_own_bucket)
{
    bool right = true;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        int64_t least = (int64_t)histogram_lower_bound(i);
        int64_t next = (int64_t)histogram_lower_bound(i + 1);

        histogram_record(&histogram, least);
        histogram_record(&histogram, least + (next - least) / 2);
        histogram_record(&histogram, next - 1);
        right = right && histogram.buckets[i] == 3;
    }
    ck_assert(right);
}
END_TEST

START_TEST(an_empty_one_has_nothing_to_tell)
{
    ck_assert(histogram_quantile(&histogram, 0) == 0);
    ck_assert(histogram_quantile(&histogram, 0.5) == 0);
    ck_assert(histogram_quantile(&histogram, 1) == 0);
    ck_assert(histogram_mean(&histogram) == 0);
    ck_assert(histogram_deviation(&histogram) == 0);
    histogram_merge(&other, &histogram);
    ck_assert_uint_eq(other.count, 0);
}
END_TEST

static const int64_t singles[] = {0,
                                  1,
                                  127,
                                  128,
                                  255,
                                  256,
                                  257,
                                  48213,
                                  1000000,
                                  ((int64_t)1 << HISTOGRAM_MAX_BITS) - 1,
                                  (int64_t)1 << HISTOGRAM_MAX_BITS,
                                  (int64_t)1 << 60};

START_TEST(of_one_time_everything_is_exact)
{
    double ns = (double)singles[_i];

    for (int times = 1; times <= 3; times++) {
        histogram_record(&histogram, singles[_i]);
        ck_assert_uint_eq(histogram.count, (uint64_t)times);
        ck_assert_uint_eq(histogram.min, (uint64_t)singles[_i]);
        ck_assert_uint_eq(histogram.max, (uint64_t)singles[_i]);
        ck_assert(histogram_quantile(&histogram, 0) == ns);
        ck_assert(histogram_quantile(&histogram, 0.5) == ns);
        ck_assert(histogram_quantile(&histogram, 1) == ns);
        ck_assert(histogram_mean(&histogram) == ns);
        ck_assert(histogram_deviation(&histogram) == 0);
    }
}
END_TEST

START_TEST(below_zero_counts_as_zero)
{
    histogram_record(&histogram, -1);
    histogram_record(&histogram, INT64_MIN);
    ck_assert_uint_eq(histogram.count, 2);
    ck_assert_uint_eq(histogram.sum, 0);
    ck_assert_uint_eq(histogram.min, 0);
    ck_assert_uint_eq(histogram.max, 0);
    ck_assert_uint_eq(histogram.buckets[0], 2);
}
END_TEST

START_TEST(what_is_too_long_counts_as_the_longest)
{
    histogram_record(&histogram, 1000);
    histogram_record(&histogram, longest);
    histogram_record(&histogram, INT64_MAX);
    ck_assert_uint_eq(histogram.count, 3);
    ck_assert_uint_eq(histogram.buckets[HISTOGRAM_BUCKETS - 1], 2);
    ck_assert_uint_eq(histogram.min, 1000);
    ck_assert_uint_eq(histogram.max, INT64_MAX);
    ck_assert(histogram_quantile(&histogram, 0.9) >= 0.99 * (double)longest);
}
END_TEST

/* Deterministic dice, and times of several shapes. */
static uint64_t dice;

static double roll(void)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return ((double)(dice >> 11) + 0.5) / 9007199254740992.0;
}

static double even(void)
{
    return 1e9 * roll();
}

static double small_numbers(void)
{
    return 300 * roll();
}

static double exponential(void)
{
    return -50000 * log(roll());
}

static double heavy_tailed(void)
{
    return 20000 / pow(roll(), 1.5);
}

static double two_humps(void)
{
    return (roll() < 0.97 ? 30000 : 40e6) * (0.9 + 0.2 * roll());
}

static double all_magnitudes(void)
{
    return pow(10, 13 * roll());
}

static double nearly_constant(void)
{
    return roll() < 0.999 ? 1000000 : 1000001;
}

static double (*const shapes[])(void) = {
    even,      small_numbers,  exponential,    heavy_tailed,
    two_humps, all_magnitudes, nearly_constant};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static int64_t times[COUNT];

static int compare(const void *one, const void *another)
{
    int64_t a = *(const int64_t *)one;
    int64_t b = *(const int64_t *)another;

    return (a > b) - (a < b);
}

/* Record times of a shape, which are sorted afterwards. */
static void record(int shape, size_t count)
{
    dice = (uint64_t)shape * 1000 + count * 2 + 1;
    for (size_t i = 0; i < count; i++) {
        times[i] = (int64_t)fmin(shapes[shape](), (double)longest - 1);
        histogram_record(&histogram, times[i]);
    }
    qsort(times, count, sizeof times[0], compare);
}

static void expect_quantiles(size_t count)
{
    static const unsigned per_mille[] = {1,   10,  50,  100, 250, 333, 500,
                                         667, 750, 900, 950, 990, 999, 1000};
    double last = 0;

    for (size_t i = 0; i < sizeof per_mille / sizeof per_mille[0]; i++) {
        size_t rank = (per_mille[i] * count + 999) / 1000;
        double exact = (double)times[rank - 1];
        double found = histogram_quantile(&histogram, per_mille[i] / 1000.0);

        ck_assert_msg(fabs(found - exact) <= 0.01 * exact,
                      "%u of a thousand: %g, not %g", per_mille[i], found,
                      exact);
        ck_assert(found >= last);
        last = found;
    }
    ck_assert(histogram_quantile(&histogram, 0) == (double)times[0]);
    ck_assert(last <= (double)times[count - 1]);
}

START_TEST(quantiles_are_right_to_one_part_in_a_hundred)
{
    static const size_t sizes[] = {1, 2, 3, 10, 100, 999, 1000, 1001, COUNT};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(&histogram, 0, sizeof histogram);
        record(_i, sizes[i]);
        expect_quantiles(sizes[i]);
    }
}
END_TEST

START_TEST(least_greatest_and_mean_are_exact)
{
    double sum = 0;
    double squares = 0;
    double deviation = 0;

    record(_i, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        sum += (double)times[i];
    for (size_t i = 0; i < COUNT; i++)
        squares += pow((double)times[i] - sum / COUNT, 2);
    deviation = sqrt(squares / COUNT);
    ck_assert_uint_eq(histogram.count, COUNT);
    ck_assert_uint_eq(histogram.min, (uint64_t)times[0]);
    ck_assert_uint_eq(histogram.max, (uint64_t)times[COUNT - 1]);
    ck_assert(fabs(histogram_mean(&histogram) - sum / COUNT) <=
              1e-9 * sum / COUNT);
    /* Over the middles of buckets, each off by half a part in 128 at most. */
    ck_assert(fabs(histogram_deviation(&histogram) - deviation) <=
              0.01 * (deviation + sum / COUNT));
}
END_TEST

/* Whichever comes first, and though one of them is empty. */
START_TEST(to_merge_is_the_same_as_to_record_all)
{
    enum { PARTS = 4 };
    static struct histogram parts[PARTS];

    record(_i, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        histogram_record(&parts[i * (PARTS - 1) / COUNT], times[i]);
    for (size_t first = 0; first < PARTS; first++) {
        memset(&other, 0, sizeof other);
        for (size_t i = 0; i < PARTS; i++)
            histogram_merge(&other, &parts[(first + i) % PARTS]);
        ck_assert_uint_eq(other.count, histogram.count);
        ck_assert_uint_eq(other.sum, histogram.sum);
        ck_assert_uint_eq(other.min, histogram.min);
        ck_assert_uint_eq(other.max, histogram.max);
        ck_assert_int_eq(memcmp((const void *)&other.buckets,
                                (const void *)&histogram.buckets,
                                sizeof other.buckets),
                         0);
    }
}
END_TEST

/* The file that a histogram's percentiles are written to, read again. */
static FILE *write_hgrm(void)
{
    char path[] = "/tmp/check_histogram.XXXXXX";
    int fd = mkstemp(path);
    FILE *file = NULL;

    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(hgrm_write(path, &histogram), 0);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    unlink(path);
    return file;
}

static void expect_line(FILE *file, char line[200])
{
    ck_assert_ptr_nonnull(fgets(line, 200, file));
    ck_assert_uint_lt(strlen(line), 199);
}

static void expect_head(FILE *file)
{
    char words[4][40];
    char line[200];

    expect_line(file, line);
    ck_assert_int_eq(sscanf(line, "%39s %39s %39s %39s", words[0], words[1],
                            words[2], words[3]),
                     4);
    ck_assert_str_eq(words[0], "Value");
    ck_assert_str_eq(words[1], "Percentile");
    ck_assert_str_eq(words[2], "TotalCount");
    ck_assert_str_eq(words[3], "1/(1-Percentile)");
    expect_line(file, line);
    ck_assert_str_eq(line, "\n");
}

static void expect_foot(FILE *file, const char *line)
{
    char next[200];
    double mean = -1;
    double deviation = -1;
    double max = -1;
    unsigned long long total = 0;

    ck_assert_int_eq(
        sscanf(line, "#[Mean = %lf, StdDeviation = %lf]", &mean, &deviation),
        2);
    ck_assert(fabs(mean - histogram_mean(&histogram) / 1e6) <= 1e-6);
    ck_assert(fabs(deviation - histogram_deviation(&histogram) / 1e6) <= 1e-6);
    expect_line(file, next);
    ck_assert_int_eq(
        sscanf(next, "#[Max = %lf, Total count = %llu]", &max, &total), 2);
    ck_assert(fabs(max - (double)histogram.max / 1e6) <= 1e-6);
    ck_assert_uint_eq(total, histogram.count);
    expect_line(file, next);
    ck_assert_int_eq(strncmp(next, "#[Buckets", 9), 0);
    ck_assert_ptr_null(fgets(next, sizeof next, file));
}

struct row {
    double ms, share, inverse;
    unsigned long long count;
};

/* Each row goes on from the last, and is true. */
static void expect_row(const struct row *row, const struct row *last)
{
    size_t count = (size_t)row->count;
    double exact = 0;

    ck_assert(row->share > last->share);
    ck_assert(row->ms >= last->ms);
    ck_assert_uint_ge(count, last->count);
    ck_assert_uint_ge(count, 1);
    ck_assert_uint_le(count, histogram.count);
    ck_assert((double)count >= row->share * (double)histogram.count - 1e-6);
    /* The last of so many times is not far from the value. */
    exact = (double)times[count - 1] / 1e6;
    if (row->share > 0)
        ck_assert(fabs(row->ms - exact) <= 0.01 * exact + 1e-6);
    else
        ck_assert(fabs(row->ms - (double)times[0] / 1e6) <= 1e-6);
    if (row->share < 1)
        ck_assert(fabs(row->inverse * (1 - row->share) - 1) <=
                  0.01 + 0.01 * (1 - row->share));
    else
        ck_assert(isinf(row->inverse));
}

static size_t read_hgrm(void)
{
    FILE *file = write_hgrm();
    struct row last = {.share = -1};
    char line[200];
    size_t rows = 0;

    expect_head(file);
    for (;; rows++) {
        struct row row;

        expect_line(file, line);
        if (*line == '#')
            break;
        ck_assert_int_eq(sscanf(line, "%lf %lf %llu %lf", &row.ms, &row.share,
                                &row.count, &row.inverse),
                         4);
        expect_row(&row, &last);
        last = row;
    }
    if (histogram.count > 0) {
        ck_assert(last.share == 1);
        ck_assert_uint_eq(last.count, histogram.count);
        ck_assert(fabs(last.ms - (double)histogram.max / 1e6) <= 1e-6);
    }
    expect_foot(file, line);
    fclose(file);
    return rows;
}

START_TEST(percentiles_are_written_as_the_plotter_reads_them)
{
    static const size_t sizes[] = {1, 2, 10, 1000, COUNT};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t rows = 0;

        memset(&histogram, 0, sizeof histogram);
        record(_i, sizes[i]);
        rows = read_hgrm();
        ck_assert_uint_ge(rows, 1);
        ck_assert_uint_lt(rows, 5 * 64);
        /* Five each time that what is left is halved, nearly to the end. */
        if (shapes[_i] == even)
            ck_assert_uint_ge(rows, (size_t)(3 * log2((double)sizes[i])));
    }
}
END_TEST

START_TEST(percentiles_of_nothing_are_a_head_and_totals)
{
    ck_assert_uint_eq(read_hgrm(), 0);
}
END_TEST

START_TEST(percentiles_that_cannot_be_written_are_an_error)
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

/* What the chart prints, in a file. */
static FILE *print_chart(void)
{
    FILE *file = tmpfile();
    int stdout_fd = -1;

    ck_assert_ptr_nonnull(file);
    fflush(stdout);
    stdout_fd = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    chart_print(&histogram);
    fflush(stdout);
    dup2(stdout_fd, STDOUT_FILENO);
    close(stdout_fd);
    rewind(file);
    return file;
}

/* Every line fits, rows rise, and together they count all. Returns rows. */
static size_t read_chart(void)
{
    FILE *file = print_chart();
    unsigned long long all = 0;
    double share = 0;
    double last_ms = 0;
    size_t rows = 0;
    size_t longest_bar = 0;
    char line[200];

    while (fgets(line, sizeof line, file)) {
        const char *edge = strchr(line, '|');
        unsigned long long count = 0;
        double from_ms = 0;
        double percent = 0;
        size_t bar = 0;

        ck_assert_uint_le(strcspn(line, "\n"), 80);
        if (edge == NULL)
            continue;
        ck_assert_int_eq(sscanf(line, "%lf", &from_ms), 1);
        ck_assert(from_ms > last_ms);
        last_ms = from_ms;
        bar = strspn(edge + 2, "#");
        longest_bar = bar > longest_bar ? bar : longest_bar;
        ck_assert_int_eq(sscanf(edge + 2 + bar, "%llu %lf%%", &count, &percent),
                         2);
        ck_assert_int_eq(count > 0, bar > 0);
        ck_assert(fabs(percent - 100 * (double)count /
                                     (double)histogram.count) <= 0.0051);
        all += count;
        share += percent;
        rows++;
    }
    fclose(file);
    ck_assert_uint_eq(all, histogram.count);
    if (rows > 0)
        ck_assert(fabs(share - 100) < 0.5);
    ck_assert_int_eq(rows > 0, longest_bar > 10);
    return rows;
}

START_TEST(a_chart_fits_80_columns_and_counts_all)
{
    static const size_t sizes[] = {1, 2, 100, COUNT};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t rows = 0;

        memset(&histogram, 0, sizeof histogram);
        record(_i, sizes[i]);
        rows = read_chart();
        ck_assert_uint_ge(rows, 1);
        ck_assert_uint_le(rows, 3 * 14);
    }
}
END_TEST

START_TEST(a_chart_of_nothing_is_nothing)
{
    FILE *file = print_chart();

    ck_assert_int_eq(fgetc(file), EOF);
    fclose(file);
}
END_TEST

START_TEST(a_chart_takes_the_shortest_the_longest_and_very_many)
{
    histogram_record(&histogram, -5);
    ck_assert_uint_eq(read_chart(), 1);
    histogram_record(&histogram, INT64_MAX);
    ck_assert_uint_le(read_chart(), 3 * 14);
    /* As many as there can be in a century. */
    for (size_t i = 1000; i < 1010; i++) {
        histogram.buckets[i] = UINT64_C(999999999999999);
        histogram.count += histogram.buckets[i];
    }
    read_chart();
}
END_TEST

/* Each row of a chart begins with a time, and counts what is not below it and
 * not above the next; to within a bucket. */
START_TEST(a_row_counts_what_its_beginning_says)
{
    FILE *file = NULL;
    char line[200];
    double from_ms = 0;

    histogram_record(&histogram, 31000000); /* 30 ms to 40 */
    file = print_chart();
    while (fgets(line, sizeof line, file) && strchr(line, '|') == NULL)
        ;
    ck_assert_int_eq(sscanf(line, "%lf", &from_ms), 1);
    ck_assert(from_ms == 30);
    fclose(file);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, buckets_follow_each_other_and_are_narrow);
    tcase_add_test(tests, every_time_is_counted_in_its_own_bucket);
    tcase_add_test(tests, an_empty_one_has_nothing_to_tell);
    tcase_add_loop_test(tests, of_one_time_everything_is_exact, 0,
                        sizeof singles / sizeof singles[0]);
    tcase_add_test(tests, below_zero_counts_as_zero);
    tcase_add_test(tests, what_is_too_long_counts_as_the_longest);
    tcase_add_loop_test(tests, quantiles_are_right_to_one_part_in_a_hundred, 0,
                        SHAPES);
    tcase_add_loop_test(tests, least_greatest_and_mean_are_exact, 0, SHAPES);
    tcase_add_loop_test(tests, to_merge_is_the_same_as_to_record_all, 0,
                        SHAPES);
    tcase_add_loop_test(
        tests, percentiles_are_written_as_the_plotter_reads_them, 0, SHAPES);
    tcase_add_test(tests, percentiles_of_nothing_are_a_head_and_totals);
    tcase_add_test(tests, percentiles_that_cannot_be_written_are_an_error);
    tcase_add_loop_test(tests, a_chart_fits_80_columns_and_counts_all, 0,
                        SHAPES);
    tcase_add_test(tests, a_chart_of_nothing_is_nothing);
    tcase_add_test(tests, a_chart_takes_the_shortest_the_longest_and_very_many);
    tcase_add_test(tests, a_row_counts_what_its_beginning_says);
}
