/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * log_queue: lines for a file that hangs, is slow or full.
 *
 * The file that hangs is a pipe that nobody reads, a blocking one.
 */
#include "config.h"

#include "tests/common/suite.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The source itself, since log_open() would see that it is no regular file. */
#include "src/echod/log.c"

const char suite_name[] = "log_queue";

static int file_fds[2] = {-1, -1}; /* the second stands for the file */
static int err_fds[2];
static nlink_t threads_before;
static char text[65536];

static void log_to(int fd)
{
    ck_assert_int_eq(pipe(err_fds), 0);
    log_open(LOG_TEXT, -1, err_fds[1]);
    out.fd = fd;
    out.kind = LOG_SINK_FILE;
    ck_assert_int_eq(log_open_queues(), 1);
    ck_assert_int_eq(log_start_queues(), 0);
}

static void log_number(int number)
{
    char address[16];

    snprintf(address, sizeof address, "%d", number);
    LOG_EVENT(EVENT_LISTEN, .address = address);
}

/* The file is full from the start. The thread of the queue takes the first line
 * and hangs. */
static void log_to_hung_file(void)
{
    char newlines[4096];
    int waiting = -1;

    memset(newlines, '\n', sizeof newlines);
    ck_assert_int_eq(pipe(file_fds), 0);
    fcntl(file_fds[1], F_SETFL, O_NONBLOCK);
    while (write(file_fds[1], newlines, sizeof newlines) > 0)
        continue;
    fcntl(file_fds[1], F_SETFL, 0);
    log_to(file_fds[1]);
    log_number(0);
    EVENTUALLY(ioctl(out_queue.fds[0], FIONREAD, &waiting) == 0 &&
               waiting == 0);
}

/* What has been reported on standard error. */
static const char *errors(void)
{
    ssize_t count = 0;

    if (is_readable(err_fds[0], 0))
        count = read(err_fds[0], text, sizeof text - 1);
    ck_assert_int_ge(count, 0);
    text[count] = '\0';
    return text;
}

/* Log until a line is dropped; returns how many were not, with the first. */
static int fill_queue(void)
{
    int lines = 1;

    for (; !is_readable(err_fds[0], 0); lines++) {
        ck_assert_int_lt(lines, 1000000);
        log_number(lines);
    }
    ck_assert_str_eq(errors(),
                     "echod: standard output: Resource temporarily unavailable "
                     "(reports are being lost)\n");
    return lines - 1;
}

/* The lines of the file, without what it was filled with. */
static void expect_numbers(int count)
{
    FILE *reader = fdopen(file_fds[0], "r");
    char line[64];
    int number = -1;

    for (int i = 0; i < count; i++) {
        do
            ck_assert_ptr_nonnull(fgets(line, sizeof line, reader));
        while (*line == '\n');
        ck_assert_int_eq(sscanf(line, "server running on %d\n", &number), 1);
        ck_assert_int_eq(number, i);
    }
}

START_TEST(lines_dropped_for_a_full_queue_are_reported)
{
    int lines = 0;

    log_to_hung_file();
    lines = fill_queue();
    ck_assert_int_gt(lines, 1000);
    log_number(9999999);
    expect_numbers(lines);
    log_number(0);
    ck_assert_str_eq(errors(), "echod: standard output: works again, 2 lines "
                               "were lost\n");
    ck_assert_uint_eq(lines_lost(), 2);
    log_finish();
    ck_assert_str_eq(errors(), "");
}
END_TEST

/* A folder for each, and two links of its own. */
static nlink_t count_threads(void)
{
    struct stat status;

    ck_assert_int_eq(stat("/proc/self/task", &status), 0);
    return status.st_nlink;
}

static void set_up(void)
{
    threads_before = count_threads();
    signal(SIGPIPE, SIG_IGN);
}

/* valgrind takes the memory of a thread that runs at the end for lost. */
static void tear_down(void)
{
    if (!under_valgrind())
        return;
    close(file_fds[0]);
    close(out_queue.fds[1]);
    EVENTUALLY(count_threads() == threads_before);
}

static void *read_later(void *argument)
{
    is_readable(-1, 400); /* longer than a reader of a pipe may take */
    expect_numbers(*(int *)argument);
    return NULL;
}

START_TEST(a_close_line_waits_for_space_in_the_queue)
{
    pthread_t thread;
    int lines = 0;

    log_to_hung_file();
    lines = fill_queue();
    atomic_store(&out.dropped, 0);
    pthread_create(&thread, NULL, read_later, &lines);
    LOG_EVENT(EVENT_CLOSE, .bytes = 1);
    ck_assert_str_eq(errors(), "");
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(the_end_waits_for_the_lines_in_the_queue)
{
    int lines = 100;
    pthread_t thread;

    log_to_hung_file();
    for (int i = 1; i < lines; i++)
        log_number(i);
    pthread_create(&thread, NULL, read_later, &lines);
    log_finish();
    ck_assert_str_eq(errors(), "");
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(a_full_disk_behind_the_queue_is_reported)
{
    log_to(open("/dev/full", O_WRONLY));
    for (int i = 0; i < 3; i++)
        log_number(i);
    log_finish();
    ck_assert_str_eq(errors(),
                     "echod: standard output: No space left on device (reports "
                     "are being lost)\n"
                     "echod: standard output: 3 lines were lost\n");
    ck_assert_uint_eq(lines_lost(), 3);
}
END_TEST

START_TEST(only_a_file_gets_a_queue)
{
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    log_open(LOG_TEXT, fds[1], fds[1]);
    ck_assert_int_eq(log_open_queues(), 0);
    ck_assert_int_eq(log_start_queues(), 0);
    log_open(LOG_NONE, fileno(tmpfile()), -1);
    ck_assert_int_eq(log_open_queues(), 0);
    log_open(LOG_TEXT, fileno(tmpfile()), fileno(tmpfile()));
    ck_assert_int_eq(log_open_queues(), 2);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, lines_dropped_for_a_full_queue_are_reported);
    tcase_add_test(tests, a_close_line_waits_for_space_in_the_queue);
    tcase_add_test(tests, the_end_waits_for_the_lines_in_the_queue);
    tcase_add_test(tests, a_full_disk_behind_the_queue_is_reported);
    tcase_add_test(tests, only_a_file_gets_a_queue);
}
