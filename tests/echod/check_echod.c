/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * The real program over real sockets: what an operator can count on.
 */
#include "config.h"

#include "tests/common/suite.h"
#include "tests/echod/program.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

const char suite_name[] = "echod";

/* End a client's half, see the end, and return the line that reports it. */
static const char *end_client(int fd)
{
    shutdown(fd, SHUT_WR);
    ck_assert_uint_eq(read_to_end(fd), 0);
    close(fd);
    return program_line(&echod, echod.out);
}

START_TEST(several_addresses_are_served_at_once)
{
    const char *path = socket_path();
    struct stat status;
    int fd = -1;

    SERVE(&echod, "127.0.0.1:0", "[::1]:0", path);
    ck_assert_ptr_nonnull(program_expect(&echod, "server running on [::1]:"));
    ck_assert_ptr_nonnull(program_expect(&echod, path));
    program_ping(program_connect(&echod));
    fd = connect_to_path(path);
    program_ping(fd);
    ck_assert_ptr_nonnull(strstr(end_client(fd), "wrote 6 bytes to unix in"));
    program_stop(&echod);
    ck_assert_int_eq(stat(path, &status), -1);
}
END_TEST

/* ---- Options ---- */

START_TEST(verbose_tells_of_connects)
{
    SERVE(&echod, "-v", "127.0.0.1:0");
    program_connect(&echod);
    program_expect(&echod, "connect from 127.0.0.1:");
}
END_TEST

