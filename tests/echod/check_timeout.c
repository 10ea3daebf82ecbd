/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * echo: the time limit, with system calls that return what a test says. Each
 * EAGAIN stands for half a time limit that has passed.
 */
#include "config.h"

#include "echod/sendqueue.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static ssize_t scripted_read(int fd, void *data, size_t size);
static ssize_t scripted_write(int fd, const void *data, size_t size);
static int scripted_sendqueue_bytes(int fd);

#define read scripted_read
#define write scripted_write
#define sendqueue_bytes scripted_sendqueue_bytes
#define write_all echo_write_all /* suite.h has one, too */
#include "src/echod/echo.c"
#undef read
#undef write
#undef sendqueue_bytes
#undef write_all

const char suite_name[] = "timeout";

enum { IN, OUT, TIMEOUT = -1, CHUNK = 1000 };

/* What a read or write returns, and what is in the send queue from then on. */
struct call {
    int fd;
    ssize_t count;
    int queued;
};

static const struct call *next_call;
static int queued_now;

static ssize_t do_call(int fd)
{
    ck_assert_int_eq(next_call->fd, fd);
    queued_now = next_call->queued;
    errno = EAGAIN;
    return next_call++->count;
}

static ssize_t scripted_read(int fd, void *data, size_t size)
{
    memset(data, 'x', size < CHUNK ? size : CHUNK);
    return do_call(fd);
}

static ssize_t scripted_write(int fd, const void *data, size_t size)
{
    (void)data;
    ck_assert_uint_le(size, CHUNK);
    return do_call(fd);
}

static int scripted_sendqueue_bytes(int fd)
{
    ck_assert_int_eq(fd, OUT);
    return queued_now;
}

/* The echo ends with the last of the calls. */
static void expect_end(const struct call *calls, size_t count, int result)
{
    _Atomic uint64_t written = 0;
    struct echo echo = {.in_fd = IN, .out_fd = OUT, .written = &written};

    next_call = calls;
    ck_assert_int_eq(echo_until_eof(&echo), result);
    ck_assert_ptr_eq(next_call, calls + count);
    if (result < 0)
        ck_assert_int_eq(errno, EAGAIN);
}
#define EXPECT_TIMEOUT(calls)                                                  \
    expect_end(calls, sizeof(calls) / sizeof(calls)[0], -1)
#define EXPECT_EOF(calls) expect_end(calls, sizeof(calls) / sizeof(calls)[0], 0)

START_TEST(a_silent_client_has_one_time_limit)
{
    static const struct call calls[] = {
        {IN, CHUNK, 0}, {OUT, CHUNK, 0}, {IN, TIMEOUT, 0}, {IN, TIMEOUT, 0}};

    EXPECT_TIMEOUT(calls);
}
END_TEST

START_TEST(a_silent_client_that_does_not_read_has_two)
{
    static const struct call calls[] = {{IN, CHUNK, 0},     {OUT, CHUNK, 500},
                                        {IN, TIMEOUT, 500}, {IN, TIMEOUT, 500},
                                        {IN, TIMEOUT, 500}, {IN, TIMEOUT, 500}};

    EXPECT_TIMEOUT(calls);
}
END_TEST

START_TEST(a_client_that_sends_and_does_not_read_has_two)
{
    static const struct call calls[] = {{IN, CHUNK, 0},
                                        {OUT, TIMEOUT, 9000},
                                        {OUT, TIMEOUT, 9000},
                                        {OUT, TIMEOUT, 9000},
                                        {OUT, TIMEOUT, 9000}};

    EXPECT_TIMEOUT(calls);
}
END_TEST

/* A write(2) that has written something when half the time limit passes returns
 * that, and no error. */
START_TEST(a_partial_write_is_the_end_of_the_first_half)
{
    static const struct call calls[] = {{IN, CHUNK, 0},
                                        {OUT, 10, 9000},
                                        {OUT, TIMEOUT, 9000},
                                        {OUT, TIMEOUT, 9000},
                                        {OUT, TIMEOUT, 9000}};

    EXPECT_TIMEOUT(calls);
}
END_TEST

START_TEST(a_client_that_reads_a_little_goes_on)
{
    static const struct call calls[] = {
        {IN, CHUNK, 0},       {OUT, 10, 9000},     {OUT, TIMEOUT, 8999},
        {OUT, TIMEOUT, 8998}, {OUT, 20, 9000},     {OUT, TIMEOUT, 8000},
        {OUT, 970, 8900},     {IN, TIMEOUT, 8000}, {IN, TIMEOUT, 7000},
        {IN, TIMEOUT, 1},     {IN, TIMEOUT, 0},    {IN, 0, 0}};

    EXPECT_EOF(calls);
}
END_TEST

/* TCP acknowledges in steps, and a Unix socket frees what one write made. */
START_TEST(a_client_that_is_acknowledged_in_steps_goes_on)
{
    static const struct call calls[] = {
        {IN, CHUNK, 0},       {OUT, 10, 9000},
        {OUT, TIMEOUT, 9000}, {OUT, TIMEOUT, 9000},
        {OUT, TIMEOUT, 6000}, {OUT, TIMEOUT, 6000},
        {OUT, TIMEOUT, 6000}, {OUT, 990, 6990},
        {IN, TIMEOUT, 6990},  {IN, TIMEOUT, 6990},
        {IN, TIMEOUT, 6990},  {IN, TIMEOUT, 3000},
        {IN, TIMEOUT, 3000},  {IN, TIMEOUT, 3000},
        {IN, TIMEOUT, 100},   {IN, 0, 0}};

    EXPECT_EOF(calls);
}
END_TEST

START_TEST(a_client_that_has_just_read_its_echo_has_one)
{
    static const struct call calls[] = {{IN, CHUNK, 0},     {OUT, CHUNK, 500},
                                        {IN, TIMEOUT, 500}, {IN, TIMEOUT, 0},
                                        {IN, TIMEOUT, 0},   {IN, TIMEOUT, 0}};

    EXPECT_TIMEOUT(calls);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, a_silent_client_has_one_time_limit);
    tcase_add_test(tests, a_silent_client_that_does_not_read_has_two);
    tcase_add_test(tests, a_client_that_sends_and_does_not_read_has_two);
    tcase_add_test(tests, a_partial_write_is_the_end_of_the_first_half);
    tcase_add_test(tests, a_client_that_reads_a_little_goes_on);
    tcase_add_test(tests, a_client_that_is_acknowledged_in_steps_goes_on);
    tcase_add_test(tests, a_client_that_has_just_read_its_echo_has_one);
}
