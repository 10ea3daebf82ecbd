/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * schedule: when which client's message is due, however the clients are
 * divided.
 */
#include "config.h"

#include "echoc/load/schedule.h"
#include "tests/common/suite.h"

const char suite_name[] = "schedule";

enum { START_NS = 1000000007 };

static const double rates[] = {0.5, 1, 3, 300, 1000, 12345.678, 1e6, 1e9};

static struct schedule make(double rate, size_t clients)
{
    return (struct schedule){.interval_ns = 1e9 / rate,
                             .clients = clients,
                             .start_ns = START_NS,
                             .end_ns = INT64_MAX};
}

START_TEST(the_clients_take_turns)
{
    struct schedule schedule = make(1000, 3);

    for (uint32_t message = 0; message < 3000; message++)
        ck_assert_int_eq(schedule_due_ns(&schedule, message % 3, message / 3),
                         START_NS + message * INT64_C(1000000));
}
END_TEST

START_TEST(a_message_is_due_at_its_time_and_not_before)
{
    struct schedule schedule = make(rates[_i], 7);

    for (uint64_t round = 0; round < 100; round++)
        for (uint32_t client = 0; client < 7; client++) {
            int64_t due_ns = schedule_due_ns(&schedule, client, round);

            ck_assert_uint_eq(schedule_due(&schedule, due_ns, client, 1),
                              round + 1);
            ck_assert_uint_eq(schedule_due(&schedule, due_ns - 1, client, 1),
                              round);
        }
}
END_TEST

START_TEST(every_client_has_its_share_however_they_are_divided)
{
    struct schedule schedule = make(rates[_i], 10);

    for (int64_t after_ns = 0; after_ns < 2000000000; after_ns += 7654321) {
        int64_t now_ns = START_NS + after_ns;
        uint64_t all = schedule_due(&schedule, now_ns, 0, 10);
        uint64_t each = 0;

        for (uint32_t client = 0; client < 10; client++)
            each += schedule_due(&schedule, now_ns, client, 1);
        ck_assert_uint_eq(each, all);
        for (uint32_t first = 0; first <= 10; first++)
            ck_assert_uint_eq(
                schedule_due(&schedule, now_ns, 0, first) +
                    schedule_due(&schedule, now_ns, first, 10 - first),
                all);
    }
}
END_TEST

START_TEST(nothing_is_due_before_the_start_or_from_the_end_on)
{
    struct schedule schedule = make(1000, 1);

    schedule.end_ns = START_NS + 1000000000;
    ck_assert_uint_eq(schedule_due(&schedule, START_NS - 1, 0, 1), 0);
    ck_assert_uint_eq(schedule_due(&schedule, START_NS, 0, 1), 1);
    ck_assert_uint_eq(schedule_due(&schedule, schedule.end_ns, 0, 1), 1000);
    ck_assert_uint_eq(schedule_due(&schedule, INT64_MAX, 0, 1), 1000);
    ck_assert_int_eq(schedule_due_ns(&schedule, 0, 999), START_NS + 999000000);
    ck_assert_int_eq(schedule_due_ns(&schedule, 0, 1000), INT64_MAX);
}
END_TEST

START_TEST(a_time_that_does_not_fit_never_comes)
{
    struct schedule schedule = make(0.001, 1000000);

    ck_assert_int_eq(schedule_due_ns(&schedule, 999999, 1000000), INT64_MAX);
    ck_assert_int_eq(schedule_due_ns(&schedule, 0, UINT64_MAX), INT64_MAX);
}
END_TEST

void suite_tests(TCase *tests)
{
    int count = sizeof rates / sizeof rates[0];

    tcase_add_test(tests, the_clients_take_turns);
    tcase_add_loop_test(tests, a_message_is_due_at_its_time_and_not_before, 0,
                        count - 1); /* at 1e9 each nanosecond has a message */
    tcase_add_loop_test(
        tests, every_client_has_its_share_however_they_are_divided, 0, count);
    tcase_add_test(tests, nothing_is_due_before_the_start_or_from_the_end_on);
    tcase_add_test(tests, a_time_that_does_not_fit_never_comes);
}
