/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * The real program at a limit: clients, clients per host, time, descriptors,
 * threads.
 */
#include "config.h"

#include "tests/common/suite.h"
#include "tests/echod/program.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

const char suite_name[] = "limits";

/* ---- Clients ---- */

/* The server must not poll in a loop while a connection waits. */
START_TEST(at_the_limit_new_connections_wait)
{
    int fds[3];
    long cpu_ms = 0;

    SERVE(&echod, "--max-clients=2", "127.0.0.1:0");
    for (int i = 0; i < 3; i++)
        fds[i] = program_connect(&echod);
    write_all(fds[2], "x", 1);
    program_ping(fds[0]);
    program_ping(fds[1]);
    cpu_ms = program_cpu_ms(&echod);
    ck_assert(!is_readable(fds[2], 500));
    ck_assert_int_le(program_cpu_ms(&echod) - cpu_ms, 100);
    program_end_client(&echod, fds[0], "wrote 6 bytes");
    ck_assert(is_readable(fds[2], 30000));
    program_ping(fds[1]);
}
END_TEST

START_TEST(a_connection_that_is_reset_before_accept_is_harmless)
{
    int fd = -1;

    SERVE(&echod, "-c1", "127.0.0.1:0");
    fd = program_connect(&echod);
    program_ping(fd);
    for (int i = 0; i < 50; i++)
        reset_connection(program_connect(&echod));
    program_end_client(&echod, fd, "wrote 6 bytes");
    program_ping(program_connect(&echod));
}
END_TEST

START_TEST(a_client_above_the_limit_per_host_is_refused)
{
    int fd = -1;

    SERVE(&echod, "-C", "1", "127.0.0.1:0");
    fd = program_connect(&echod);
    program_ping(fd);
    ck_assert_uint_eq(read_to_end(program_connect(&echod)), 0);
    program_expect(&echod, "refused 127.0.0.1:");
    program_ping(fd);
    program_end_client(&echod, fd, "wrote 12 bytes");
    program_ping(program_connect(&echod));
    ck_assert_ptr_nonnull(
        strstr(program_totals(&echod), "clients now, 2 so far, 1 refused"));
}
END_TEST

/* A client that sees the end of its connection may connect again at once. The
 * server has little time to be wrong, so it is tried often. */
START_TEST(a_closed_client_does_not_count_for_its_host)
{
    SERVE(&echod, "-C", "1", "127.0.0.1:0");
    for (int i = 0; i < 500; i++) {
        int fd = program_connect(&echod);

        program_ping(fd);
        shutdown(fd, SHUT_WR);
        ck_assert_uint_eq(read_to_end(fd), 0);
        close(fd);
    }
}
END_TEST

/* ---- Time ---- */

START_TEST(a_silent_client_times_out)
{
    SERVE(&echod, "--timeout=0.2", "127.0.0.1:0");
    ck_assert_uint_eq(read_to_end(program_connect(&echod)), 0);
    program_expect(&echod, "error: timed out (wrote 0 bytes to 127.0.0.1:");
}
END_TEST

START_TEST(a_client_that_does_not_read_times_out)
{
    SERVE(&echod, "--timeout=0.3", "127.0.0.1:0");
    program_connect_without_reading(&echod);
    program_expect(&echod, "error: timed out (wrote ");
}
END_TEST

/* It reads its receive buffer several times within the time limit. */
START_TEST(a_slow_reader_does_not_time_out)
{
    char bytes[1024];
    int64_t end = 0;
    int fd = -1;

    SERVE(&echod, "--timeout=1", "127.0.0.1:0");
    fd = program_connect_with_buffer(&echod, 4096);
    program_fill(&echod, fd);
    for (end = now_ms() + 3000; now_ms() < end;) {
        read_all(fd, bytes, sizeof bytes);
        ck_assert(!is_readable(echod.out, 30));
    }
}
END_TEST

