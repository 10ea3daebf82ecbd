/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * The real program when a call waits for long or fails, see faults.c.
 */
#include "config.h"

#include "tests/common/suite.h"
#include "tests/echod/program.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

const char suite_name[] = "faults";

enum { HOLD_FD = 100 };

static struct program other;
static const char *fault;
static int hold_fds[2]; /* the test's end, and the program's */

static void set_up_faults(void)
{
    unix_pair(hold_fds);
    fcntl(hold_fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(hold_fds[1], F_SETFD, FD_CLOEXEC);
    setenv("ECHOD", getenv("FAULTY_ECHOD"), 1);
    setenv("HOLD_FD", "100", 1);
}

static void set_fault(void)
{
    setenv("FAULT", fault, 1);
    dup2(hold_fds[1], HOLD_FD);
}

static void tear_down(void)
{
    stop_echod();
    unlink(socket_path());
}

/* Wait until echod is in the call. */
static void expect_held(void)
{
    char byte = 1;

    read_all(hold_fds[0], &byte, 1);
}

/* Let this call and all others go on. */
static void release_all(void)
{
    close(hold_fds[1]);
    close(hold_fds[0]);
}

#define RUN_WITH(call, ...)                                                    \
    do {                                                                       \
        fault = (call);                                                        \
        echod.before = set_fault;                                              \
        RUN(&echod, __VA_ARGS__);                                              \
    } while (0)

static bool exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

/* ---- Two servers on one Unix socket ---- */

/* The file of a server that has died. */
static void make_stale(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(address.sun_path, path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

static void expect_in_use(struct program *program)
{
    program_expect_error(program, "Address already in use");
    ck_assert_int_eq(program_wait(program), 1);
}

static void expect_service(void)
{
    program_expect(&echod, "server running on ");
    program_ping(connect_to_path(socket_path()));
    program_stop(&echod);
    ck_assert(!exists(socket_path()));
}

START_TEST(a_socket_that_does_not_listen_yet_is_not_replaced)
{
    if (_i == 0)
        make_stale(socket_path());
    RUN_WITH("listen", socket_path());
    expect_held();
    RUN(&other, socket_path());
    expect_in_use(&other);
    release_all();
    expect_service();
}
END_TEST

START_TEST(only_one_server_replaces_a_stale_socket)
{
    make_stale(socket_path());
    RUN_WITH("unlink", socket_path());
    expect_held();
    RUN(&other, socket_path());
    EVENTUALLY(program_is_asleep(&other));
    release_all();
    expect_in_use(&other);
    expect_service();
}
END_TEST

START_TEST(a_server_that_ends_does_not_remove_the_file_of_the_next)
{
    RUN_WITH("unlink", socket_path());
    program_expect(&echod, "server running on ");
    program_expect_signals(&echod);
    program_signal(&echod, SIGTERM);
    expect_held();
    RUN(&other, socket_path());
    expect_in_use(&other);
    release_all();
    ck_assert_int_eq(program_wait(&echod), 0);
    RUN(&echod, socket_path());
    expect_service();
}
END_TEST

static bool has_settled(const struct program *program)
{
    return is_readable(program->err, 0) || program_is_asleep(program);
}

/* Start it ten times at once, and let none listen before the others have tried.
 * Returns how many serve; *server is one of them. */
static int start_ten(struct program **server)
{
    static struct program programs[10];
    int serving = 0;

    fault = "listen";
    for (int i = 0; i < 10; i++) {
        programs[i] = (struct program){.before = set_fault};
        RUN(&programs[i], socket_path());
    }
    expect_held();
    for (int i = 0; i < 10; i++)
        EVENTUALLY(has_settled(&programs[i]));
    release_all();
    for (int i = 0; i < 10; i++) {
        if (program_line(&programs[i], programs[i].out) == NULL) {
            expect_in_use(&programs[i]);
            continue;
        }
        *server = &programs[i];
        serving++;
    }
    return serving;
}

START_TEST(of_ten_servers_on_one_path_one_serves)
{
    struct program *server = NULL;

    if (_i == 0)
        make_stale(socket_path());
    ck_assert_int_eq(start_ten(&server), 1);
    program_ping(connect_to_path(socket_path()));
    program_expect_signals(server);
    program_stop(server);
    ck_assert(!exists(socket_path()));
}
END_TEST

/* ---- Signals ---- */

static const struct {
    const char *call;
    int signal;
} look_ups[] = {
    {"getaddrinfo", SIGINT}, {"getaddrinfo", SIGTERM}, {"getpwnam", SIGINT}};

START_TEST(a_signal_ends_a_look_up_and_no_file_is_left)
{
    RUN_WITH(look_ups[_i].call, "--user=nobody", socket_path(), "localhost:0");
    expect_held();
    program_signal(&echod, look_ups[_i].signal);
    ck_assert_int_eq(program_wait(&echod), 128 + look_ups[_i].signal);
    ck_assert(!exists(socket_path()));
}
END_TEST

START_TEST(a_pipe_that_fails_ends_the_server_with_status_1)
{
    RUN_WITH("read", socket_path());
    program_expect(&echod, "server running on ");
    program_expect_signals(&echod);
    program_signal(&echod, SIGUSR1);
    program_expect(&echod, "stopped: ");
    program_expect_error(&echod, "echod: the pipe for signals: Input/output "
                                 "error (stopping)");
    ck_assert_ptr_null(program_line(&echod, echod.err));
    ck_assert_int_eq(program_wait(&echod), 1);
    ck_assert(!exists(socket_path()));
}
END_TEST

/* ---- A file for the log whose file system hangs ---- */

static FILE *log_file;
static bool is_error_a_file; /* standard error, besides standard output */

static void log_to_file(void)
{
    set_fault();
    pass_listener();
    if (dup2(fileno(log_file), STDOUT_FILENO) < 0 ||
        (is_error_a_file && dup2(fileno(log_file), STDERR_FILENO) < 0))
        _exit(125);
}

/* Only a server that does not wait for the end of the grace passes. */
static void serve_with_held_log(void)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;

    log_file = tmpfile();
    ck_assert_ptr_nonnull(log_file);
    passed_fd = listen_on_loopback();
    getsockname(passed_fd, (struct sockaddr *)&address, &length);
    echod.port = ntohs(address.sin_port);
    echod.before = log_to_file;
    fault = "write";
    RUN(&echod, "-v", "--max-per-host=1", "--grace=100000");
    expect_held();
    program_expect_signals(&echod);
}

/* One client is served and another one refused. */
static void expect_echo_and_refusal(void)
{
    int fd = program_connect(&echod);

    program_ping(fd);
    ck_assert_uint_eq(read_to_end(program_connect(&echod)), 0);
    shutdown(fd, SHUT_WR);
    ck_assert_uint_eq(read_to_end(fd), 0);
    close(fd);
}

/* Each line of the file contains its words. */
static void expect_log(const char *const words[])
{
    char line[256];

    rewind(log_file);
    for (; *words != NULL; words++) {
        ck_assert_ptr_nonnull(fgets(line, sizeof line, log_file));
        ck_assert_msg(strstr(line, *words) != NULL, "%s: no %s", line, *words);
    }
    ck_assert_ptr_null(fgets(line, sizeof line, log_file));
}

START_TEST(lines_wait_in_order_for_a_file_that_hangs)
{
    serve_with_held_log();
    expect_echo_and_refusal();
    release_all();
    program_stop(&echod);
    program_expect_root_warning(&echod);
    ck_assert_ptr_null(program_line(&echod, echod.err));
    expect_log((const char *const[]){
        "server running on 127.0.0.1:", "connect from 127.0.0.1:",
        "refused 127.0.0.1:", "wrote 6 bytes to 127.0.0.1:",
        "stopped: 0 clients now, 1 so far, 1 ref", NULL});
}
END_TEST

START_TEST(a_file_that_hangs_holds_up_neither_clients_nor_a_stop)
{
    is_error_a_file = _i == 1;
    serve_with_held_log();
    expect_echo_and_refusal();
    expect_echo_and_refusal();
    program_stop(&echod);
    if (is_error_a_file)
        return;
    program_expect_root_warning(&echod);
    ck_assert_pstr_eq(program_line(&echod, echod.err),
                      "echod: standard output: 8 lines were lost");
    ck_assert_ptr_null(program_line(&echod, echod.err));
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up_faults, tear_down);
    tcase_add_loop_test(
        tests, a_socket_that_does_not_listen_yet_is_not_replaced, 0, 2);
    tcase_add_test(tests, only_one_server_replaces_a_stale_socket);
    tcase_add_test(tests,
                   a_server_that_ends_does_not_remove_the_file_of_the_next);
    tcase_add_loop_test(tests, of_ten_servers_on_one_path_one_serves, 0, 2);
    tcase_add_loop_test(tests, a_signal_ends_a_look_up_and_no_file_is_left, 0,
                        sizeof look_ups / sizeof look_ups[0]);
    tcase_add_test(tests, a_pipe_that_fails_ends_the_server_with_status_1);
    tcase_add_test(tests, lines_wait_in_order_for_a_file_that_hangs);
    tcase_add_loop_test(
        tests, a_file_that_hangs_holds_up_neither_clients_nor_a_stop, 0, 2);
}
