/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * log, log_line and log_sink: what the lines say, and that writing them never
 * blocks.
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
#include <time.h>
#include <unistd.h>

const char suite_name[] = "log";

static int out[2];
static int err[2];
static char text[65536];

static void open_log(enum log_format format)
{
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(pipe(out), 0);
    ck_assert_int_eq(pipe(err), 0);
    log_open(format, out[1], err[1]);
}

/* What is in the pipe now. */
static const char *read_text(const int fds[2])
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

static const struct clients_totals totals = {
    .now = 1, .clients = 2, .refused = 3, .cut = 4, .bytes = 5};

static void log_close(enum log_end end, const char *error)
{
    LOG_EVENT(EVENT_CLOSE, .peer = peer(), .bytes = 4096, .ms = 61004,
              .end = end, .error = error);
}

static void log_connect(void)
{
    LOG_EVENT(EVENT_CONNECT, .peer = peer());
}

static void log_stop(void)
{
    LOG_EVENT(EVENT_STOP, .totals = &totals, .ms = 6007);
}

START_TEST(each_event_has_its_line_of_text)
{
    open_log(LOG_TEXT);
    LOG_EVENT(EVENT_LISTEN, .address = "127.0.0.1:6142");
    ck_assert_str_eq(read_text(out), "server running on 127.0.0.1:6142\n");
    log_connect();
    ck_assert_str_eq(read_text(out), "connect from 127.0.0.1:53412\n");
    log_close(END_EOF, NULL);
    ck_assert_str_eq(read_text(out),
                     "wrote 4096 bytes to 127.0.0.1:53412 in 61.004 s\n");
    log_close(END_ERROR, "Connection reset by peer");
    ck_assert_str_eq(read_text(out),
                     "error: Connection reset by peer (wrote 4096 bytes to "
                     "127.0.0.1:53412 in 61.004 s)\n");
    LOG_EVENT(EVENT_CLOSE, .peer = NULL, .bytes = 1);
    ck_assert_str_eq(read_text(out),
                     "wrote 1 bytes to standard output in 0.000 s\n");
    LOG_EVENT(EVENT_REFUSE, .peer = peer(), .error = "too many");
    ck_assert_str_eq(read_text(out), "refused 127.0.0.1:53412: too many\n");
    LOG_EVENT(EVENT_ACCEPT, .error = "Too many open files",
              .action = "waiting");
    ck_assert_str_eq(read_text(out),
                     "accept error = Too many open files (waiting)\n");
    LOG_EVENT(EVENT_TOTALS, .totals = &totals, .ms = 6007);
    ck_assert_str_eq(read_text(out),
                     "totals: 1 clients now, 2 so far, 3 refused, 4 cut off, "
                     "5 bytes, 0 lines lost, 6.007 s up\n");
    log_stop();
    ck_assert_str_eq(read_text(out),
                     "stopped: 1 clients now, 2 so far, 3 refused, 4 cut off, "
                     "5 bytes, 0 lines lost, 6.007 s up\n");
    log_warn("what: %s", "why");
    ck_assert_str_eq(read_text(err), "echod: what: why\n");
}
END_TEST

/* The rest of a line after a prefix with the present time, in UTC whatever the
 * time zone is: START2026-11-24T09:30:00.125ZEND. */
static const char *after_prefix(const char *line, const char *start,
                                const char *end)
{
    const size_t start_length = strlen(start);
    struct tm utc = {.tm_isdst = 0};
    const char *rest = NULL;

    ck_assert_msg(strncmp(line, start, start_length) == 0, "%s", line);
    rest = strptime(line + start_length, "%Y-%m-%dT%H:%M:%S.", &utc);
    ck_assert_ptr_nonnull(rest);
    ck_assert_int_eq(rest - line, (ptrdiff_t)start_length + 20);
    ck_assert_int_le(llabs((long long)timegm(&utc) - time(NULL)), 60);
    ck_assert_uint_eq(strspn(rest, "0123456789"), 3);
    ck_assert_int_eq(rest[3], 'Z');
    ck_assert_msg(strncmp(rest + 4, end, strlen(end)) == 0, "%s", line);
    return rest + 4 + strlen(end);
}

