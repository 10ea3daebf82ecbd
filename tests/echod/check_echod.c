/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * The real program over real sockets: what an operator can count on.
 */
#include "config.h"

#include "tests/common/suite.h"
#include "tests/echod/program.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

/* ---- The main job ---- */

START_TEST(what_is_sent_comes_back_and_is_reported)
{
    int fd = -1;
    struct sockaddr_in me;
    socklen_t length = sizeof me;
    char expected[64];

    SERVE(&echod, "127.0.0.1:0");
    fd = program_connect(&echod);
    getsockname(fd, (struct sockaddr *)&me, &length);
    program_ping(fd);
    program_ping(fd);
    snprintf(expected, sizeof expected, "wrote 12 bytes to 127.0.0.1:%d in 0.",
             ntohs(me.sin_port));
    ck_assert_msg(strstr(end_client(fd), expected) == echod.line, "%s",
                  echod.line);
}
END_TEST

START_TEST(half_close_still_echoes_the_rest)
{
    static unsigned char sent[300000];
    static unsigned char came[300000];
    int fd = -1;

    SERVE(&echod, "127.0.0.1:0");
    fd = program_connect(&echod);
    fill(sent, sizeof sent, 1);
    write_all(fd, sent, sizeof sent);
    shutdown(fd, SHUT_WR);
    read_all(fd, came, sizeof came);
    ck_assert_int_eq(memcmp(sent, came, sizeof sent), 0);
    ck_assert_uint_eq(read_to_end(fd), 0);
    program_expect(&echod, "wrote 300000 bytes");
}
END_TEST

START_TEST(a_client_that_sends_nothing_is_reported_too)
{
    SERVE(&echod, "127.0.0.1:0");
    ck_assert_ptr_nonnull(
        strstr(end_client(program_connect(&echod)), "wrote 0 bytes"));
}
END_TEST

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

START_TEST(a_thousand_clients_are_served_at_once)
{
    enum { CROWD = 1000 };
    static int fds[CROWD];

    SERVE(&echod, "127.0.0.1:0");
    for (int i = 0; i < CROWD; i++)
        fds[i] = program_connect(&echod);
    for (int i = CROWD - 1; i >= 0; i--)
        program_ping(fds[i]);
    ck_assert_int_ge(program_proc_status(&echod, "Threads:"), CROWD + 1);
    for (int i = 0; i < CROWD; i++)
        ck_assert_ptr_nonnull(strstr(end_client(fds[i]), "wrote 6 bytes"));
}
END_TEST

