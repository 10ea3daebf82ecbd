/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * signals: signals and notifications wake the accept loop.
 */
#include "config.h"

#include "echod/log.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The source itself, with a read(2) and a write(2) that fail if a test wants
 * it. */
static ssize_t failing_read(int fd, void *bytes, size_t size);
static ssize_t failing_write(int fd, const void *bytes, size_t size);
#define read failing_read
#define write failing_write
#include "src/echod/signals.c"
#undef read
#undef write

const char suite_name[] = "signals";

static int read_error; /* 0: none */
static int write_error;

static ssize_t failing_read(int fd, void *bytes, size_t size)
{
    errno = read_error;
    return read_error != 0 ? -1 : read(fd, bytes, size);
}

static ssize_t failing_write(int fd, const void *bytes, size_t size)
{
    errno = write_error;
    return write_error != 0 ? -1 : write(fd, bytes, size);
}

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

    signals_ignore();
    ck_assert_int_eq(pipe(fds), 0);
    close(fds[0]);
    ck_assert_int_eq(write(fds[1], "x", 1), -1);
    ck_assert_int_eq(errno, EPIPE);
}
END_TEST

/* ---- A pipe that fails ---- */

static int log_fds[2];

static void open_with_log(void)
{
    ck_assert_int_eq(pipe(log_fds), 0);
    log_open(LOG_NONE, -1, log_fds[1]);
    signals_ignore();
    signals_open();
}

/* The pipe's end is reported once, and no wait spins or lasts. */
static void expect_end(const char *why)
{
    char text[256] = "";
    int64_t before = now_ms();

    ck_assert(signals.failed);
    for (int i = 0; i < 3; i++) {
        signals_wait(pollfds, 1, -1, &signals);
        ck_assert(signals.failed);
        ck_assert_int_eq(signals.stops, 0);
    }
    ck_assert_int_ge(now_ms() - before, 50);
    ck_assert_int_gt(read(log_fds[0], text, sizeof text - 1), 0);
    ck_assert_ptr_nonnull(strstr(text, why));
    ck_assert_ptr_eq(strchr(text, '\n'), strrchr(text, '\n'));
}

START_TEST(a_stop_is_heard_though_the_pipe_cannot_be_read)
{
    open_with_log();
    read_error = EIO;
    raise(SIGTERM);
    raise(SIGUSR1);
    signals_wait(pollfds, 1, -1, &signals);
    ck_assert_int_eq(signals.stops, 1);
    ck_assert(signals.totals);
    expect_end("echod: the pipe for signals: Input/output error (stopping)");
}
END_TEST

START_TEST(a_stop_is_heard_though_the_pipe_cannot_be_written)
{
    open_with_log();
    write_error = EIO;
    raise(SIGTERM);
    signals_wait(pollfds, 1, -1, &signals);
    ck_assert_int_eq(signals.stops, 1);
    expect_end("echod: the pipe for signals: end of file (stopping)");
}
END_TEST

/* The wait has no time limit: without the failure it would not end. */
START_TEST(a_notification_that_cannot_be_written_ends_the_wait)
{
    open_with_log();
    write_error = EBADF;
    signals_notify();
    signals_wait(pollfds, 1, -1, &signals);
    ck_assert(signals.notified);
    ck_assert_int_eq(signals.stops, 1);
    expect_end("end of file");
}
END_TEST

START_TEST(a_pipe_that_is_gone_is_a_stop)
{
    open_with_log();
    close(pipe_fds[0]);
    signals_wait(pollfds, 1, -1, &signals);
    ck_assert_int_eq(signals.stops, 1);
    expect_end("echod: the pipe for signals: Bad file descriptor (stopping)");
    raise(SIGTERM);
    signals_wait(pollfds, 1, -1, &signals);
    ck_assert_int_eq(signals.stops, 1);
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
    tcase_add_test(tests, a_stop_is_heard_though_the_pipe_cannot_be_read);
    tcase_add_test(tests, a_stop_is_heard_though_the_pipe_cannot_be_written);
    tcase_add_test(tests, a_notification_that_cannot_be_written_ends_the_wait);
    tcase_add_test(tests, a_pipe_that_is_gone_is_a_stop);
}
