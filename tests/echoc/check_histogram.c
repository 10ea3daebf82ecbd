/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * check_histogram: buckets, quantiles, sums, and merging.
 */
#include "config.h"

#include "echoc/stats/histogram.h"
#include "tests/common/suite.h"
#include "tests/echoc/times.h"

#include <math.h>
#include <string.h>

const char suite_name[] = "histogram";

static const uint64_t max_time = (uint64_t)1 << HISTOGRAM_MAX_BITS;

static struct histogram histogram;
static struct histogram other;

START_TEST(buckets_are_adjacent_and_narrow)
{
    bool are_narrow = true;

    ck_assert_uint_eq(histogram_lower_bound(0), 0);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t lower = histogram_lower_bound(i);
        uint64_t width = histogram_lower_bound(i + 1) - lower;

        /* 1 ns, or at most 1 % of the time. */
        are_narrow = are_narrow && width >= 1 && width < max_time &&
                     (width == 1 || width * 100 <= lower);
    }
    ck_assert(are_narrow);
    ck_assert_uint_eq(histogram_lower_bound(HISTOGRAM_BUCKETS), max_time);
}
END_TEST

START_TEST(every_time_is_counted_in_its_own_bucket)
{
    bool are_right = true;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        int64_t lower = (int64_t)histogram_lower_bound(i);
        int64_t next = (int64_t)histogram_lower_bound(i + 1);

        histogram_record(&histogram, lower);
        histogram_record(&histogram, lower + (next - lower) / 2);
        histogram_record(&histogram, next - 1);
        are_right = are_right && histogram.buckets[i] == 3;
    }
    ck_assert(are_right);
}
END_TEST

START_TEST(an_empty_histogram_is_all_zeros)
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

static const int64_t single_times[] = {
    0,
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
    (int64_t)1 << 60,
};

START_TEST(a_single_time_is_exact)
{
    int64_t time_ns = single_times[_i];
    double ns = (double)time_ns;

    for (int count = 1; count <= 3; count++) {
        histogram_record(&histogram, time_ns);
        ck_assert_uint_eq(histogram.count, (uint64_t)count);
        ck_assert_uint_eq(histogram.min, (uint64_t)time_ns);
        ck_assert_uint_eq(histogram.max, (uint64_t)time_ns);
        ck_assert(histogram_quantile(&histogram, 0) == ns);
        ck_assert(histogram_quantile(&histogram, 0.5) == ns);
        ck_assert(histogram_quantile(&histogram, 1) == ns);
        ck_assert(histogram_mean(&histogram) == ns);
        ck_assert(histogram_deviation(&histogram) == 0);
    }
}
END_TEST

START_TEST(a_negative_time_counts_as_zero)
{
    histogram_record(&histogram, -1);
    histogram_record(&histogram, INT64_MIN);
    ck_assert_uint_eq(histogram.count, 2);
    ck_assert(histogram.sum == 0);
    ck_assert_uint_eq(histogram.min, 0);
    ck_assert_uint_eq(histogram.max, 0);
    ck_assert_uint_eq(histogram.buckets[0], 2);
}
END_TEST

START_TEST(a_time_that_is_too_long_counts_in_the_last_bucket)
{
    histogram_record(&histogram, 1000);
    histogram_record(&histogram, (int64_t)max_time);
    histogram_record(&histogram, INT64_MAX);
    ck_assert_uint_eq(histogram.count, 3);
    ck_assert_uint_eq(histogram.buckets[HISTOGRAM_BUCKETS - 1], 2);
    ck_assert_uint_eq(histogram.min, 1000);
    ck_assert_uint_eq(histogram.max, INT64_MAX);
    ck_assert(histogram_quantile(&histogram, 0.9) >= 0.99 * (double)max_time);
}
END_TEST

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
                      "quantile %u/1000: %g, not %g", per_mille[i], found,
                      exact);
        ck_assert(found >= last);
        last = found;
    }
    ck_assert(histogram_quantile(&histogram, 0) == (double)times[0]);
    ck_assert(last <= (double)times[count - 1]);
}