/* Memory may settle in the first thousand; after that it must not grow. */
START_TEST(ten_thousand_connections_leave_nothing_behind)
{
    long memory = 0;
    long threads = 0;
    int descriptors = 0;

    SERVE(&echod, "127.0.0.1:0");
    threads = program_proc_status(&echod, "Threads:");
    descriptors = program_descriptors(&echod);
    for (int i = 0; i < 10000; i++) {
        int fd = program_connect(&echod);

        program_ping(fd);
        ck_assert_ptr_nonnull(strstr(end_client(fd), "wrote 6 bytes"));
        if (i == 1000)
            memory = program_proc_status(&echod, "VmRSS:");
    }
    /* A thread sanitizer has a thread of its own, and not from the start. */
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

/* ---- Options ---- */

START_TEST(at_the_limit_newcomers_wait_and_nobody_is_turned_away)
{
    int fds[3];
    long cpu = 0;

    SERVE(&echod, "--max-clients=2", "127.0.0.1:0");
    for (int i = 0; i < 3; i++)
        fds[i] = program_connect(&echod);
    write_all(fds[2], "x", 1);
    program_ping(fds[0]);
    program_ping(fds[1]);
    cpu = program_cpu_ms(&echod);
    ck_assert(!is_readable(fds[2], 500));
    ck_assert_int_le(program_cpu_ms(&echod) - cpu, 100);
    end_client(fds[0]);
    ck_assert(is_readable(fds[2], 30000));
    program_ping(fds[1]);
}
END_TEST

START_TEST(above_the_hosts_limit_a_client_is_closed_and_counted)
{
    int first = -1;
    int second = -1;

    SERVE(&echod, "-C", "1", "127.0.0.1:0");
    first = program_connect(&echod);
    program_ping(first);
    second = program_connect(&echod);
    ck_assert_uint_eq(read_to_end(second), 0);
    program_expect(&echod, "refused 127.0.0.1:");
    program_ping(first);
    end_client(first);
    program_ping(program_connect(&echod));
    program_signal(&echod, SIGUSR1);
    program_expect(&echod, "clients now, 2 so far, 1 refused");
}
END_TEST

START_TEST(a_silent_client_is_ended_in_time)
{
    int fd = -1;

    SERVE(&echod, "--timeout=0.2", "127.0.0.1:0");
    fd = program_connect(&echod);
    ck_assert_uint_eq(read_to_end(fd), 0);
    program_expect(&echod, "error: timed out (wrote 0 bytes to 127.0.0.1:");
}
END_TEST

START_TEST(a_deaf_client_is_ended_in_time)
{
    SERVE(&echod, "--timeout=0.3", "127.0.0.1:0");
    program_connect_without_reading(&echod);
    program_expect(&echod, "error: timed out (wrote ");
}
END_TEST

START_TEST(a_client_that_moves_is_not_ended)
{
    int fd = -1;

    SERVE(&echod, "--timeout=2", "127.0.0.1:0");
    fd = program_connect(&echod);
    for (int64_t until = now_ms() + 3000; now_ms() < until;) {
        program_ping(fd);
        is_readable(fd, 50);
    }
    ck_assert_ptr_nonnull(strstr(end_client(fd), "wrote "));
    ck_assert_ptr_null(strstr(echod.line, "error"));
}
END_TEST

START_TEST(a_delay_holds_every_piece_back)
{
    int fd = -1;
    int64_t before = 0;

    SERVE(&echod, "--delay=100", "127.0.0.1:0");
    fd = program_connect(&echod);
    for (int i = 0; i < 3; i++) {
        before = now_ms();
        program_ping(fd);
        ck_assert_int_ge(now_ms() - before, 99);
    }
}
END_TEST

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

/* ---- Signals and the drain ---- */

START_TEST(a_hundred_idle_clients_drain_without_the_grace)
{
    enum { CROWD = 100 };
    int fds[CROWD];

    SERVE(&echod, "--grace=100000", "127.0.0.1:0");
    for (int i = 0; i < CROWD; i++) {
        fds[i] = program_connect(&echod);
        program_ping(fds[i]);
    }
    program_signal(&echod, SIGTERM);
    for (int i = 0; i < CROWD; i++)
        ck_assert_ptr_nonnull(strstr(program_line(&echod, echod.out),
                                     "wrote 6 bytes to 127.0.0.1:"));
    program_expect(&echod, "stopped: 0 clients now, 100 so far, 0 refused, "
                           "0 cut off, 600 bytes");
    ck_assert_int_eq(program_wait(&echod), 0);
    for (int i = 0; i < CROWD; i++)
        ck_assert_uint_eq(read_to_end(fds[i]), 0);
}
END_TEST

/* Held back by the delay when the signal comes, so it must be in the drain
 * that they are echoed. */
START_TEST(what_was_received_before_the_signal_is_echoed_in_full)
{
    static unsigned char sent[100000];
    static unsigned char came[100000];
    int fd = -1;

    SERVE(&echod, "--delay=300", "--grace=100000", "127.0.0.1:0");
    fd = program_connect(&echod);
    fill(sent, sizeof sent, 5);
    write_all(fd, sent, sizeof sent);
    program_signal(&echod, SIGTERM);
    read_all(fd, came, sizeof came);
    ck_assert_int_eq(memcmp(sent, came, sizeof sent), 0);
    ck_assert_uint_eq(read_to_end(fd), 0);
    program_expect(&echod, "wrote 100000 bytes");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

/* A byte in, a little out, until the server has gone: what it says it wrote
 * must have come, though bytes it will never echo were under way to it. */
START_TEST(the_echo_is_delivered_though_the_client_goes_on_sending)
{
    enum { FIRST = 1500000 };
    static unsigned char sent[FIRST];
    static unsigned char came[2 * FIRST];
    size_t count = 0;
    size_t wrote = 0;
    ssize_t got = 1;
    int fd = -1;

    SERVE(&echod, "--grace=100000", "127.0.0.1:0");
    fd = program_connect(&echod);
    fill(sent, FIRST, 6);
    write_all(fd, sent, FIRST);
    ck_assert(is_readable(fd, 30000));
    program_signal(&echod, SIGTERM);
    while (got > 0) {
        send(fd, sent, 1, MSG_NOSIGNAL);
        ck_assert(is_readable(fd, 30000));
        got = read(fd, came + count, 1000);
        count += got > 0 ? (size_t)got : 0;
        ck_assert_uint_lt(count, sizeof came - 1000);
    }
    program_expect(&echod, "wrote ");
    ck_assert_int_eq(
        sscanf(strstr(echod.line, "wrote "), "wrote %zu bytes", &wrote), 1);
    ck_assert_uint_eq(count, wrote);
    ck_assert_int_eq(memcmp(sent, came, count < FIRST ? count : FIRST), 0);
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(a_client_that_will_not_read_is_cut_when_the_grace_ends)
{
    SERVE(&echod, "--grace=0.2", "127.0.0.1:0");
    program_connect_without_reading(&echod);
    program_signal(&echod, SIGTERM);
    program_expect(&echod, "error: cut off by the stop (wrote ");
    program_expect(&echod, "1 cut off");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(a_second_signal_ends_at_once)
{
    int before = 0;

    SERVE(&echod, "--grace=100000", "127.0.0.1:0");
    program_connect_without_reading(&echod);
    before = program_descriptors(&echod);
    program_signal(&echod, SIGTERM);
    EVENTUALLY(program_descriptors(&echod) < before);
    program_signal(&echod, _i == 0 ? SIGTERM : SIGINT);
    ck_assert_int_eq(program_wait(&echod), 0);
    program_expect(&echod, "1 cut off");
}
END_TEST

START_TEST(every_signal_to_stop_stops)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

    SERVE(&echod, "127.0.0.1:0");
    program_signal(&echod, numbers[_i]);
    ck_assert_int_eq(program_wait(&echod), 0);
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

START_TEST(a_reset_is_reported_and_nobody_else_notices)
{
    int other = -1;
    int fd = -1;

    SERVE(&echod, "127.0.0.1:0");
    other = program_connect(&echod);
    fd = program_connect(&echod);
    program_ping(fd);
    reset_connection(fd);
    program_expect(&echod,
                   "error: Connection reset by peer (wrote 6 bytes to ");
    program_ping(other);
}
END_TEST

START_TEST(clients_that_vanish_before_they_are_accepted_do_no_harm)
{
    int first = -1;

    SERVE(&echod, "-c1", "127.0.0.1:0");
    first = program_connect(&echod);
    program_ping(first);
    for (int i = 0; i < 50; i++)
        reset_connection(program_connect(&echod));
    end_client(first);
    program_ping(program_connect(&echod));
}
END_TEST

START_TEST(a_deaf_client_hurts_nobody_else)
{
    int fd = -1;

    SERVE(&echod, "--grace=0", "127.0.0.1:0");
    program_connect_without_reading(&echod);
    fd = program_connect(&echod);
    for (int i = 0; i < 1000; i++)
        program_ping(fd);
}
END_TEST

static void limit_descriptors(void)
{
    struct rlimit limit = {64, 64};

    setrlimit(RLIMIT_NOFILE, &limit);
}

START_TEST(few_descriptors_mean_that_newcomers_wait)
{
    enum { CROWD = 100 };
    int fds[CROWD];
    int served = 0;

    echod.before = limit_descriptors;
    SERVE(&echod, "127.0.0.1:0");
    for (int i = 0; i < CROWD; i++) {
        fds[i] = program_connect(&echod);
        write_all(fds[i], "hello\n", 6);
    }
    while (served < CROWD && is_readable(fds[served], 1000))
        served++;
    ck_assert_int_gt(served, 40);
    ck_assert_int_lt(served, 64);
    for (int i = 0; i < CROWD; i++) {
        char came[6];

        read_all(fds[i], came, 6);
        ck_assert_ptr_nonnull(strstr(end_client(fds[i]), "wrote 6 bytes"));
    }
}
END_TEST

/* The limit is taken away from under a running server. */
START_TEST(no_descriptor_left_is_said_once_and_survived)
{
    struct rlimit before;
    struct rlimit limit;
    int old = -1;
    int fd = -1;
    long cpu = 0;

    SERVE(&echod, "127.0.0.1:0");
    old = program_connect(&echod);
    program_ping(old);
    ck_assert_int_eq(prlimit(echod.pid, RLIMIT_NOFILE, NULL, &before), 0);
    limit = before;
    limit.rlim_cur = 3; /* none is free below, but poll(2) may have two */
    ck_assert_int_eq(prlimit(echod.pid, RLIMIT_NOFILE, &limit, NULL), 0);
    fd = program_connect(&echod);
    program_expect(&echod, "accept error = Too many open files "
                           "(waiting for a free descriptor)");
    cpu = program_cpu_ms(&echod);
    write_all(fd, "x", 1);
    ck_assert(!is_readable(fd, 2000));
    ck_assert_int_le(program_cpu_ms(&echod) - cpu, 100);
    program_ping(old);
    ck_assert(!is_readable(echod.out, 0));
    ck_assert_int_eq(prlimit(echod.pid, RLIMIT_NOFILE, &before, NULL), 0);
    ck_assert(is_readable(fd, 30000));
    program_expect(&echod, "accept error = over (accepting again)");
}
END_TEST

/* A client that leaves frees a descriptor: no pause is waited out. The limit
 * is set just above the descriptors in use, and any gaps are filled. */
START_TEST(a_departure_ends_the_wait_for_a_descriptor)
{
    struct rlimit limit;
    int old = -1;
    int fd = -1;

    SERVE(&echod, "127.0.0.1:0");
    old = program_connect(&echod);
    program_ping(old);
    ck_assert_int_eq(prlimit(echod.pid, RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = (rlim_t)program_descriptors(&echod) + 3;
    ck_assert_int_eq(prlimit(echod.pid, RLIMIT_NOFILE, &limit, NULL), 0);
    do {
        fd = program_connect(&echod);
        write_all(fd, "x", 1);
        EVENTUALLY(is_readable(fd, 10) || is_readable(echod.out, 10));
    } while (!is_readable(echod.out, 0));
    program_expect(&echod, "accept error = Too many open files");
    close(old);
    ck_assert(is_readable(fd, 30000));
}
END_TEST

#if CLIENT_STACK_EXTRA == 0
static void limit_memory(void)
{
    struct rlimit limit = {16 << 20, 16 << 20};

    setrlimit(RLIMIT_AS, &limit);
}

START_TEST(without_a_thread_a_client_gets_an_end_and_the_server_lives)
{
    enum { CROWD = 2000 };
    static int fds[CROWD];
    int count = 0;
    char byte = 0;

    echod.before = limit_memory;
    SERVE(&echod, "127.0.0.1:0");
    do {
        ck_assert_int_lt(count, CROWD);
        fds[count] = program_connect(&echod);
        write_all(fds[count], "x", 1);
        ck_assert(is_readable(fds[count], 30000));
    } while (read(fds[count++], &byte, 1) == 1);
    program_expect(&echod,
                   "accept error = Resource temporarily unavailable (closing ");
    for (int i = 0; i < count - 1; i++)
        program_ping(fds[i]);
    for (int i = 0; i < count; i++)
        close(fds[i]);
    program_expect(&echod, "wrote 7 bytes");
    for (bool served = false; !served;) {
        int fd = program_connect(&echod);

        write_all(fd, "x", 1);
        served = is_readable(fd, 30000) && read(fd, &byte, 1) == 1;
    }
    program_expect(&echod, "accept error = over");
}
END_TEST
#endif

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
    ADD(what_is_sent_comes_back_and_is_reported);
    ADD(half_close_still_echoes_the_rest);
    ADD(a_client_that_sends_nothing_is_reported_too);
    ADD(several_addresses_are_served_at_once);
    ADD(a_thousand_clients_are_served_at_once);
    ADD(ten_thousand_connections_leave_nothing_behind);
    ADD(at_the_limit_newcomers_wait_and_nobody_is_turned_away);
    ADD(above_the_hosts_limit_a_client_is_closed_and_counted);
    ADD(a_silent_client_is_ended_in_time);
    ADD(a_deaf_client_is_ended_in_time);
    ADD(a_client_that_moves_is_not_ended);
    ADD(a_delay_holds_every_piece_back);
    ADD(verbose_tells_of_connects);
    ADD(json_tells_how_a_client_ended);
    ADD(log_none_says_nothing);
    ADD(two_servers_share_an_address_with_reuseport);
    if (getuid() == 0)
        ADD(privileges_are_dropped_after_binding);
    ADD(a_hundred_idle_clients_drain_without_the_grace);
    ADD(what_was_received_before_the_signal_is_echoed_in_full);
    ADD(the_echo_is_delivered_though_the_client_goes_on_sending);
    ADD(a_client_that_will_not_read_is_cut_when_the_grace_ends);
    ADD_LOOP(a_second_signal_ends_at_once, 2);
    ADD_LOOP(every_signal_to_stop_stops, 3);
    ADD(the_same_port_can_be_bound_again_at_once);
    ADD(totals_count_who_is_here_too);
    ADD(a_reset_is_reported_and_nobody_else_notices);
    ADD(clients_that_vanish_before_they_are_accepted_do_no_harm);
    ADD(a_deaf_client_hurts_nobody_else);
    ADD(few_descriptors_mean_that_newcomers_wait);
    ADD(no_descriptor_left_is_said_once_and_survived);
    ADD(a_departure_ends_the_wait_for_a_descriptor);
#if CLIENT_STACK_EXTRA == 0
    ADD(without_a_thread_a_client_gets_an_end_and_the_server_lives);
#endif
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