static const char *after_time(const char *line)
{
    return after_prefix(line, "{\"time\":\"", "\",");
}

START_TEST(each_line_of_text_may_begin_with_the_time)
{
    setenv("TZ", "Pacific/Kiritimati", 1); /* UTC+14 */
    open_log(_i == 0 ? LOG_TEXT : LOG_JSON);
    log_add_timestamps();
    log_warn("what");
    ck_assert_str_eq(after_prefix(read_text(err), "", " "), "echod: what\n");
    log_connect();
    if (_i == 0)
        ck_assert_str_eq(after_prefix(read_text(out), "", " "),
                         "connect from 127.0.0.1:53412\n");
    else
        ck_assert_str_eq(
            after_time(read_text(out)),
            "\"event\":\"connect\",\"peer\":\"127.0.0.1:53412\"}\n");
}
END_TEST

START_TEST(each_event_has_its_json_object)
{
    open_log(LOG_JSON);
    LOG_EVENT(EVENT_LISTEN, .address = "/a\"b\\c\n");
    ck_assert_str_eq(
        after_time(read_text(out)),
        "\"event\":\"listen\",\"address\":\"/a\\u0022b\\u005cc\\u000a\"}\n");
    LOG_EVENT(EVENT_LISTEN, .address = "/\xc3\xa4\xff\xc3");
    ck_assert_str_eq(
        after_time(read_text(out)),
        "\"event\":\"listen\",\"address\":\"/\xc3\xa4\\ufffd\\ufffd\"}\n");
    log_connect();
    ck_assert_str_eq(after_time(read_text(out)),
                     "\"event\":\"connect\",\"peer\":\"127.0.0.1:53412\"}\n");
    log_close(END_EOF, NULL);
    ck_assert_str_eq(after_time(read_text(out)),
                     "\"event\":\"close\",\"peer\":\"127.0.0.1:53412\","
                     "\"bytes\":4096,\"seconds\":61.004,\"end\":\"eof\"}\n");
    log_close(END_TIMEOUT, "timed out");
    ck_assert_str_eq(after_time(read_text(out)),
                     "\"event\":\"close\",\"peer\":\"127.0.0.1:53412\","
                     "\"bytes\":4096,\"seconds\":61.004,\"end\":\"timeout\","
                     "\"error\":\"timed out\"}\n");
    LOG_EVENT(EVENT_REFUSE, .peer = peer(), .error = "too many");
    ck_assert_str_eq(after_time(read_text(out)),
                     "\"event\":\"refuse\",\"peer\":\"127.0.0.1:53412\","
                     "\"error\":\"too many\"}\n");
    LOG_EVENT(EVENT_ACCEPT, .error = "Too many open files",
              .action = "waiting");
    ck_assert_str_eq(after_time(read_text(out)),
                     "\"event\":\"accept-error\",\"error\":\"Too many open "
                     "files\",\"then\":\"waiting\"}\n");
    LOG_EVENT(EVENT_TOTALS, .totals = &totals, .ms = 6007);
    ck_assert_str_eq(
        after_time(read_text(out)),
        "\"event\":\"totals\",\"now\":1,\"clients\":2,\"refused\":3,\"cut\":4,"
        "\"bytes\":5,\"lost\":0,\"seconds\":6.007}\n");
    log_stop();
    ck_assert_str_eq(
        after_time(read_text(out)),
        "\"event\":\"stop\",\"now\":1,\"clients\":2,\"refused\":3,\"cut\":4,"
        "\"bytes\":5,\"lost\":0,\"seconds\":6.007}\n");
}
END_TEST

START_TEST(none_leaves_out_events_but_not_warnings)
{
    open_log(LOG_NONE);
    LOG_EVENT(EVENT_LISTEN, .address = "127.0.0.1:6142");
    log_close(END_EOF, NULL);
    ck_assert_str_eq(read_text(out), "");
    log_warn("what");
    ck_assert_str_eq(read_text(err), "echod: what\n");
}
END_TEST

