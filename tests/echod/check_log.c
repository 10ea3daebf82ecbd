/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * report and outlet: the words of the log, and lines that never block.
 */
#include "config.h"

#include "echod/log.h"
#include "echod/log_sink.h"
#include "tests/common/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char suite_name[] = "report";

static int out[2];
static int err[2];
static char text[65536];

static void open_report(enum log_format format)
{
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(pipe(out), 0);
    ck_assert_int_eq(pipe(err), 0);
    log_open(format, out[1], err[1]);
}

/* What is in a pipe now. */
static const char *taken(const int fds[2])
{
    ssize_t got = 0;

    *text = '\0';
    if (is_readable(fds[0], 0))
        got = read(fds[0], text, sizeof text - 1);
    ck_assert_int_ge(got, 0);
    text[got] = '\0';
    return text;
}

static const struct sockaddr *peer(void)
{
    static struct sockaddr_in in = {.sin_family = AF_INET};

    in.sin_port = htons(53412);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return (struct sockaddr *)&in;
}

static void close_client(enum log_end end, const char *error)
{
    struct log_close close = {
        .peer = peer(), .bytes = 4096, .ms = 61004, .end = end, .error = error};

    log_close(&close);
}

START_TEST(text_lines_are_to_the_letter)
{
    struct log_totals totals = {
        .now = 1, .clients = 2, .refused = 3, .cut = 4, .bytes = 5, .ms = 6007};

    open_report(LOG_TEXT);
    log_listen("127.0.0.1:6142");
    ck_assert_str_eq(taken(out), "server running on 127.0.0.1:6142\n");
    log_connect(peer());
    ck_assert_str_eq(taken(out), "connect from 127.0.0.1:53412\n");
    close_client(END_EOF, NULL);
    ck_assert_str_eq(taken(out),
                     "wrote 4096 bytes to 127.0.0.1:53412 in 61.004 s\n");
    close_client(END_ERROR, "Connection reset by peer");
    ck_assert_str_eq(taken(out),
                     "error: Connection reset by peer (wrote 4096 bytes to "
                     "127.0.0.1:53412 in 61.004 s)\n");
    log_refuse(peer(), "too many");
    ck_assert_str_eq(taken(out), "refused 127.0.0.1:53412: too many\n");
    log_accept_error("Too many open files", "waiting");
    ck_assert_str_eq(taken(out),
                     "accept error = Too many open files (waiting)\n");
    log_totals(&totals);
    ck_assert_str_eq(taken(out),
                     "totals: 1 clients now, 2 so far, 3 refused, 4 cut off, "
                     "5 bytes, 0 lines lost, 6.007 s up\n");
    log_stop(&totals);
    ck_assert_str_eq(taken(out),
                     "stopped: 1 clients now, 2 so far, 3 refused, 4 cut off, "
                     "5 bytes, 0 lines lost, 6.007 s up\n");
    log_warn("what: %s", "why");
    ck_assert_str_eq(taken(err), "echod: what: why\n");
}
END_TEST

/* The rest of a JSON line after its time, whose form is checked. */
static const char *after_time(const char *line)
{
    int year, month, day, hour, minute, second, ms, length = 0;

    ck_assert_int_eq(
        sscanf(line, "{\"time\":\"%4d-%2d-%2dT%2d:%2d:%2d.%3dZ\",%n", &year,
               &month, &day, &hour, &minute, &second, &ms, &length),
        7);
    ck_assert_int_eq(length, 35);
    return line + length;
}

