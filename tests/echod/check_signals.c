/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * signals: signals and notifications wake the accept loop.
 */
#include "config.h"

#include "echod/signals.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

const char suite_name[] = "signals";

static struct signals signals;
static struct pollfd pollfds[2];

START_TEST(a_signal_is_held_until_the_loop_waits)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    sigset_t pending;

    signal(SIGHUP, SIG_DFL);
    ck_assert_int_eq(signals_open(), 0);
    raise(numbers[_i]);
    sigpending(&pending);
    ck_assert(sigismember(&pending, numbers[_i]));
    signals_wait(pollfds, 1, -1, &signals);
    ck_assert_int_eq(signals.stops, 1);
    ck_assert(!signals.totals && !signals.notified);
    signals_wait(pollfds, 1, 0, &signals);
    ck_assert_int_eq(signals.stops, 0);
}
END_TEST

START_TEST(signals_and_a_notification_arrive_together)
{
    signals_open();
    raise(SIGUSR1);
    raise(SIGTERM);
    signals_notify();
    signals_wait(pollfds, 1, -1, &signals);
    ck_assert_int_eq(signals.stops, 1);
    ck_assert(signals.totals && signals.notified);
}
END_TEST

static void *notify(void *argument)
{
    signals_notify();
    return argument;
}

START_TEST(another_thread_can_notify)
{
    pthread_t thread;

    signals_open();
    pthread_create(&thread, NULL, notify, NULL);
    signals_wait(pollfds, 1, -1, &signals);
    ck_assert(signals.notified);
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(a_notification_keeps_errno)
{
    signals_open();
    errno = ECONNRESET;
    for (int i = 0; i < 100000; i++) /* also when the pipe is full */
        signals_notify();
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

START_TEST(a_wait_without_events_lasts_its_time)
{
    int64_t before = now_ms();

    signals_open();
    signals_wait(pollfds, 1, 30, &signals);
    ck_assert_int_ge(now_ms() - before, 29);
    ck_assert(!signals.stops && !signals.totals && !signals.notified);
}
END_TEST

START_TEST(other_descriptors_are_polled)
{
    int fds[2];

    signals_open();
    unix_pair(fds);
    write_all(fds[0], "x", 1);
    pollfds[1] = (struct pollfd){.fd = fds[1], .events = POLLIN};
    signals_wait(pollfds, 2, -1, &signals);
    ck_assert_int_eq(pollfds[1].revents, POLLIN);
}
END_TEST

START_TEST(after_a_signal_no_descriptor_is_ready)
{
    int fds[2];

    signals_open();
    unix_pair(fds);
    pollfds[1] =
        (struct pollfd){.fd = fds[1], .events = POLLIN, .revents = POLLIN};
    raise(SIGUSR1);
    signals_wait(pollfds, 2, -1, &signals);
    ck_assert_int_eq(pollfds[1].revents, 0);
    ck_assert(signals.totals);
}
END_TEST

START_TEST(a_signal_arrives_though_a_descriptor_is_always_ready)
{
    int fds[2];

    signals_open();
    unix_pair(fds);
    write_all(fds[0], "x", 1);
    raise(SIGTERM);
    pollfds[1] = (struct pollfd){.fd = fds[1], .events = POLLIN};
    signals_wait(pollfds, 2, -1, &signals);
    ck_assert_int_eq(signals.stops, 1);
}
END_TEST

START_TEST(a_failed_poll_does_not_spin)
{
    struct rlimit limit;
    struct rlimit none;
    int64_t before = now_ms();

    signals_open();
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){0, limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    signals_wait(pollfds, 2, -1, &signals);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_ge(now_ms() - before, 10);
    ck_assert_int_eq(pollfds[0].revents, 0);
}
END_TEST

START_TEST(a_signal_blocked_by_the_parent_arrives)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    signals_open();
    raise(SIGTERM);
    signals_wait(pollfds, 1, -1, &signals);
    ck_assert_int_eq(signals.stops, 1);
}
END_TEST

START_TEST(an_ignored_hangup_stays_ignored)
{
    signal(SIGHUP, SIG_IGN);
    signals_open();
    raise(SIGHUP);
    raise(SIGUSR1);
    signals_wait(pollfds, 1, -1, &signals);
    ck_assert_int_eq(signals.stops, 0);
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
    tcase_add_loop_test(tests, a_signal_is_held_until_the_loop_waits, 0, 3);
    tcase_add_test(tests, signals_and_a_notification_arrive_together);
    tcase_add_test(tests, another_thread_can_notify);
    tcase_add_test(tests, a_notification_keeps_errno);
    tcase_add_test(tests, a_wait_without_events_lasts_its_time);
    tcase_add_test(tests, other_descriptors_are_polled);
    tcase_add_test(tests, after_a_signal_no_descriptor_is_ready);
    tcase_add_test(tests, a_signal_arrives_though_a_descriptor_is_always_ready);
    if (!under_valgrind())
        tcase_add_test(tests, a_failed_poll_does_not_spin);
    tcase_add_test(tests, a_signal_blocked_by_the_parent_arrives);
    tcase_add_test(tests, an_ignored_hangup_stays_ignored);
    tcase_add_test(tests, writing_to_a_closed_pipe_does_not_kill);
}