START_TEST(control_characters_do_not_break_a_line)
{
    open_log(LOG_TEXT);
    log_warn("a\nb\tc\x7f");
    ck_assert_str_eq(read_text(err), "echod: a?b?c?\n");
}
END_TEST

START_TEST(a_line_that_is_too_long_is_cut_off)
{
    static char path[3000];

    open_log(LOG_TEXT);
    memset(path, 'x', sizeof path - 1);
    LOG_EVENT(EVENT_LISTEN, .address = path);
    ck_assert_uint_eq(strlen(read_text(out)), 1024);
    ck_assert_int_eq(text[1023], '\n');
}
END_TEST

/* Log until a line is dropped; returns how many were written. */
static int fill_pipe(void)
{
    int lines = 0;

    while (!is_readable(err[0], 0)) {
        log_connect();
        ck_assert_int_lt(lines++, 100000);
    }
    return lines - 1;
}

START_TEST(lines_dropped_for_a_stalled_reader_are_reported)
{
    int lines = 0;

    open_log(LOG_TEXT);
    lines = fill_pipe();
    ck_assert_int_gt(lines, 100);
    ck_assert_str_eq(read_text(err),
                     "echod: standard output: Resource temporarily "
                     "unavailable (reports are being lost)\n");
    for (int i = 0; i < 4; i++)
        log_connect();
    log_close(END_EOF, NULL);
    ck_assert_str_eq(read_text(err), "");
    read_text(out);
    log_connect();
    ck_assert_str_eq(read_text(err),
                     "echod: standard output: works again, 6 lines were "
                     "lost\n");
    while (*read_text(out) != '\0')
        continue;
    LOG_EVENT(EVENT_TOTALS, .totals = &totals);
    ck_assert_ptr_nonnull(strstr(read_text(out), " 6 lines lost,"));
}
END_TEST

START_TEST(dropped_lines_are_reported_at_the_stop)
{
    open_log(LOG_TEXT);
    close(out[0]);
    log_connect();
    ck_assert_str_eq(read_text(err),
                     "echod: standard output: Broken pipe (reports "
                     "are being lost)\n");
    log_connect();
    log_stop();
    log_finish();
    ck_assert_str_eq(read_text(err),
                     "echod: standard output: 3 lines were lost\n");
}
END_TEST

static void *read_later(void *argument)
{
    char *buffer = argument;

    is_readable(-1, 50);
    ck_assert_int_gt(read(out[0], buffer, 60000), 0);
    return NULL;
}