START_TEST(quantiles_are_right_to_one_percent)
{
    static const size_t counts[] = {1,   2,    3,    10,       100,
                                    999, 1000, 1001, TIMES_MAX};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        times_record(&histogram, (enum times_shape)_i, counts[i]);
        expect_quantiles(counts[i]);
    }
}
END_TEST

START_TEST(min_max_mean_and_deviation_are_exact)
{
    double sum = 0;
    double squares = 0;
    double mean = 0;
    double deviation = 0;

    times_record(&histogram, (enum times_shape)_i, TIMES_MAX);
    for (size_t i = 0; i < TIMES_MAX; i++)
        sum += (double)times[i];
    mean = sum / TIMES_MAX;
    for (size_t i = 0; i < TIMES_MAX; i++)
        squares += pow((double)times[i] - mean, 2);
    deviation = sqrt(squares / TIMES_MAX);
    ck_assert_uint_eq(histogram.count, TIMES_MAX);
    ck_assert_uint_eq(histogram.min, (uint64_t)times[0]);
    ck_assert_uint_eq(histogram.max, (uint64_t)times[TIMES_MAX - 1]);
    ck_assert(fabs(histogram_mean(&histogram) - mean) <= 1e-9 * mean);
    ck_assert(fabs(histogram_deviation(&histogram) - deviation) <= 1e-6 * mean);
}
END_TEST

/* A bucket is 4 ms wide here. */
START_TEST(the_deviation_may_be_less_than_a_bucket)
{
    histogram_record(&histogram, 600245000);
    histogram_record(&other, 600528000);
    histogram_merge(&histogram, &other);
    ck_assert_double_eq_tol(histogram_deviation(&histogram), 141500, 100);
}
END_TEST

/* What was due and not sent counts with the time until the end: 7 s of
 * --rate=1000000000 are more than 2^64 ns together. */
START_TEST(the_sum_of_many_long_times_does_not_overflow)
{
    histogram_record_many(&histogram, 10000000000000, 1000000000000);
    histogram_record_many(&histogram, 20000000000000, 1000000000000);
    ck_assert_double_eq_tol(histogram_mean(&histogram), 1.5e13, 1);
}
END_TEST

/* In any order, and with an empty histogram among the parts. */
START_TEST(merging_gives_the_same_as_recording_everything)
{
    enum { PARTS = 4 };
    static struct histogram parts[PARTS];

    times_record(&histogram, (enum times_shape)_i, TIMES_MAX);
    for (size_t i = 0; i < TIMES_MAX; i++)
        histogram_record(&parts[i * (PARTS - 1) / TIMES_MAX], times[i]);
    for (size_t first = 0; first < PARTS; first++) {
        memset(&other, 0, sizeof other);
        for (size_t i = 0; i < PARTS; i++)
            histogram_merge(&other, &parts[(first + i) % PARTS]);
        ck_assert_uint_eq(other.count, histogram.count);
        ck_assert(other.sum == histogram.sum);
        ck_assert_uint_eq(other.min, histogram.min);
        ck_assert_uint_eq(other.max, histogram.max);
        ck_assert_int_eq(memcmp((const void *)&other.buckets,
                                (const void *)&histogram.buckets,
                                sizeof other.buckets),
                         0);
    }
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, buckets_are_adjacent_and_narrow);
    tcase_add_test(tests, every_time_is_counted_in_its_own_bucket);
    tcase_add_test(tests, an_empty_histogram_is_all_zeros);
    tcase_add_loop_test(tests, a_single_time_is_exact, 0,
                        sizeof single_times / sizeof single_times[0]);
    tcase_add_test(tests, a_negative_time_counts_as_zero);
    tcase_add_test(tests, a_time_that_is_too_long_counts_in_the_last_bucket);
    tcase_add_loop_test(tests, quantiles_are_right_to_one_percent, 0,
                        TIMES_SHAPES);
    tcase_add_loop_test(tests, min_max_mean_and_deviation_are_exact, 0,
                        TIMES_SHAPES);
    tcase_add_test(tests, the_deviation_may_be_less_than_a_bucket);
    tcase_add_test(tests, the_sum_of_many_long_times_does_not_overflow);
    tcase_add_loop_test(tests, merging_gives_the_same_as_recording_everything,
                        0, TIMES_SHAPES);
}
