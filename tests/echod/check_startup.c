/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * The real program and its surroundings: addresses, another user, a
 * supervisor, inetd(8).
 */
#include "config.h"

#include "echod/sendqueue.h"
#include "tests/common/suite.h"
#include "tests/echod/program.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

const char suite_name[] = "startup";

/* ---- Addresses ---- */

START_TEST(several_addresses_are_served_at_once)
{
    const char *path = socket_path();
    struct stat status;
    int fd = -1;

    SERVE(&echod, "127.0.0.1:0", "[::1]:0", path);
    program_expect(&echod, "server running on [::1]:");
    program_expect(&echod, path);
    program_ping(program_connect(&echod));
    fd = connect_to_path(path);
    program_ping(fd);
    program_end_client(&echod, fd, "wrote 6 bytes to unix in");
    program_stop(&echod);
    ck_assert_int_eq(stat(path, &status), -1);
}
END_TEST

START_TEST(a_unix_socket_has_the_mode_that_is_asked_for)
{
    const char *path = socket_path();
    struct stat status;

    SERVE(&echod, "--mode=606", path);
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode, S_IFSOCK | 0606);
}
END_TEST

/* The server closes first, so the kernel still has a connection on its port. */
START_TEST(a_port_can_be_bound_again_at_once)
{
    char address[32];

    SERVE(&echod, "127.0.0.1:0");
    program_ping(program_connect(&echod));
    program_stop(&echod);
    snprintf(address, sizeof address, "127.0.0.1:%d", echod.port);
    SERVE(&echod, address);
    program_ping(program_connect(&echod));
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

/* ---- Privileges ---- */

START_TEST(privileges_are_dropped_after_binding)
{
    SERVE(&echod, "--user=nobody", "127.0.0.1:0");
    ck_assert_int_eq(program_proc_status(&echod, "Uid:"),
                     (long)getpwnam("nobody")->pw_uid);
    program_ping(program_connect(&echod));
    program_stop(&echod);
    ck_assert_ptr_null(program_line(&echod, echod.err));
}
END_TEST

START_TEST(a_user_and_a_group_may_be_numbers)
{
    SERVE(&echod, "--user=54321", "--group=54322", "127.0.0.1:0");
    ck_assert_int_eq(program_proc_status(&echod, "Uid:"), 54321);
    ck_assert_int_eq(program_proc_status(&echod, "Gid:"), 54322);
    ck_assert_int_eq(program_proc_status(&echod, "Groups:"), 54322);
}
END_TEST

START_TEST(serving_as_root_is_said_once)
{
    SERVE(&echod, "127.0.0.1:0", "[::1]:0");
    program_ping(program_connect(&echod));
    program_expect_root_warning(&echod);
    program_stop(&echod);
    ck_assert_ptr_null(program_line(&echod, echod.err));
}
END_TEST

static void drop_setuid(void)
{
    prctl(PR_CAPBSET_DROP, CAP_SETUID);
}

static void expect_failure(const char *message)
{
    struct stat status;

    program_expect_error(&echod, message);
    ck_assert_int_eq(program_wait(&echod), 1);
    ck_assert_int_eq(lstat(socket_path(), &status), -1);
}

START_TEST(a_user_that_cannot_be_taken_leaves_no_file)
{
    echod.before = drop_setuid;
    RUN(&echod, "--user=nobody", socket_path());
    expect_failure("echod: cannot become nobody: Operation not permitted");
}
END_TEST

/* The user may not remove root's file from a directory that is sticky. */
START_TEST(a_start_that_fails_leaves_no_file)
{
    RUN(&echod, "--user=nobody", "--max-clients=2000000000", socket_path());
    expect_failure("echod: --max-clients=2000000000: this process can have ");
}
END_TEST

/* ---- Threads ---- */

static const char *const tls_sizes[] = {"512", "13312", "65536", "500000",
                                        "4000000"};
static const char *tls_size;

static void enlarge_thread_local_storage(void)
{
    char tunable[64];

    snprintf(tunable, sizeof tunable, "glibc.rtld.optional_static_tls=%s",
             tls_size);
    setenv("GLIBC_TUNABLES", tunable, 1);
}

/* glibc takes it from the stack of each thread. The sanitizers have limits of
 * their own for that. */
START_TEST(a_stack_has_space_beside_thread_local_storage)
{
    int fd = -1;

    tls_size = tls_sizes[_i];
    echod.before = enlarge_thread_local_storage;
    SERVE(&echod, "127.0.0.1:0");
    fd = program_connect(&echod);
    program_ping(fd);
    program_end_client(&echod, fd, "wrote 6 bytes");
}
END_TEST

/* ---- Supervisors ---- */

/* 192.0.2.1 is an address that no machine has (RFC 5737). */
START_TEST(an_inherited_socket_outlives_the_server)
{
    passed_fd = listen_on_loopback();
    echod.before = pass_listener;
    SERVE(&echod, "192.0.2.1:7");
    program_ping(program_connect(&echod));
    program_stop(&echod);
    SERVE(&echod, NULL);
    program_ping(program_connect(&echod));
}
END_TEST

START_TEST(a_broken_listener_stops_the_server_with_status_1)
{
    passed_fd = listen_on_loopback();
    echod.before = pass_listener;
    SERVE(&echod, NULL);
    program_ping(program_connect(&echod));
    shutdown(passed_fd, SHUT_RDWR);
    program_expect(&echod, "accept error = Invalid argument (the listener is "
                           "broken)");
    program_expect(&echod, "wrote 6 bytes");
    ck_assert_int_eq(program_wait(&echod), 1);
}
END_TEST

static void expect_datagram(int fd, const char *text)
{
    char datagram[32] = "";

    ck_assert(is_readable(fd, 30000));
    ck_assert_int_gt(read(fd, datagram, sizeof datagram - 1), 0);
    ck_assert_str_eq(datagram, text);
}

START_TEST(the_supervisor_is_notified_of_start_and_stop)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    strcpy(address.sun_path, socket_path());
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", socket_path(), 1);
    RUN(&echod, "127.0.0.1:0");
    expect_datagram(fd, "READY=1");
    program_expect_signals(&echod);
    program_stop(&echod);
    expect_datagram(fd, "STOPPING=1");
    unlink(socket_path());
}
END_TEST

