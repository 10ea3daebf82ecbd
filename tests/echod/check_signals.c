/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * wakeup: signals and bells reach the loop, and nothing else does.
 */
#include "config.h"

#include "echod/signals.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

const char suite_name[] = "wakeup";

static struct signals woken;
static struct pollfd pollfds[2];

START_TEST(a_signal_waits_until_the_loop_does)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

    signal(SIGHUP, SIG_DFL);
    ck_assert_int_eq(signals_open(), 0);
    raise(numbers[_i]);
    signals_wait(pollfds, 1, -1, &woken);
    ck_assert_int_eq(woken.stops, 1);
    ck_assert(!woken.totals && !woken.notified);
    signals_wait(pollfds, 1, 0, &woken);
    ck_assert_int_eq(woken.stops, 0);
}
END_TEST

START_TEST(two_kinds_at_once_are_both_heard)
{
    signals_open();
    raise(SIGUSR1);
    raise(SIGTERM);
    signals_notify();
    signals_wait(pollfds, 1, -1, &woken);
    ck_assert_int_eq(woken.stops, 1);
    ck_assert(woken.totals && woken.notified);
}
END_TEST

static void *notify(void *argument)
{
    signals_notify();
    return argument;
}

START_TEST(another_thread_can_ring)
{
    pthread_t thread;

    signals_open();
    pthread_create(&thread, NULL, notify, NULL);
    signals_wait(pollfds, 1, -1, &woken);
    ck_assert(woken.notified);
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(ringing_keeps_errno)
{
    signals_open();
    errno = ECONNRESET;
    for (int i = 0; i < 100000; i++) /* also when the pipe is full */
        signals_notify();
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

START_TEST(it_waits_as_long_as_it_is_told)
{
    int64_t before = now_ms();

    signals_open();
    signals_wait(pollfds, 1, 30, &woken);
    ck_assert_int_ge(now_ms() - before, 29);
    ck_assert(!woken.stops && !woken.totals && !woken.notified);
}
END_TEST

START_TEST(it_polls_other_descriptors_too)
{
    int fds[2];

    signals_open();
    unix_pair(fds);
    write_all(fds[0], "x", 1);
    pollfds[1] = (struct pollfd){.fd = fds[1], .events = POLLIN};
    signals_wait(pollfds, 2, -1, &woken);
    ck_assert_int_eq(pollfds[1].revents, POLLIN);
}
END_TEST

START_TEST(a_signal_leaves_no_stale_readiness)
{
    int fds[2];

    signals_open();
    unix_pair(fds);
    pollfds[1] =
        (struct pollfd){.fd = fds[1], .events = POLLIN, .revents = POLLIN};
    raise(SIGUSR1);
    signals_wait(pollfds, 2, -1, &woken);
    ck_assert_int_eq(pollfds[1].revents, 0);
    ck_assert(woken.totals);
}
END_TEST

START_TEST(a_signal_gets_in_though_a_descriptor_is_always_ready)
{
    int fds[2];

    signals_open();
    unix_pair(fds);
    write_all(fds[0], "x", 1);
    raise(SIGTERM);
    pollfds[1] = (struct pollfd){.fd = fds[1], .events = POLLIN};
    signals_wait(pollfds, 2, -1, &woken);
    ck_assert_int_eq(woken.stops, 1);
}
END_TEST

START_TEST(a_poll_that_fails_does_not_spin)
{
    struct rlimit limit;
    struct rlimit none;
    int64_t before = now_ms();

    signals_open();
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){0, limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    signals_wait(pollfds, 2, -1, &woken);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_ge(now_ms() - before, 10);
    ck_assert_int_eq(pollfds[0].revents, 0);
}
END_TEST

START_TEST(a_signal_blocked_by_the_parent_still_arrives)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    signals_open();
    raise(SIGTERM);
    signals_wait(pollfds, 1, -1, &woken);
    ck_assert_int_eq(woken.stops, 1);
}
END_TEST

START_TEST(a_hangup_ignored_before_stays_ignored)
{
    signal(SIGHUP, SIG_IGN);
    signals_open();
    raise(SIGHUP);
    raise(SIGUSR1);
    signals_wait(pollfds, 1, -1, &woken);
    ck_assert_int_eq(woken.stops, 0);
}
END_TEST

START_TEST(writing_to_a_closed_pipe_does_not_kill)
{
    int fds[2];

    signals_open();
    ck_assert_int_eq(pipe(fds), 0);
    close(fds[0]);
    ck_assert_int_eq(write(fds[1], "x", 1), -1);
    ck_assert_int_eq(errno, EPIPE);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_signal_waits_until_the_loop_does, 0, 3);
    tcase_add_test(tests, two_kinds_at_once_are_both_heard);
    tcase_add_test(tests, another_thread_can_ring);
    tcase_add_test(tests, ringing_keeps_errno);
    tcase_add_test(tests, it_waits_as_long_as_it_is_told);
    tcase_add_test(tests, it_polls_other_descriptors_too);
    tcase_add_test(tests, a_signal_leaves_no_stale_readiness);
    tcase_add_test(tests, a_signal_gets_in_though_a_descriptor_is_always_ready);
    if (!under_valgrind())
        tcase_add_test(tests, a_poll_that_fails_does_not_spin);
    tcase_add_test(tests, a_signal_blocked_by_the_parent_still_arrives);
    tcase_add_test(tests, a_hangup_ignored_before_stays_ignored);
    tcase_add_test(tests, writing_to_a_closed_pipe_does_not_kill);
}
