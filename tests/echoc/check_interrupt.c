/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * interrupt: the first signal is caught, unless it was ignored.
 */
#include "config.h"

#include "echoc/interrupt.h"
#include "tests/common/suite.h"

#include <signal.h>

const char suite_name[] = "interrupt";

static const int numbers[] = {SIGINT, SIGTERM};

START_TEST(a_signal_makes_the_descriptor_readable)
{
    ck_assert_int_eq(interrupt_catch(), 0);
    ck_assert(!interrupt_received());
    ck_assert(!is_readable(interrupt_fd(), 0));
    raise(numbers[_i]);
    ck_assert(interrupt_received());
    ck_assert(is_readable(interrupt_fd(), 0));
}
END_TEST

START_TEST(the_second_signal_has_its_default_action)
{
    ck_assert_int_eq(interrupt_catch(), 0);
    raise(numbers[1 - _i]);
    raise(numbers[_i]);
    ck_abort_msg("survived");
}
END_TEST

START_TEST(an_ignored_signal_stays_ignored)
{
    signal(numbers[_i], SIG_IGN);
    ck_assert_int_eq(interrupt_catch(), 0);
    raise(numbers[_i]);
    ck_assert(!interrupt_received());
    ck_assert(!is_readable(interrupt_fd(), 0));
    /* The other one is caught, and does not change the first. */
    raise(numbers[1 - _i]);
    ck_assert(interrupt_received());
    raise(numbers[_i]);
}
END_TEST

/* When a signal meets write(2) is a matter of time, so look at the flag. */
START_TEST(a_signal_does_not_break_off_what_is_written)
{
    struct sigaction action;

    ck_assert_int_eq(interrupt_catch(), 0);
    ck_assert_int_eq(sigaction(numbers[_i], NULL, &action), 0);
    ck_assert((action.sa_flags & SA_RESTART) != 0);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_signal_makes_the_descriptor_readable, 0, 2);
    tcase_add_loop_test_raise_signal(
        tests, the_second_signal_has_its_default_action, SIGINT, 0, 1);
    tcase_add_loop_test_raise_signal(
        tests, the_second_signal_has_its_default_action, SIGTERM, 1, 2);
    tcase_add_loop_test(tests, an_ignored_signal_stays_ignored, 0, 2);
    tcase_add_loop_test(tests, a_signal_does_not_break_off_what_is_written, 0,
                        2);
}