/* ---- inetd ---- */

static int client_fd;

static void socket_as_input_and_output(void)
{
    dup2(client_fd, STDIN_FILENO);
    dup2(client_fd, STDOUT_FILENO);
}

static void socket_as_input_output_and_error(void)
{
    socket_as_input_and_output();
    dup2(client_fd, STDERR_FILENO);
}

static void socket_as_input_and_error(void)
{
    dup2(client_fd, STDIN_FILENO);
    dup2(client_fd, STDERR_FILENO);
}

static int output_fd;

static void two_sockets(void)
{
    dup2(client_fd, STDIN_FILENO);
    dup2(output_fd, STDOUT_FILENO);
}

static void nonblocking_socket(void)
{
    fcntl(client_fd, F_SETFL, O_NONBLOCK);
    socket_as_input_and_output();
}

/* Start "echod --inetd", with one option more unless it is NULL, on one end of
 * a connection. Returns the other end. */
static int run_inetd(void (*set_descriptors)(void), const char *option)
{
    int fds[2];

    tcp_pair(fds);
    client_fd = fds[1];
    echod.before = set_descriptors;
    RUN(&echod, "--inetd", option);
    close(fds[1]);
    return fds[0];
}

START_TEST(inetd_serves_one_client_and_reports_on_standard_error)
{
    int fd = run_inetd(socket_as_input_and_output, NULL);

    program_ping(fd);
    shutdown(fd, SHUT_WR);
    ck_assert_uint_eq(read_to_end(fd), 0);
    program_expect_error(&echod, "wrote 6 bytes to 127.0.0.1:");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(inetd_sends_a_client_no_report)
{
    int fd = run_inetd(socket_as_input_output_and_error, NULL);

    program_ping(fd);
    shutdown(fd, SHUT_WR);
    ck_assert_uint_eq(read_to_end(fd), 0);
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(inetd_sends_a_client_no_usage_error)
{
    int fd = run_inetd(socket_as_input_output_and_error, "--bogus");

    shutdown(fd, SHUT_WR);
    ck_assert_uint_eq(read_to_end(fd), 0);
    ck_assert_int_eq(program_wait(&echod), 2);
}
END_TEST

START_TEST(inetd_sends_a_client_no_report_if_the_echo_goes_elsewhere)
{
    int fd = run_inetd(socket_as_input_and_error, NULL);

    write_all(fd, "hello\n", 6);
    shutdown(fd, SHUT_WR);
    ck_assert_uint_eq(read_to_end(fd), 0);
    ck_assert_str_eq(program_line(&echod, echod.out), "hello");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(inetd_echoes_an_urgent_byte)
{
    char bytes[4] = "";
    int fd = run_inetd(socket_as_input_and_output, NULL);

    write_all(fd, "a", 1);
    ck_assert_int_eq(send(fd, "X", 1, MSG_OOB), 1);
    write_all(fd, "b", 1);
    shutdown(fd, SHUT_WR);
    read_all(fd, bytes, 3);
    ck_assert_str_eq(bytes, "aXb");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

/* The test keeps a descriptor of the server's end, to see what was written. */
START_TEST(inetd_reports_a_reset_before_the_echo_arrived)
{
    enum { SENT = 100000 };
    static unsigned char bytes[SENT];
    int size = 4096;
    int received = 0;
    int fds[2];

    tcp_pair(fds);
    setsockopt(fds[0], SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    fcntl(fds[0], F_SETFD, FD_CLOEXEC); /* else the server had it, too */
    client_fd = fds[1];
    echod.before = socket_as_input_and_output;
    RUN(&echod, "--inetd");
    write_all(fds[0], bytes, SENT);
    shutdown(fds[0], SHUT_WR);
    EVENTUALLY(ioctl(fds[0], FIONREAD, &received) == 0 &&
               received + sendqueue_bytes(fds[1]) >= SENT);
    ck_assert_int_lt(received, SENT);
    close(fds[1]);
    reset_connection(fds[0]);
    program_expect_error(&echod, " (wrote 100000 bytes");
    ck_assert_ptr_nonnull(strstr(echod.line, "error: "));
    ck_assert_int_eq(program_wait(&echod), 1);
}
END_TEST

/* Without blocking reads it would end at once. */
START_TEST(inetd_times_out_on_a_nonblocking_socket)
{
    int64_t start = now_ms();

    run_inetd(nonblocking_socket, "--timeout=0.2");
    program_expect_error(&echod, "error: timed out (wrote 0 bytes");
    ck_assert_int_ge(now_ms() - start, 199);
    ck_assert_int_eq(program_wait(&echod), 1);
}
END_TEST

/* Input always waits, so the time limit of standard input never passes. */
START_TEST(inetd_times_out_on_output_that_nobody_reads)
{
    static const char bytes[65536];
    int64_t start = now_ms();
    int fds[2];
    int in = -1;

    tcp_pair(fds);
    output_fd = fds[1];
    in = run_inetd(two_sockets, "--timeout=0.2");
    while (!is_readable(echod.err, 0)) {
        send(in, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
        ck_assert_int_lt(now_ms() - start, 30000);
    }
    program_expect_error(&echod, "error: timed out (wrote ");
    ck_assert_int_eq(program_wait(&echod), 1);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, stop_echod);
    tcase_add_test(tests, several_addresses_are_served_at_once);
    tcase_add_test(tests, a_unix_socket_has_the_mode_that_is_asked_for);
    tcase_add_test(tests, a_port_can_be_bound_again_at_once);
    tcase_add_test(tests, two_servers_share_an_address_with_reuseport);
    if (getuid() == 0) {
        tcase_add_test(tests, privileges_are_dropped_after_binding);
        tcase_add_test(tests, a_user_and_a_group_may_be_numbers);
        tcase_add_test(tests, serving_as_root_is_said_once);
        tcase_add_test(tests, a_user_that_cannot_be_taken_leaves_no_file);
        tcase_add_test(tests, a_start_that_fails_leaves_no_file);
    }
    if (!THREAD_SANITIZER && !ADDRESS_SANITIZER)
        tcase_add_loop_test(tests,
                            a_stack_has_space_beside_thread_local_storage, 0,
                            sizeof tls_sizes / sizeof tls_sizes[0]);
    tcase_add_test(tests, an_inherited_socket_outlives_the_server);
    tcase_add_test(tests, a_broken_listener_stops_the_server_with_status_1);
    tcase_add_test(tests, the_supervisor_is_notified_of_start_and_stop);
    tcase_add_test(tests,
                   inetd_serves_one_client_and_reports_on_standard_error);
    tcase_add_test(tests, inetd_sends_a_client_no_report);
    tcase_add_test(tests, inetd_sends_a_client_no_usage_error);
    tcase_add_test(tests,
                   inetd_sends_a_client_no_report_if_the_echo_goes_elsewhere);
    tcase_add_test(tests, inetd_echoes_an_urgent_byte);
    tcase_add_test(tests, inetd_reports_a_reset_before_the_echo_arrived);
    tcase_add_test(tests, inetd_times_out_on_a_nonblocking_socket);
    tcase_add_test(tests, inetd_times_out_on_output_that_nobody_reads);
}