START_TEST(a_close_line_waits_for_a_slow_reader)
{
    static char buffer[60000];
    pthread_t thread;
    char bytes[4096] = "";

    open_log(LOG_TEXT);
    fcntl(out[1], F_SETFL, O_NONBLOCK);
    while (write(out[1], bytes, sizeof bytes) > 0)
        continue;
    pthread_create(&thread, NULL, read_later, buffer);
    log_close(END_EOF, NULL);
    ck_assert_str_eq(read_text(err), "");
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(the_flags_of_a_shared_description_stay)
{
    open_log(LOG_TEXT);
    log_connect();
    ck_assert_int_eq(fcntl(out[1], F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq(fcntl(err[1], F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

/* Write lines until one is dropped. */
static void expect_drop(struct log_sink *sink)
{
    int64_t before = now_ms();
    int tries = 0;

    while (log_sink_write(sink, "line\n", 5, false) == 0)
        ck_assert_int_lt(tries++, 1000000);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_uint_eq(sink->dropped, 1);
    ck_assert_int_lt(now_ms() - before, 20000);
}

START_TEST(no_kind_of_descriptor_blocks)
{
    struct log_sink sink = {.fd = -1};
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    log_sink_open(&sink, fds[1]);
    ck_assert_int_eq(sink.kind, LOG_SINK_OWN);
    expect_drop(&sink);

    ck_assert_int_eq(pipe(fds), 0);
    sink = (struct log_sink){.fd = fds[1], .kind = LOG_SINK_SHARED};
    expect_drop(&sink);

    unix_pair(fds);
    sink = (struct log_sink){.fd = -1};
    log_sink_open(&sink, fds[1]);
    ck_assert_int_eq(sink.kind, LOG_SINK_SOCKET);
    expect_drop(&sink);
}
END_TEST

START_TEST(a_full_disk_drops_lines)
{
    struct log_sink sink = {.fd = -1};
    int fd = open("/dev/full", O_WRONLY);

    log_sink_open(&sink, fd);
    ck_assert_uint_eq(log_sink_write(&sink, "line\n", 5, false), 1);
    ck_assert_int_eq(errno, ENOSPC);
    ck_assert_uint_eq(log_sink_write(&sink, "line\n", 5, false), 2);
}
END_TEST

START_TEST(a_partial_line_is_ended_before_the_next)
{
    struct log_sink sink = {.fd = -1, .partial = true};

    ck_assert_int_eq(pipe(out), 0);
    log_sink_open(&sink, out[1]);
    ck_assert_uint_eq(log_sink_write(&sink, "line\n", 5, false), 0);
    ck_assert_uint_eq(log_sink_write(&sink, "next\n", 5, false), 0);
    ck_assert_str_eq(read_text(out), "\nline\nnext\n");
}
END_TEST

START_TEST(a_sink_of_minus_one_takes_every_line)
{
    struct log_sink sink = {.fd = 0};

    log_sink_open(&sink, -1);
    ck_assert_uint_eq(log_sink_write(&sink, "line\n", 5, true), 0);
    ck_assert_uint_eq(sink.dropped_total, 0);
}
END_TEST

static const struct {
    int error;
    enum client_state state;
    bool all_read;
    enum log_end end;
    const char *words;
} ends[] = {
    {0, CLIENT_OPEN, true, END_EOF, NULL},
    {ECONNRESET, CLIENT_OPEN, true, END_ERROR, "Connection reset by peer"},
    {EAGAIN, CLIENT_OPEN, true, END_TIMEOUT, "timed out"},
    {0, CLIENT_DRAINING, true, END_STOPPED, NULL},
    {0, CLIENT_DRAINING, false, END_STOPPED, "stopped while it was sending"},
    {EPIPE, CLIENT_DRAINING, true, END_ERROR, "Broken pipe"},
    {EPIPE, CLIENT_CUT, true, END_STOPPED, "cut off by the stop"},
    {0, CLIENT_CUT, true, END_STOPPED, "cut off by the stop"},
};

START_TEST(each_end_has_its_words)
{
    struct log_event event = {.kind = EVENT_CLOSE};

    open_log(LOG_TEXT);
    log_set_end(&event, ends[_i].error, ends[_i].state, ends[_i].all_read);
    ck_assert_int_eq(event.end, ends[_i].end);
    ck_assert_pstr_eq(event.error, SHUT_RD_DISCARDS && ends[_i].error == 0 &&
                                           ends[_i].state == CLIENT_DRAINING
                                       ? "stopped, input may be lost"
                                       : ends[_i].words);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, each_end_has_its_words, 0,
                        sizeof ends / sizeof ends[0]);
    tcase_add_test(tests, each_event_has_its_line_of_text);
    tcase_add_test(tests, each_event_has_its_json_object);
    tcase_add_loop_test(tests, each_line_of_text_may_begin_with_the_time, 0, 2);
    tcase_add_test(tests, none_leaves_out_events_but_not_warnings);
    tcase_add_test(tests, control_characters_do_not_break_a_line);
    tcase_add_test(tests, a_line_that_is_too_long_is_cut_off);
    tcase_add_test(tests, lines_dropped_for_a_stalled_reader_are_reported);
    tcase_add_test(tests, dropped_lines_are_reported_at_the_stop);
    tcase_add_test(tests, a_close_line_waits_for_a_slow_reader);
    tcase_add_test(tests, the_flags_of_a_shared_description_stay);
    tcase_add_test(tests, no_kind_of_descriptor_blocks);
    tcase_add_test(tests, a_full_disk_drops_lines);
    tcase_add_test(tests, a_partial_line_is_ended_before_the_next);
    tcase_add_test(tests, a_sink_of_minus_one_takes_every_line);
}
