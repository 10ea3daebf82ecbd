/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * The real program stops: received bytes are echoed, idle clients end, and the
 * others have the grace period.
 */
#include "config.h"

#include "tests/common/suite.h"
#include "tests/echod/program.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

const char suite_name[] = "stop";

/* In these tests the time limit of a test ends long before this period: only
 * a server that does not wait for its end passes. */
#define LONG_GRACE "--grace=100000"

START_TEST(every_stop_signal_stops_the_server)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

    program_signal(&echod, numbers[_i]);
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(idle_clients_end_at_once)
{
    enum { CLIENTS = 100 };
    int fds[CLIENTS];

    SERVE(&echod, LONG_GRACE, "127.0.0.1:0");
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = program_connect(&echod);
        program_ping(fds[i]);
    }
    program_signal(&echod, SIGTERM);
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_ptr_nonnull(strstr(program_line(&echod, echod.out),
                                     "wrote 6 bytes to 127.0.0.1:"));
    program_expect(&echod, "stopped: 0 clients now, 100 so far, 0 refused, "
                           "0 cut off, 600 bytes");
    ck_assert_int_eq(program_wait(&echod), 0);
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_uint_eq(read_to_end(fds[i]), 0);
}
END_TEST

/* The delay holds the bytes back until after the signal. */
START_TEST(received_bytes_are_echoed_after_the_signal)
{
    static unsigned char sent[100000];
    static unsigned char received[100000];
    int fd = -1;

    SERVE(&echod, "--delay=300", LONG_GRACE, "127.0.0.1:0");
    fd = program_connect(&echod);
    fill(sent, sizeof sent, 5);
    write_all(fd, sent, sizeof sent);
    program_signal(&echod, SIGTERM);
    read_all(fd, received, sizeof received);
    ck_assert_int_eq(memcmp(sent, received, sizeof sent), 0);
    ck_assert_uint_eq(read_to_end(fd), 0);
    program_expect(&echod, "wrote 100000 bytes");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

/* The client sends a byte for every thousand that it reads, until the server
 * closes. Bytes that the server will not echo are then on their way, and must
 * not destroy the echo: the client receives as much as the log reports. */
START_TEST(the_echo_arrives_although_the_client_keeps_sending)
{
    enum { FIRST = 1500000 };
    static unsigned char sent[FIRST];
    static unsigned char received[2 * FIRST];
    size_t count = 0;
    size_t reported = 0;
    ssize_t got = 1;
    int fd = -1;

    SERVE(&echod, LONG_GRACE, "127.0.0.1:0");
    fd = program_connect(&echod);
    fill(sent, FIRST, 6);
    write_all(fd, sent, FIRST);
    ck_assert(is_readable(fd, 30000));
    program_signal(&echod, SIGTERM);
    while (got > 0) {
        send(fd, sent, 1, MSG_NOSIGNAL);
        ck_assert(is_readable(fd, 30000));
        got = read(fd, received + count, 1000);
        count += got > 0 ? (size_t)got : 0;
        ck_assert_uint_lt(count, sizeof received - 1000);
    }
    program_expect(&echod, "wrote ");
    ck_assert_int_eq(
        sscanf(strstr(echod.line, "wrote "), "wrote %zu bytes", &reported), 1);
    ck_assert_uint_eq(count, reported);
    ck_assert_int_eq(memcmp(sent, received, count < FIRST ? count : FIRST), 0);
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(a_client_that_does_not_read_is_cut_off)
{
    SERVE(&echod, "--grace=0.2", "127.0.0.1:0");
    program_connect_without_reading(&echod);
    program_signal(&echod, SIGTERM);
    program_expect(&echod, "error: cut off by the stop (wrote ");
    program_expect(&echod, "1 cut off");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

/* The listening socket is closed when the first signal has been handled. */
START_TEST(a_second_signal_ends_the_grace_period)
{
    int descriptors = 0;

    SERVE(&echod, LONG_GRACE, "127.0.0.1:0");
    program_connect_without_reading(&echod);
    descriptors = program_descriptors(&echod);
    program_signal(&echod, SIGTERM);
    EVENTUALLY(program_descriptors(&echod) < descriptors);
    program_signal(&echod, _i == 0 ? SIGTERM : SIGINT);
    ck_assert_int_eq(program_wait(&echod), 0);
    program_expect(&echod, "1 cut off");
}
END_TEST

/* Both come in one wait, since the server stands still until both are there. */
START_TEST(an_idle_client_is_not_cut_off_by_two_signals_at_once)
{
    int fd = -1;

    SERVE(&echod, LONG_GRACE, "127.0.0.1:0");
    fd = program_connect(&echod);
    program_ping(fd);
    program_signal(&echod, SIGSTOP);
    program_signal(&echod, SIGTERM);
    program_signal(&echod, SIGINT);
    program_signal(&echod, SIGCONT);
    ck_assert_uint_eq(read_to_end(fd), 0);
    program_expect(&echod, "wrote 6 bytes");
    ck_assert_ptr_null(strstr(echod.line, "error"));
    program_expect(&echod, " 0 cut off");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

/* A Unix client sees that it is cut off: the server does not send any more. Its
 * thread sleeps for a moment. */
START_TEST(a_client_is_reported_though_signals_go_on)
{
    const char *path = socket_path();
    struct pollfd client = {.events = POLLRDHUP};
    static unsigned char bytes[50000];
    int descriptors = 0;

    SERVE(&echod, LONG_GRACE, path);
    client.fd = connect_to_path(path);
    write_all(client.fd, bytes, sizeof bytes);
    EVENTUALLY(strstr(program_totals(&echod), " 50000 bytes") != NULL);
    descriptors = program_descriptors(&echod);
    program_signal(&echod, SIGTERM);
    EVENTUALLY(program_descriptors(&echod) < descriptors);
    program_signal(&echod, SIGTERM);
    ck_assert_int_eq(poll(&client, 1, 30000), 1);
    program_signal(&echod, SIGTERM);
    program_expect(&echod, "error: cut off by the stop (wrote 50000 bytes");
    program_expect(&echod, "stopped: 0 clients now");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

void suite_tests(TCase *tests)
{
    TCase *started = suite_case("started");

    tcase_add_checked_fixture(started, start_echod, stop_echod);
    tcase_add_loop_test(started, every_stop_signal_stops_the_server, 0, 3);

    tcase_add_checked_fixture(tests, NULL, stop_echod);
    tcase_add_test(tests, idle_clients_end_at_once);
    tcase_add_test(tests, received_bytes_are_echoed_after_the_signal);
    tcase_add_test(tests, the_echo_arrives_although_the_client_keeps_sending);
    tcase_add_test(tests, a_client_that_does_not_read_is_cut_off);
    tcase_add_loop_test(tests, a_second_signal_ends_the_grace_period, 0, 2);
    tcase_add_test(tests, an_idle_client_is_not_cut_off_by_two_signals_at_once);
    tcase_add_test(tests, a_client_is_reported_though_signals_go_on);
}