START_TEST(json_tells_how_a_client_ended)
{
    int fd = -1;

    SERVE(&echod, "-ljson", "127.0.0.1:0");
    fd = program_connect(&echod);
    program_ping(fd);
    end_client(fd);
    ck_assert_ptr_nonnull(strstr(echod.line, "\"bytes\":6,"));
    ck_assert_ptr_nonnull(strstr(echod.line, "\"end\":\"eof\"}"));
    fd = program_connect(&echod);
    program_ping(fd);
    program_signal(&echod, SIGTERM);
    program_expect(&echod, "\"end\":\"stopped\"}");
    program_expect(&echod, "\"event\":\"stop\"");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(log_none_says_nothing)
{
    const char *path = socket_path();

    RUN(&echod, "--log=none", path);
    program_ping(connect_to_path(path));
    program_stop(&echod);
    ck_assert_ptr_null(program_line(&echod, echod.out));
    ck_assert_ptr_null(program_line(&echod, echod.err));
}
END_TEST

START_TEST(two_servers_share_an_address_with_reuseport)
{
    struct program other = {.before = NULL};
    char address[32];

    SERVE(&echod, "--reuseport", "127.0.0.1:0");
    snprintf(address, sizeof address, "127.0.0.1:%d", echod.port);
    SERVE(&other, "--reuseport", address);
    ck_assert_int_eq(other.port, echod.port);
    program_stop(&echod);
    program_ping(program_connect(&other));
    program_stop(&other);
}
END_TEST

START_TEST(privileges_are_dropped_after_binding)
{
    SERVE(&echod, "--user=nobody", "127.0.0.1:0");
    ck_assert_int_eq(program_proc_status(&echod, "Uid:"),
                     (long)getpwnam("nobody")->pw_uid);
    program_ping(program_connect(&echod));
}
END_TEST

START_TEST(the_same_port_can_be_bound_again_at_once)
{
    char address[32];
    int fd = -1;

    SERVE(&echod, "127.0.0.1:0");
    fd = program_connect(&echod);
    program_ping(fd);
    program_stop(&echod);
    snprintf(address, sizeof address, "127.0.0.1:%d", echod.port);
    SERVE(&echod, address);
    program_ping(program_connect(&echod));
}
END_TEST

/* A client's seat is free a moment after its report, and its bytes are counted
 * a moment after they went out. */
START_TEST(totals_count_who_is_here_too)
{
    SERVE(&echod, "127.0.0.1:0");
    end_client(program_connect(&echod));
    program_ping(program_connect(&echod));
    do {
        program_signal(&echod, SIGUSR1);
        program_expect(&echod, "totals: ");
    } while (strstr(echod.line, "totals: 2 clients now") != NULL ||
             strstr(echod.line, ", 0 bytes") != NULL);
    ck_assert_ptr_nonnull(strstr(echod.line,
                                 "totals: 1 clients now, 2 so far, 0 refused, "
                                 "0 cut off, 6 bytes, 0 lines lost, "));
}
END_TEST

/* ---- Bad times ---- */

static const char *const bad_outputs[] = {"/dev/full", "", "pipe"};

static void spoil_output(void)
{
    const char *path = getenv("BAD_OUTPUT");

    if (*path == '\0') {
        close(STDOUT_FILENO);
    } else if (*path == '/') {
        dup2(open(path, O_WRONLY), STDOUT_FILENO);
    } else {
        int fds[2];

        if (pipe(fds) == 0)
            dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        close(fds[1]);
    }
}

START_TEST(whatever_becomes_of_standard_output_service_goes_on)
{
    const char *path = socket_path();

    echod.before = spoil_output;
    setenv("BAD_OUTPUT", bad_outputs[_i], 1);
    RUN(&echod, path);
    program_ping(connect_to_path(path));
    program_expect_error(&echod, "echod: standard output: ");
    ck_assert_ptr_nonnull(strstr(echod.line, "(reports are being lost)"));
    program_ping(connect_to_path(path));
    program_signal(&echod, SIGTERM);
    program_expect_error(&echod, "4 lines were lost");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(a_stalled_standard_output_stalls_no_client)
{
    int waiting = -1;

    SERVE(&echod, "-v", "127.0.0.1:0");
    fcntl(echod.out, F_SETPIPE_SZ, 4096); /* so that it fills soon */
    waiting = program_connect(&echod);
    while (!is_readable(echod.err, 0)) {
        int fd = program_connect(&echod);

        program_ping(fd);
        shutdown(fd, SHUT_WR);
        read_to_end(fd);
        close(fd);
    }
    program_expect_error(&echod, "(reports are being lost)");
    program_ping(waiting);
    program_signal(&echod, SIGTERM);
    ck_assert_int_eq(program_wait(&echod), 0);
    program_expect_error(&echod, "lines were lost");
}
END_TEST

/* ---- Supervisors ---- */

static int listen_fd;

/* As sd_listen_fds(3) expects it. */
static void pass_listener(void)
{
    char pid[32];

    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    if (dup2(listen_fd, 3) < 0)
        _exit(125);
}

START_TEST(an_inherited_socket_is_served_and_outlives_the_server)
{
    listen_fd = listen_on_loopback();
    echod.before = pass_listener;
    SERVE(&echod, "192.0.2.1:7");
    program_ping(program_connect(&echod));
    program_stop(&echod);
    SERVE(&echod, NULL);
    program_ping(program_connect(&echod));
}
END_TEST

START_TEST(a_broken_listener_ends_the_service_with_status_1)
{
    int fd = -1;

    listen_fd = listen_on_loopback();
    echod.before = pass_listener;
    SERVE(&echod, NULL);
    fd = program_connect(&echod);
    program_ping(fd);
    shutdown(listen_fd, SHUT_RDWR);
    program_expect(&echod, "accept error = Invalid argument (the listener is "
                           "broken)");
    program_expect(&echod, "wrote 6 bytes");
    ck_assert_int_eq(program_wait(&echod), 1);
}
END_TEST

START_TEST(readiness_and_stopping_are_told)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    char heard[32] = "";

    snprintf(address.sun_path, sizeof address.sun_path, "%s.notify",
             socket_path());
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    RUN(&echod, "127.0.0.1:0");
    ck_assert(is_readable(fd, 30000));
    ck_assert_int_eq(read(fd, heard, sizeof heard), 7);
    ck_assert_str_eq(heard, "READY=1");
    program_stop(&echod);
    ck_assert(is_readable(fd, 30000));
    ck_assert_int_eq(read(fd, heard, sizeof heard), 10);
    ck_assert_int_eq(memcmp(heard, "STOPPING=1", 10), 0);
    unlink(address.sun_path);
}
END_TEST

static int inetd_fd;

static void be_inetd(void)
{
    dup2(inetd_fd, STDIN_FILENO);
    dup2(inetd_fd, STDOUT_FILENO);
}

static void be_inetd_with_error(void)
{
    be_inetd();
    dup2(inetd_fd, STDERR_FILENO);
}

static void be_inetd_with_output_elsewhere(void)
{
    dup2(inetd_fd, STDIN_FILENO);
    dup2(inetd_fd, STDERR_FILENO);
}

START_TEST(inetd_tells_a_client_nothing_though_its_echo_goes_elsewhere)
{
    int fds[2];

    tcp_pair(fds);
    inetd_fd = fds[1];
    echod.before = be_inetd_with_output_elsewhere;
    RUN(&echod, "--inetd");
    close(fds[1]);
    write_all(fds[0], "hello\n", 6);
    shutdown(fds[0], SHUT_WR);
    ck_assert_uint_eq(read_to_end(fds[0]), 0);
    ck_assert_str_eq(program_line(&echod, echod.out), "hello");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(inetd_serves_one_client_and_reports_elsewhere)
{
    int fds[2];

    tcp_pair(fds);
    inetd_fd = fds[1];
    echod.before = be_inetd;
    RUN(&echod, "--inetd");
    close(fds[1]);
    program_ping(fds[0]);
    shutdown(fds[0], SHUT_WR);
    ck_assert_uint_eq(read_to_end(fds[0]), 0);
    program_expect_error(&echod, "wrote 6 bytes to 127.0.0.1:");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(inetd_sends_nothing_but_the_echo)
{
    int fds[2];

    tcp_pair(fds);
    inetd_fd = fds[1];
    echod.before = be_inetd_with_error;
    if (_i == 0)
        RUN(&echod, "--inetd");
    else
        RUN(&echod, "--inetd", "--bogus");
    close(fds[1]);
    if (_i == 0)
        program_ping(fds[0]);
    shutdown(fds[0], SHUT_WR);
    ck_assert_uint_eq(read_to_end(fds[0]), 0);
    ck_assert_int_eq(program_wait(&echod), _i == 0 ? 0 : 2);
}
END_TEST

START_TEST(inetd_has_the_time_limit_too)
{
    int fds[2];

    tcp_pair(fds);
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    inetd_fd = fds[1];
    echod.before = be_inetd;
    RUN(&echod, "--inetd", "--timeout=0.1");
    program_expect_error(&echod, "error: timed out (wrote 0 bytes");
    ck_assert_int_eq(program_wait(&echod), 1);
}
END_TEST

#define ADD(test) tcase_add_test(tests, test)
#define ADD_LOOP(test, times) tcase_add_loop_test(tests, test, 0, times)

void suite_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, stop_echod);
    ADD(several_addresses_are_served_at_once);
    ADD(verbose_tells_of_connects);
    ADD(json_tells_how_a_client_ended);
    ADD(log_none_says_nothing);
    ADD(two_servers_share_an_address_with_reuseport);
    if (getuid() == 0)
        ADD(privileges_are_dropped_after_binding);
    ADD(the_same_port_can_be_bound_again_at_once);
    ADD(totals_count_who_is_here_too);
    ADD_LOOP(whatever_becomes_of_standard_output_service_goes_on, 3);
    ADD(a_stalled_standard_output_stalls_no_client);
    ADD(an_inherited_socket_is_served_and_outlives_the_server);
    ADD(a_broken_listener_ends_the_service_with_status_1);
    ADD(readiness_and_stopping_are_told);
    ADD(inetd_serves_one_client_and_reports_elsewhere);
    ADD(inetd_tells_a_client_nothing_though_its_echo_goes_elsewhere);
    ADD_LOOP(inetd_sends_nothing_but_the_echo, 2);
    ADD(inetd_has_the_time_limit_too);
}
