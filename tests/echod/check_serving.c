/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * The real program: the echo, and clients that do not affect each other.
 */
#include "config.h"

#include "tests/common/suite.h"
#include "tests/echod/program.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char suite_name[] = "serving";

START_TEST(bytes_come_back_and_are_reported)
{
    int fd = program_connect(&echod);
    struct sockaddr_in local;
    socklen_t length = sizeof local;
    char expected[64];

    getsockname(fd, (struct sockaddr *)&local, &length);
    snprintf(expected, sizeof expected, "wrote 12 bytes to 127.0.0.1:%d in 0.",
             ntohs(local.sin_port));
    program_ping(fd);
    program_ping(fd);
    program_end_client(&echod, fd, expected);
    ck_assert_ptr_eq(strstr(echod.line, expected), echod.line);
}
END_TEST

START_TEST(the_rest_is_echoed_after_a_half_close)
{
    static unsigned char sent[300000];
    static unsigned char received[300000];
    int fd = program_connect(&echod);

    fill(sent, sizeof sent, 1);
    write_all(fd, sent, sizeof sent);
    shutdown(fd, SHUT_WR);
    read_all(fd, received, sizeof received);
    ck_assert_int_eq(memcmp(sent, received, sizeof sent), 0);
    program_end_client(&echod, fd, "wrote 300000 bytes");
}
END_TEST

START_TEST(a_client_that_sends_nothing_is_reported)
{
    program_end_client(&echod, program_connect(&echod), "wrote 0 bytes");
}
END_TEST

START_TEST(a_thousand_clients_are_served_at_once)
{
    enum { CLIENTS = 1000 };
    static int fds[CLIENTS];

    for (int i = 0; i < CLIENTS; i++)
        fds[i] = program_connect(&echod);
    for (int i = CLIENTS - 1; i >= 0; i--)
        program_ping(fds[i]);
    ck_assert_int_ge(program_proc_status(&echod, "Threads:"), CLIENTS + 1);
    for (int i = 0; i < CLIENTS; i++)
        program_end_client(&echod, fds[i], "wrote 6 bytes");
}
END_TEST

/* Memory may grow during the first thousand, and must not after that. A thread
 * sanitizer starts a thread of its own some time after the start. */
START_TEST(ten_thousand_connections_leak_nothing)
{
    long threads = program_proc_status(&echod, "Threads:");
    int descriptors = program_descriptors(&echod);
    long memory = 0;

    for (int i = 0; i < 10000; i++) {
        int fd = program_connect(&echod);

        program_ping(fd);
        program_end_client(&echod, fd, "wrote 6 bytes");
        if (i == 1000)
            memory = program_proc_status(&echod, "VmRSS:");
    }
    EVENTUALLY(program_proc_status(&echod, "Threads:") <=
               threads + (CLIENT_STACK_EXTRA > 0));
    ck_assert_int_eq(program_descriptors(&echod), descriptors);
#if CLIENT_STACK_EXTRA == 0
    ck_assert_int_le(program_proc_status(&echod, "VmRSS:"), memory + 256);
#else
    (void)memory;
#endif
}
END_TEST

START_TEST(a_reset_is_reported_and_affects_no_other_client)
{
    int other_fd = program_connect(&echod);
    int fd = program_connect(&echod);

    program_ping(fd);
    reset_connection(fd);
    program_expect(&echod,
                   "error: Connection reset by peer (wrote 6 bytes to ");
    program_ping(other_fd);
}
END_TEST

START_TEST(a_client_that_does_not_read_delays_no_other)
{
    int fd = -1;

    SERVE(&echod, "--grace=0", "127.0.0.1:0");
    program_connect_without_reading(&echod);
    fd = program_connect(&echod);
    for (int i = 0; i < 1000; i++)
        program_ping(fd);
}
END_TEST

START_TEST(every_chunk_is_delayed)
{
    int fd = -1;

    SERVE(&echod, "--delay=100", "127.0.0.1:0");
    fd = program_connect(&echod);
    for (int i = 0; i < 3; i++) {
        int64_t start = now_ms();

        program_ping(fd);
        ck_assert_int_ge(now_ms() - start, 99);
    }
}
END_TEST

/* Out-of-band bytes are echoed in their place, as ordinary bytes. */
static void expect_urgent_byte(int fd)
{
    char bytes[8] = "";

    write_all(fd, "abc", 3);
    ck_assert_int_eq(send(fd, "X", 1, MSG_OOB), 1);
    write_all(fd, "def", 3);
    shutdown(fd, SHUT_WR);
    ck_assert_int_eq(recv(fd, bytes, 7, MSG_WAITALL), 7);
    ck_assert_str_eq(bytes, "abcXdef");
    ck_assert_uint_eq(read_to_end(fd), 0);
    program_expect(&echod, "wrote 7 bytes");
}

START_TEST(an_urgent_byte_is_echoed)
{
    const char *path = socket_path();

    SERVE(&echod, "127.0.0.1:0", path);
    if (_i == 0) {
        expect_urgent_byte(program_connect(&echod));
    } else {
        int fd = connect_to_path(path);

        if (send(fd, "X", 1, MSG_OOB) < 0 && errno == EOPNOTSUPP)
            return; /* before Linux 5.15 */
        close(fd);
        expect_urgent_byte(connect_to_path(path));
    }
}
END_TEST

void suite_tests(TCase *tests)
{
    TCase *started = suite_case("started");

    tcase_add_checked_fixture(started, start_echod, stop_echod);
    tcase_add_test(started, bytes_come_back_and_are_reported);
    tcase_add_test(started, the_rest_is_echoed_after_a_half_close);
    tcase_add_test(started, a_client_that_sends_nothing_is_reported);
    tcase_add_test(started, a_thousand_clients_are_served_at_once);
    tcase_add_test(started, ten_thousand_connections_leak_nothing);
    tcase_add_test(started, a_reset_is_reported_and_affects_no_other_client);

    tcase_add_checked_fixture(tests, NULL, stop_echod);
    tcase_add_test(tests, a_client_that_does_not_read_delays_no_other);
    tcase_add_test(tests, every_chunk_is_delayed);
    tcase_add_loop_test(tests, an_urgent_byte_is_echoed, 0, 2);
}