/* It reads much less than its receive buffer: nothing is acknowledged. */
START_TEST(a_reader_below_the_lowest_rate_times_out)
{
    char byte = 0;
    int fd = -1;

    SERVE(&echod, "--timeout=0.3", "127.0.0.1:0");
    fd = program_connect_with_buffer(&echod, 65536);
    program_fill(&echod, fd);
    while (!is_readable(echod.out, 20))
        read_all(fd, &byte, 1);
    program_expect(&echod, "error: timed out (wrote ");
}
END_TEST

START_TEST(an_active_client_does_not_time_out)
{
    int fd = -1;
    int64_t end = 0;

    SERVE(&echod, "--timeout=2", "127.0.0.1:0");
    fd = program_connect(&echod);
    for (end = now_ms() + 3000; now_ms() < end;) {
        program_ping(fd);
        is_readable(fd, 50);
    }
    program_end_client(&echod, fd, "wrote ");
    ck_assert_ptr_null(strstr(echod.line, "error"));
}
END_TEST

/* ---- Descriptors ---- */

static void allow_64_descriptors(void)
{
    struct rlimit limit = {64, 64};

    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Clients are accepted in the order in which they connect. */
START_TEST(the_limit_on_descriptors_limits_the_clients)
{
    enum { CLIENTS = 100, MIN_SERVED = 41, MAX_SERVED = 63 };
    int fds[CLIENTS];
    char echo[6];

    echod.before = allow_64_descriptors;
    SERVE(&echod, "127.0.0.1:0");
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = program_connect(&echod);
        write_all(fds[i], "hello\n", 6);
    }
    ck_assert(is_readable(fds[MIN_SERVED - 1], 30000));
    ck_assert(!is_readable(fds[MAX_SERVED], 500));
    for (int i = 0; i < CLIENTS; i++) {
        read_all(fds[i], echo, 6);
        program_end_client(&echod, fds[i], "wrote 6 bytes");
    }
}
END_TEST

/* With a limit of 3 no descriptor is free for accept(2), and poll(2) may still
 * have its two. */
START_TEST(running_out_of_descriptors_is_reported_once)
{
    int served_fd = program_connect(&echod);
    int waiting_fd = -1;
    rlim_t old_limit = 0;
    long cpu_ms = 0;

    program_ping(served_fd);
    old_limit = program_limit_descriptors(&echod, 3);
    waiting_fd = program_connect(&echod);
    program_expect(&echod, "(waiting for a free descriptor)");
    cpu_ms = program_cpu_ms(&echod);
    write_all(waiting_fd, "x", 1);
    ck_assert(!is_readable(waiting_fd, 2000));
    ck_assert_int_le(program_cpu_ms(&echod) - cpu_ms, 100);
    program_ping(served_fd);
    ck_assert(!is_readable(echod.out, 0));
    program_limit_descriptors(&echod, old_limit);
    ck_assert(is_readable(waiting_fd, 30000));
    program_expect(&echod, "accept error = over (accepting again)");
}
END_TEST

/* The limit is a little above the number of open descriptors. Clients use up
 * what is left. */
START_TEST(a_client_that_leaves_frees_a_descriptor)
{
    int served_fd = program_connect(&echod);
    int fd = -1;

    program_ping(served_fd);
    program_limit_descriptors(&echod, (rlim_t)program_descriptors(&echod) + 3);
    do {
        fd = program_connect(&echod);
        write_all(fd, "x", 1);
        EVENTUALLY(is_readable(fd, 0) || is_readable(echod.out, 0));
    } while (!is_readable(echod.out, 0));
    program_expect(&echod, "(waiting for a free descriptor)");
    close(served_fd);
    ck_assert(is_readable(fd, 30000));
}
END_TEST

/* ---- Threads ---- */

#if CLIENT_STACK_EXTRA == 0
static void allow_16_mib(void)
{
    struct rlimit limit = {16 << 20, 16 << 20};

    setrlimit(RLIMIT_AS, &limit);
}

