/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * check_estimate: confidence intervals of ratios that are known.
 */
#include "config.h"

#include "echoc/compare/estimate.h"
#include "tests/common/suite.h"

#include <math.h>
#include <stdint.h>

const char suite_name[] = "estimate";

enum { SIZE_MAX_TRIED = 20, TRIALS = 20000 };

static uint64_t state = 1;

/* xorshift64: nearly normal, as the sum of twelve numbers between 0 and 1. */
static double draw(void)
{
    double sum = 0;

    for (int i = 0; i < 12; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        sum += (double)(state >> 11) / 9007199254740992.0;
    }
    return sum - 6;
}

/* Fill with values that vary around a mean, and return their own mean. */
static double fill_sample(struct sample *sample, size_t count, double mean,
                          double variation)
{
    double sum = 0;

    sample->count = count;
    for (size_t i = 0; i < count; i++) {
        sample->values[i] = mean * (1 + variation * draw());
        sum += sample->values[i];
    }
    return sum / (double)count;
}

static const struct {
    size_t count_a, count_b;
    double variation_a, variation_b;
} cases[] = {{5, 5, 0.05, 0.05},
             {3, 3, 0.02, 0.02},
             {5, 5, 0.01, 0.1},
             {3, 20, 0.05, 0.05},
             {20, 20, 0.1, 0.02}};

/* In 99 of 100 cases the interval has the true ratio. */
START_TEST(an_interval_has_the_true_ratio_as_often_as_it_says)
{
    double values_a[SIZE_MAX_TRIED] = {0};
    double values_b[SIZE_MAX_TRIED] = {0};
    struct sample a = {values_a, 0};
    struct sample b = {values_b, 0};
    int missed = 0;

    for (int i = 0; i < TRIALS; i++) {
        double mean_a =
            fill_sample(&a, cases[_i].count_a, 1000, cases[_i].variation_a);
        double mean_b =
            fill_sample(&b, cases[_i].count_b, 1300, cases[_i].variation_b);
        struct estimate estimate = estimate_ratio(mean_a, &a, mean_b, &b);

        ck_assert(estimate.has_range);
        missed += estimate.low > 1.3 || estimate.high < 1.3;
    }
    /* The quantiles are on the safe side, so that fewer are missed. */
    ck_assert_int_le(missed, TRIALS / 100 * 3 / 2);
    ck_assert_int_ge(missed, TRIALS / 1000);
}
END_TEST

START_TEST(equal_values_have_no_error)
{
    double values[] = {7, 7, 7};
    struct sample sample = {values, 3};
    struct estimate estimate = estimate_ratio(7, &sample, 7, &sample);

    ck_assert(estimate.has_range);
    ck_assert(estimate.ratio == 1 && estimate.low == 1 && estimate.high == 1);
}
END_TEST

START_TEST(without_values_there_is_no_interval)
{
    double values[] = {7, 8};
    double zeros[] = {0, 0};
    struct sample one = {values, 1};
    struct sample two = {values, 2};
    struct sample none = {zeros, 2};

    ck_assert(!estimate_ratio(7, &one, 7, &two).has_range);
    ck_assert(!estimate_ratio(7, &two, 7, &one).has_range);
    ck_assert(!estimate_ratio(7, &two, 0, &none).has_range);
    ck_assert(estimate_ratio(7, &two, 0, &none).ratio == 0);
    ck_assert(isnan(estimate_ratio(0, &none, 7, &two).ratio));
    ck_assert(!estimate_ratio(7, &two, 7, &none).has_range);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests,
                        an_interval_has_the_true_ratio_as_often_as_it_says, 0,
                        sizeof cases / sizeof cases[0]);
    tcase_add_test(tests, equal_values_have_no_error);
    tcase_add_test(tests, without_values_there_is_no_interval);
}
