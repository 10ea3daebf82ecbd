/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * number: reading numbers and times from text.
 */
#include "config.h"

#include "common/number.h"
#include "tests/common/suite.h"

#include <stdio.h>

const char suite_name[] = "number";

static const struct {
    const char *text;
    int64_t max, number;
} numbers[] = {
    {"0", 10, 0},
    {"10", 10, 10},
    {"007", 10, 7},
    {"0000000000000000000000000000010", 10, 10},
    {"65535", 65535, 65535},
    {"2147483648", INT64_C(1) << 40, INT64_C(2147483648)},
    {"1000000000000", INT64_C(1000000000000), INT64_C(1000000000000)},
    {"0", 0, 0},
};

START_TEST(digits_are_read)
{
    ck_assert_int_eq(number_integer(numbers[_i].text, numbers[_i].max),
                     numbers[_i].number);
}
END_TEST

static const struct {
    const char *text;
    int64_t max;
} not_numbers[] = {
    {"", 10},
    {" ", 10},
    {"11", 10},
    {"100", 10},
    {"1", 0},
    {"+4", 10},
    {"-4", 10},
    {"-0", 10},
    {" 4", 10},
    {"4 ", 10},
    {"4\n", 10},
    {"4k", 10},
    {"4.0", 10},
    {"1e1", 10},
    {"0x4", 10},
    {"four", 10},
    {"1000000000001", INT64_C(1000000000000)},
    /* 2^32 + 4, 2^64 + 4 and 2^128 + 4, which are 4 when truncated. */
    {"4294967300", 10},
    {"18446744073709551620", 10},
    {"340282366920938463463374607431768211460", 10},
    {"99999999999999999999999999999999999999999", INT64_C(1000000000000)},
};

START_TEST(anything_but_digits_in_range_is_refused)
{
    ck_assert_int_eq(number_integer(not_numbers[_i].text, not_numbers[_i].max),
                     -1);
}
END_TEST

START_TEST(every_upper_bound_is_exact)
{
    for (int64_t max = 0; max < 2000; max++)
        for (int64_t value = max; value <= max + 1; value++) {
            char text[8];

            snprintf(text, sizeof text, "%d", (int)value);
            ck_assert_int_eq(number_integer(text, max),
                             value == max ? max : -1);
        }
}
END_TEST

enum { GIB = 1 << 30 };

static const struct {
    const char *text;
    int64_t max, bytes;
} sizes[] = {
    {"0", 10, 0},
    {"64", 64, 64},
    {"000000000000000000000000000000064", 64, 64},
    {"1k", GIB, 1024},
    {"1K", GIB, 1024},
    {"1KiB", GIB, 1024},
    {"64KiB", 65536, 65536},
    {"64kiB", 65536, 65536},
    {"2kB", 2000, 2000},
    {"2KB", 2000, 2000},
    {"3m", GIB, 3 << 20},
    {"3M", GIB, 3 << 20},
    {"3MiB", GIB, 3 << 20},
    {"3MB", GIB, 3000000},
    {"1g", GIB, GIB},
    {"1GiB", GIB, GIB},
    {"1GB", GIB, 1000000000},
    {"0k", 10, 0},
};

START_TEST(sizes_have_the_suffixes_of_coreutils)
{
    ck_assert_int_eq(number_size(sizes[_i].text, sizes[_i].max),
                     sizes[_i].bytes);
}
END_TEST

static const struct {
    const char *text;
    int64_t max;
} not_sizes[] = {
    {"", GIB},
    {"k", GIB},
    {"KiB", GIB},
    {"65", 64},
    {"64k", 65535},
    {"2kB", 1999},
    {"1025m", GIB},
    {"2g", GIB},
    {"9007199254740993k", GIB},
    {"18446744073709551617k", GIB},
    {"1b", GIB},
    {"1B", GIB},
    {"1kb", GIB},
    {"1kib", GIB},
    {"1ki", GIB},
    {"1kBB", GIB},
    {"1kk", GIB},
    {"1t", GIB},
    {"1 k", GIB},
    {"1k ", GIB},
    {"-1k", GIB},
    {"1.5k", GIB},
    {"64.0", GIB},
    {"0x10", GIB},
};

START_TEST(a_faulty_size_is_refused)
{
    ck_assert_int_eq(number_size(not_sizes[_i].text, not_sizes[_i].max), -1);
}
END_TEST