START_TEST(json_lines_are_one_object_each)
{
    struct log_totals totals = {
        .now = 1, .clients = 2, .refused = 3, .cut = 4, .bytes = 5, .ms = 6007};

    open_report(LOG_JSON);
    log_listen("/a\"b\\c\n");
    ck_assert_str_eq(
        after_time(taken(out)),
        "\"event\":\"listen\",\"address\":\"/a\\u0022b\\u005cc\\u000a\"}\n");
    log_listen("/\xc3\xa4\xff\xc3");
    ck_assert_str_eq(
        after_time(taken(out)),
        "\"event\":\"listen\",\"address\":\"/\xc3\xa4\\ufffd\\ufffd\"}\n");
    log_connect(peer());
    ck_assert_str_eq(after_time(taken(out)),
                     "\"event\":\"connect\",\"peer\":\"127.0.0.1:53412\"}\n");
    close_client(END_EOF, NULL);
    ck_assert_str_eq(after_time(taken(out)),
                     "\"event\":\"close\",\"peer\":\"127.0.0.1:53412\","
                     "\"bytes\":4096,\"seconds\":61.004,\"end\":\"eof\"}\n");
    close_client(END_TIMEOUT, "timed out");
    ck_assert_str_eq(after_time(taken(out)),
                     "\"event\":\"close\",\"peer\":\"127.0.0.1:53412\","
                     "\"bytes\":4096,\"seconds\":61.004,\"end\":\"timeout\","
                     "\"error\":\"timed out\"}\n");
    log_refuse(peer(), "too many");
    ck_assert_str_eq(after_time(taken(out)),
                     "\"event\":\"refuse\",\"peer\":\"127.0.0.1:53412\","
                     "\"error\":\"too many\"}\n");
    log_accept_error("Too many open files", "waiting");
    ck_assert_str_eq(after_time(taken(out)),
                     "\"event\":\"accept-error\",\"error\":\"Too many open "
                     "files\",\"then\":\"waiting\"}\n");
    log_totals(&totals);
    ck_assert_str_eq(
        after_time(taken(out)),
        "\"event\":\"totals\",\"now\":1,\"clients\":2,\"refused\":3,\"cut\":4,"
        "\"bytes\":5,\"lost\":0,\"seconds\":6.007}\n");
    log_stop(&totals);
    ck_assert_str_eq(
        after_time(taken(out)),
        "\"event\":\"stop\",\"now\":1,\"clients\":2,\"refused\":3,\"cut\":4,"
        "\"bytes\":5,\"lost\":0,\"seconds\":6.007}\n");
}
END_TEST

START_TEST(none_means_no_events_but_trouble)
{
    open_report(LOG_NONE);
    log_listen("127.0.0.1:6142");
    close_client(END_EOF, NULL);
    ck_assert_str_eq(taken(out), "");
    log_warn("what");
    ck_assert_str_eq(taken(err), "echod: what\n");
}
END_TEST

START_TEST(a_line_stays_one_line)
{
    open_report(LOG_TEXT);
    log_warn("a\nb\tc\x7f");
    ck_assert_str_eq(taken(err), "echod: a?b?c?\n");
}
END_TEST

START_TEST(a_line_too_long_is_cut_but_still_a_line)
{
    static char path[3000];

    open_report(LOG_TEXT);
    memset(path, 'x', sizeof path - 1);
    log_listen(path);
    ck_assert_uint_eq(strlen(taken(out)), 1024);
    ck_assert_int_eq(text[1023], '\n');
}
END_TEST

/* Reports until lines are lost; returns how many got through. */
static int overfill(void)
{
    int lines = 0;

    while (!is_readable(err[0], 0)) {
        log_connect(peer());
        ck_assert_int_lt(lines++, 100000);
    }
    return lines - 1;
}

START_TEST(a_stalled_reader_costs_lines_that_are_owned_up_to)
{
    int lines = 0;

    open_report(LOG_TEXT);
    lines = overfill();
    ck_assert_int_gt(lines, 100);
    ck_assert_str_eq(taken(err), "echod: standard output: Resource temporarily "
                                 "unavailable (reports are being lost)\n");
    for (int i = 0; i < 4; i++)
        log_connect(peer());
    close_client(END_EOF, NULL);
    ck_assert_str_eq(taken(err), "");
    taken(out);
    log_connect(peer());
    ck_assert_str_eq(taken(err),
                     "echod: standard output: works again, 6 lines were "
                     "lost\n");
}
END_TEST

START_TEST(lines_lost_for_good_are_owned_up_to_at_the_end)
{
    struct log_totals totals = {.now = 0};

    open_report(LOG_TEXT);
    close(out[0]);
    log_connect(peer());
    ck_assert_str_eq(taken(err), "echod: standard output: Broken pipe (reports "
                                 "are being lost)\n");
    log_connect(peer());
    log_stop(&totals);
    ck_assert_str_eq(taken(err), "echod: standard output: 3 lines were lost\n");
}
END_TEST