/* Send a byte. Returns true if it comes back, false if the server closes. */
static bool try_echo(int fd)
{
    char byte = 'x';

    write_all(fd, &byte, 1);
    ck_assert(is_readable(fd, 30000));
    return read(fd, &byte, 1) == 1;
}

START_TEST(without_a_thread_a_client_is_closed)
{
    enum { CLIENTS_MAX = 2000 };
    static int fds[CLIENTS_MAX];
    int count = 0;

    echod.before = allow_16_mib;
    SERVE(&echod, "127.0.0.1:0");
    do {
        ck_assert_int_lt(count, CLIENTS_MAX);
        fds[count] = program_connect(&echod);
    } while (try_echo(fds[count++]));
    program_expect(&echod,
                   "accept error = Resource temporarily unavailable (closing ");
    program_expect(&echod, "refused 127.0.0.1:");
    for (int i = 0; i < count - 1; i++)
        program_ping(fds[i]);
    for (int i = 0; i < count; i++)
        close(fds[i]);
    program_expect(&echod, "wrote 7 bytes");
    EVENTUALLY(try_echo(program_connect(&echod)));
    program_expect(&echod, "accept error = over");
}
END_TEST
#endif

/* A user with no other process, and the limits of a small service. The program
 * is opened before, since it may be where that user cannot go. */
static void allow_8_processes(void)
{
    struct rlimit limit = {8, 8};
    uid_t user = 20000 + (uid_t)getpid() % 20000;
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d",
             open(getenv("ECHOD"), O_RDONLY));
    setenv("ECHOD", path, 1);
    if (setrlimit(RLIMIT_NPROC, &limit) < 0 || setgroups(0, NULL) < 0 ||
        setgid(user) < 0 || setuid(user) < 0)
        _exit(125);
}

/* A client's slot is free before its thread has ended. */
START_TEST(at_the_limit_on_processes_new_connections_wait)
{
    enum { CLIENTS = 500, ROUNDS = 10 };
    int fds[CLIENTS];

    echod.before = allow_8_processes;
    SERVE(&echod, "127.0.0.1:0");
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            fds[i] = program_connect(&echod);
            write_all(fds[i], "hello\n", 6);
            shutdown(fds[i], SHUT_WR);
        }
        for (int i = 0; i < CLIENTS; i++) {
            ck_assert_uint_eq(read_to_end(fds[i]), 6);
            close(fds[i]);
        }
    }
}
END_TEST

void suite_tests(TCase *tests)
{
    TCase *started = suite_case("started");

    tcase_add_checked_fixture(started, start_echod, stop_echod);
    tcase_add_test(started, running_out_of_descriptors_is_reported_once);
    tcase_add_test(started, a_client_that_leaves_frees_a_descriptor);

    tcase_add_checked_fixture(tests, NULL, stop_echod);
    tcase_add_test(tests, at_the_limit_new_connections_wait);
    tcase_add_test(tests, a_connection_that_is_reset_before_accept_is_harmless);
    tcase_add_test(tests, a_client_above_the_limit_per_host_is_refused);
    tcase_add_test(tests, a_closed_client_does_not_count_for_its_host);
    tcase_add_test(tests, a_silent_client_times_out);
    tcase_add_test(tests, a_client_that_does_not_read_times_out);
    tcase_add_test(tests, a_slow_reader_does_not_time_out);
    tcase_add_test(tests, a_reader_below_the_lowest_rate_times_out);
    tcase_add_test(tests, an_active_client_does_not_time_out);
    tcase_add_test(tests, the_limit_on_descriptors_limits_the_clients);
#if CLIENT_STACK_EXTRA == 0
    tcase_add_test(tests, without_a_thread_a_client_is_closed);
#endif
    if (getuid() == 0)
        tcase_add_test(tests, at_the_limit_on_processes_new_connections_wait);
}