static const struct {
    const char *text;
    double number;
} decimals[] = {
    {"0", 0},       {"5", 5},           {"0.5", 0.5},
    {".25", 0.25},  {"2.", 2},          {"007.5", 7.5},
    {"1000", 1000}, {"1000.000", 1000}, {"0.001", 0.001},
};

START_TEST(fractions_are_read)
{
    ck_assert_double_eq(number_decimal(decimals[_i].text, 1000),
                        decimals[_i].number);
}
END_TEST

static const char *const not_decimals[] = {
    "",      ".",    "-1",       "+1",
    " 1",    "1 ",   "1k",       "1,5",
    "1.2.3", "1e2",  "0x1",      "nan",
    "inf",   "1001", "1000.001", "99999999999999999999999",
};

START_TEST(a_faulty_fraction_is_refused)
{
    ck_assert_double_eq(number_decimal(not_decimals[_i], 1000), -1);
}
END_TEST

static const struct {
    const char *text;
    int64_t ms;
} times[] = {
    {"0", 0},
    {"0.", 0},
    {".0", 0},
    {"0.0000", 0},
    {"1", 1000},
    {"01", 1000},
    {"0.5", 500},
    {".25", 250},
    {".05", 50},
    {"0.125", 125},
    {"2.", 2000},
    {"86400", 86400000},
    {"1.001", 1001},
    {"1.01", 1010},
    {"1.1", 1100},
    {"1.0000000", 1000},
    {"1.5000000", 1500},
    {"0.001", 1},
    {"0.0010", 1},
    {"0.0011", 2},
    {"0.9991", 1000},
    {"0.9999", 1000},
    {"0.0001", 1},
    {"0.000000000000000000000000000000000000000000000000001", 1},
    {"999999.999", 999999999},
    {"999999.9991", 1000000000},
    {"1000000", 1000000000},
    {"1000000.000", 1000000000},
    {"1000000.000000", 1000000000},
    {"0000000000000000000000000000001.5", 1500},
};

START_TEST(seconds_are_read_and_rounded_up)
{
    ck_assert_int_eq(number_seconds(times[_i].text), times[_i].ms);
}
END_TEST

static const char *const not_times[] = {
    "",
    ".",
    " ",
    "-1",
    "-0",
    "+1",
    "-0.5",
    " 1",
    "1 ",
    "1s",
    "5x",
    "1,5",
    "1.2.3",
    "1..2",
    "..5",
    "1e3",
    "0x10",
    "0x1p3",
    "nan",
    "inf",
    "infinity",
    "soon",
    "1000000.1",
    "1000000.001",
    "1000001",
    "10000000",
    "4294968296",
    "1000000.0001",
    "1000000.5",
    "1.5e1",
    "1.5 ",
    "1.5x",
    "1.\n",
    "1:30",
    "18446744073709552616",
    "99999999999999999999999",
};

START_TEST(a_faulty_time_is_refused)
{
    ck_assert_int_eq(number_seconds(not_times[_i]), -1);
}
END_TEST

START_TEST(every_millisecond_is_exact)
{
    for (int64_t ms = 0; ms < 3000; ms++) {
        char text[16];

        snprintf(text, sizeof text, "%d.%03d", (int)(ms / 1000),
                 (int)(ms % 1000));
        ck_assert_int_eq(number_seconds(text), ms);
    }
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, digits_are_read, 0,
                        sizeof numbers / sizeof numbers[0]);
    tcase_add_loop_test(tests, anything_but_digits_in_range_is_refused, 0,
                        sizeof not_numbers / sizeof not_numbers[0]);
    tcase_add_test(tests, every_upper_bound_is_exact);
    tcase_add_loop_test(tests, sizes_have_the_suffixes_of_coreutils, 0,
                        sizeof sizes / sizeof sizes[0]);
    tcase_add_loop_test(tests, a_faulty_size_is_refused, 0,
                        sizeof not_sizes / sizeof not_sizes[0]);
    tcase_add_loop_test(tests, fractions_are_read, 0,
                        sizeof decimals / sizeof decimals[0]);
    tcase_add_loop_test(tests, a_faulty_fraction_is_refused, 0,
                        sizeof not_decimals / sizeof not_decimals[0]);
    tcase_add_loop_test(tests, seconds_are_read_and_rounded_up, 0,
                        sizeof times / sizeof times[0]);
    tcase_add_loop_test(tests, a_faulty_time_is_refused, 0,
                        sizeof not_times / sizeof not_times[0]);
    tcase_add_test(tests, every_millisecond_is_exact);
}
