/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * The real program reports what happened to the echo of a client that has sent
 * everything, and keeps its slot until then.
 */
#include "config.h"

#include "tests/common/suite.h"
#include "tests/echod/program.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char suite_name[] = "delivery";

/* More than a receive buffer of 4 KiB takes, and less than the server's send
 * buffer does. */
enum { SENT = 100000 };

static int connect_with_small_buffer(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int size = 4096;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)echod.port);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size),
                     0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address),
                     0);
    return fd;
}

/* Send everything, half-close, and wait until the server has written all of the
 * echo. None of it is read. */
static void send_and_half_close(int fd)
{
    static unsigned char bytes[SENT];

    write_all(fd, bytes, sizeof bytes);
    shutdown(fd, SHUT_WR);
    EVENTUALLY(strstr(program_totals(&echod), " 100000 bytes") != NULL);
}

/* The client keeps its connection and reads nothing. */
static int start_client_that_does_not_read(void)
{
    int fd = connect_with_small_buffer();

    send_and_half_close(fd);
    return fd;
}

START_TEST(a_reset_before_the_echo_arrived_is_an_error)
{
    int fd = -1;

    SERVE(&echod, "--grace=100000", "127.0.0.1:0");
    fd = start_client_that_does_not_read();
    if (_i == 1)
        program_signal(&echod, SIGTERM);
    reset_connection(fd);
    program_expect(&echod, "(wrote 100000 bytes");
    if (_i == 1)
        ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(an_echo_that_is_read_late_is_no_error)
{
    int fd = -1;

    SERVE(&echod, "127.0.0.1:0");
    fd = start_client_that_does_not_read();
    ck_assert_ptr_nonnull(strstr(program_totals(&echod), "1 clients now"));
    ck_assert_uint_eq(read_to_end(fd), SENT);
    program_expect(&echod, "wrote 100000 bytes");
    ck_assert_ptr_null(strstr(echod.line, "error"));
}
END_TEST

START_TEST(a_client_that_has_not_read_its_echo_counts_for_its_host)
{
    int fd = -1;

    SERVE(&echod, "-C1", "127.0.0.1:0");
    fd = start_client_that_does_not_read();
    ck_assert_uint_eq(read_to_end(program_connect(&echod)), 0);
    program_expect(&echod, "refused 127.0.0.1:");
    ck_assert_uint_eq(read_to_end(fd), SENT);
    program_expect(&echod, "wrote 100000 bytes");
    program_ping(program_connect(&echod));
}
END_TEST

static bool is_reset(int fd)
{
    struct pollfd pollfd = {.fd = fd, .events = 0};

    return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & POLLERR) != 0;
}

/* Closed without a reset, the echo would stay in the kernel's memory. */
START_TEST(a_client_that_times_out_leaves_nothing_behind)
{
    int fd = -1;

    SERVE(&echod, "--timeout=0.2", "127.0.0.1:0");
    if (_i == 0)
        fd = start_client_that_does_not_read();
    else
        fd = program_connect_without_reading(&echod);
    program_expect(&echod, "error: timed out (wrote ");
    EVENTUALLY(is_reset(fd));
}
END_TEST

START_TEST(a_stop_cuts_off_a_client_that_has_not_read_its_echo)
{
    SERVE(&echod, "--grace=0.2", "127.0.0.1:0");
    start_client_that_does_not_read();
    program_signal(&echod, SIGTERM);
    program_expect(&echod, "error: cut off by the stop (wrote 100000 bytes");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(a_unix_client_that_closes_without_reading_is_an_error)
{
    const char *path = socket_path();
    int fd = -1;

    SERVE(&echod, path);
    fd = connect_to_path(path);
    write_all(fd, "unread", 6);
    if (_i == 1)
        shutdown(fd, SHUT_WR);
    EVENTUALLY(strstr(program_totals(&echod), " 6 bytes") != NULL);
    close(fd);
    program_expect(&echod, "error: Connection reset by peer (wrote 6 bytes");
}
END_TEST

START_TEST(a_unix_client_that_reads_late_is_no_error)
{
    const char *path = socket_path();
    int fd = -1;

    SERVE(&echod, path);
    fd = connect_to_path(path);
    send_and_half_close(fd);
    ck_assert_ptr_nonnull(strstr(program_totals(&echod), "1 clients now"));
    ck_assert_uint_eq(read_to_end(fd), SENT);
    program_expect(&echod, "wrote 100000 bytes");
    ck_assert_ptr_null(strstr(echod.line, "error"));
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, stop_echod);
    tcase_add_loop_test(tests, a_reset_before_the_echo_arrived_is_an_error, 0,
                        2);
    tcase_add_test(tests, an_echo_that_is_read_late_is_no_error);
    tcase_add_test(tests,
                   a_client_that_has_not_read_its_echo_counts_for_its_host);
    tcase_add_loop_test(tests, a_client_that_times_out_leaves_nothing_behind, 0,
                        2);
    tcase_add_test(tests, a_stop_cuts_off_a_client_that_has_not_read_its_echo);
    tcase_add_loop_test(
        tests, a_unix_client_that_closes_without_reading_is_an_error, 0, 2);
    tcase_add_test(tests, a_unix_client_that_reads_late_is_no_error);
}
