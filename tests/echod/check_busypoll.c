/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * busypoll: how long, how many at once, and nothing when it is off.
 */
#include "config.h"

#include "tests/common/suite.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* The source itself, with a poll(2) that counts. */
static int counting_poll(struct pollfd *pollfds, nfds_t count, int ms);
#define poll counting_poll
#include "src/echod/busypoll.c"
#undef poll

const char suite_name[] = "busypoll";

static _Atomic long calls;

static int counting_poll(struct pollfd *pollfds, nfds_t count, int ms)
{
    calls++;
    return poll(pollfds, count, ms);
}

START_TEST(nothing_is_asked_when_it_is_off)
{
    int fds[2];

    unix_pair(fds);
    busypoll_init(0);
    busypoll_wait(fds[0]);
    ck_assert_int_eq(calls, 0);
}
END_TEST

START_TEST(a_wait_without_input_ends)
{
    int64_t start_ns = clock_ns();
    int fds[2];

    unix_pair(fds);
    busypoll_init(20000);
    threads_max = 1;
    busypoll_wait(fds[0]);
    ck_assert_int_ge(clock_ns() - start_ns, 20000000);
    ck_assert_int_gt(calls, 1);
    ck_assert_int_eq(threads, 0);
}
END_TEST

/* Longer than the time limit of a test. */
static void allow_one_long_wait(void)
{
    busypoll_init(1000000);
    limit_ns *= 100000;
    threads_max = 1;
}

/* Input and end of file. */
START_TEST(a_wait_ends_at_once_if_a_read_would_not_block)
{
    char byte = 0;
    int fds[2];

    unix_pair(fds);
    allow_one_long_wait();
    write_all(fds[1], "x", 1);
    busypoll_wait(fds[0]);
    read_all(fds[0], &byte, 1); /* it was not taken */
    ck_assert_int_eq(byte, 'x');
    close(fds[1]);
    busypoll_wait(fds[0]);
}
END_TEST

/* The kernel reports an error once. Were it reported to the wait, the read
 * after it would return end of file, and the client would be logged as clean.
 */
START_TEST(an_error_is_left_for_the_read)
{
    char byte = 0;
    int fds[2];

    unix_pair(fds);
    allow_one_long_wait();
    write_all(fds[0], "x", 1);
    close(fds[1]); /* without reading, which is a reset */
    busypoll_wait(fds[0]);
    ck_assert_int_eq(read(fds[0], &byte, 1), -1);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

static void *wait_for_input(void *fd)
{
    busypoll_wait(*(int *)fd);
    return NULL;
}

/* The first thread waits without end; the second is one too many. */
START_TEST(only_so_many_threads_wait_at_once)
{
    pthread_t thread;
    int fds[2];

    unix_pair(fds);
    allow_one_long_wait();
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_input, &fds[0]), 0);
    EVENTUALLY(calls > 0);
    busypoll_wait(fds[0]);
    write_all(fds[1], "x", 1);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(threads, 0);
}
END_TEST

START_TEST(half_of_the_processors_may_wait)
{
    cpu_set_t set;

    busypoll_init(1);
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    ck_assert_int_eq(threads_max, CPU_COUNT(&set) / 2);
    CPU_ZERO(&set);
    CPU_SET((size_t)sched_getcpu(), &set);
    ck_assert_int_eq(sched_setaffinity(0, sizeof set, &set), 0);
    busypoll_init(1);
    ck_assert_int_eq(threads_max, 0);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, nothing_is_asked_when_it_is_off);
    tcase_add_test(tests, a_wait_without_input_ends);
    tcase_add_test(tests, a_wait_ends_at_once_if_a_read_would_not_block);
    tcase_add_test(tests, an_error_is_left_for_the_read);
    tcase_add_test(tests, only_so_many_threads_wait_at_once);
    tcase_add_test(tests, half_of_the_processors_may_wait);
}