static void *read_later(void *argument)
{
    char *buffer = argument;

    is_readable(-1, 50);
    ck_assert_int_gt(read(out[0], buffer, 60000), 0);
    return NULL;
}

START_TEST(a_slow_reader_is_waited_for)
{
    static char buffer[60000];
    pthread_t thread;
    char bytes[4096] = "";

    open_report(LOG_TEXT);
    fcntl(out[1], F_SETFL, O_NONBLOCK);
    while (write(out[1], bytes, sizeof bytes) > 0)
        continue;
    pthread_create(&thread, NULL, read_later, buffer);
    close_client(END_EOF, NULL);
    ck_assert_str_eq(taken(err), "");
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(the_flags_of_what_others_share_stay)
{
    open_report(LOG_TEXT);
    log_connect(peer());
    ck_assert_int_eq(fcntl(out[1], F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq(fcntl(err[1], F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

/* Write lines until one is lost, in at most as many tries. */
static void expect_loss(struct log_sink *log_sink)
{
    int64_t before = now_ms();
    int tries = 0;

    while (log_sink_write(log_sink, "line\n", 5, false) == 0)
        ck_assert_int_lt(tries++, 1000000);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_uint_eq(log_sink->lost, 1);
    ck_assert_int_lt(now_ms() - before, 20000);
}

START_TEST(no_kind_of_descriptor_blocks)
{
    struct log_sink log_sink = {.fd = -1};
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    log_sink_open(&log_sink, fds[1]);
    ck_assert_int_eq(log_sink.kind, LOG_SINK_OWN);
    expect_loss(&log_sink);

    ck_assert_int_eq(pipe(fds), 0);
    log_sink = (struct log_sink){.fd = fds[1], .kind = LOG_SINK_SHARED};
    expect_loss(&log_sink);

    unix_pair(fds);
    log_sink = (struct log_sink){.fd = -1};
    log_sink_open(&log_sink, fds[1]);
    ck_assert_int_eq(log_sink.kind, LOG_SINK_SOCKET);
    expect_loss(&log_sink);
}
END_TEST

START_TEST(a_full_disk_is_a_loss)
{
    struct log_sink log_sink = {.fd = -1};
    int fd = open("/dev/full", O_WRONLY);

    log_sink_open(&log_sink, fd);
    ck_assert_uint_eq(log_sink_write(&log_sink, "line\n", 5, false), 1);
    ck_assert_int_eq(errno, ENOSPC);
    ck_assert_uint_eq(log_sink_write(&log_sink, "line\n", 5, false), 2);
}
END_TEST

START_TEST(a_torn_line_is_ended_before_the_next)
{
    struct log_sink log_sink = {.fd = -1, .partial = true};

    ck_assert_int_eq(pipe(out), 0);
    log_sink_open(&log_sink, out[1]);
    ck_assert_uint_eq(log_sink_write(&log_sink, "line\n", 5, false), 0);
    ck_assert_uint_eq(log_sink_write(&log_sink, "next\n", 5, false), 0);
    ck_assert_str_eq(taken(out), "\nline\nnext\n");
}
END_TEST

START_TEST(nowhere_takes_everything)
{
    struct log_sink log_sink = {.fd = 0};

    log_sink_open(&log_sink, -1);
    ck_assert_uint_eq(log_sink_write(&log_sink, "line\n", 5, true), 0);
    ck_assert_uint_eq(log_sink.lost_ever, 0);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, text_lines_are_to_the_letter);
    tcase_add_test(tests, json_lines_are_one_object_each);
    tcase_add_test(tests, none_means_no_events_but_trouble);
    tcase_add_test(tests, a_line_stays_one_line);
    tcase_add_test(tests, a_line_too_long_is_cut_but_still_a_line);
    tcase_add_test(tests, a_stalled_reader_costs_lines_that_are_owned_up_to);
    tcase_add_test(tests, lines_lost_for_good_are_owned_up_to_at_the_end);
    tcase_add_test(tests, a_slow_reader_is_waited_for);
    tcase_add_test(tests, the_flags_of_what_others_share_stay);
    tcase_add_test(tests, no_kind_of_descriptor_blocks);
    tcase_add_test(tests, a_full_disk_is_a_loss);
    tcase_add_test(tests, a_torn_line_is_ended_before_the_next);
    tcase_add_test(tests, nowhere_takes_everything);
}
