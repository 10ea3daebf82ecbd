/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * drain, on a system where SHUT_RD discards what was received, as on the BSDs.
 */
#include "config.h"

#include "echod/client.h"
#include "echod/drain.h"
#include "echod/log.h"
#include "echod/signals.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The source itself, with a shutdown(2) of such a system. */
static int discarding_shutdown(int fd, int how);
#define shutdown discarding_shutdown
#include "src/echod/clients.c"
#undef shutdown

const char suite_name[] = "drain";

static int discarding_shutdown(int fd, int how)
{
    char bytes[4096];

    while (how == SHUT_RD && recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        continue;
    return shutdown(fd, how);
}

enum { CLIENTS = 20, SENT = 20000 };

static int out[2];

static void prepare(void)
{
    ck_assert_int_eq(pipe(out), 0);
    log_open(LOG_TEXT, out[1], out[1]);
    ck_assert_int_eq(signals_open(), 0);
    ck_assert_int_eq(drain_open(0), 0);
    ck_assert_int_eq(client_init(0, 0), 0);
    ck_assert_int_eq(clients_open(CLIENTS, 0, 64), 0);
}

/* Returns the client's end of its connection. */
static int add_client(struct client **client)
{
    const struct sockaddr peer = {.sa_family = AF_UNIX};
    int fds[2];

    tcp_pair(fds);
    *client = clients_add(fds[1], &peer);
    ck_assert_ptr_nonnull(*client);
    return fds[0];
}

static void expect_line(const char *part)
{
    char line[256];
    ssize_t got = 0;

    ck_assert(is_readable(out[0], 30000));
    got = read(out[0], line, sizeof line - 1);
    ck_assert_int_gt(got, 0);
    line[got] = '\0';
    ck_assert_msg(strstr(line, part) != NULL, "%s", line);
}

START_TEST(what_was_received_is_echoed)
{
    static unsigned char sent[SENT];
    static unsigned char received[SENT];
    struct client *client = NULL;
    int fd = -1;

    prepare();
    fd = add_client(&client);
    fill(sent, SENT, 3);
    write_all(fd, sent, SENT);
    clients_shutdown(SHUT_RD);
    ck_assert_int_eq(client_start(client), 0);
    read_all(fd, received, SENT);
    ck_assert_int_eq(memcmp(sent, received, SENT), 0);
    ck_assert_uint_eq(read_to_end(fd), 0);
    expect_line("wrote 20000 bytes to ");
}
END_TEST

START_TEST(every_idle_client_ends)
{
    struct client *clients[CLIENTS];
    char byte = 'x';
    int fds[CLIENTS];

    prepare();
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = add_client(&clients[i]);
        ck_assert_int_eq(client_start(clients[i]), 0);
        write_all(fds[i], &byte, 1);
        read_all(fds[i], &byte, 1);
    }
    clients_shutdown(SHUT_RD);
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_uint_eq(read_to_end(fds[i]), 0);
    EVENTUALLY(clients_count() == 0);
}
END_TEST

/* The number of bytes that were read before, and when the drain begins what is
 * still to be read. */
static int wait_after(uint64_t done, int fd)
{
    static uint64_t end;

    return drain_wait(fd, done, &end);
}

START_TEST(without_a_drain_read_has_to_wait)
{
    int fds[2];

    unix_pair(fds);
    ck_assert_int_eq(wait_after(0, fds[0]), 1);
    ck_assert(!drain_begin());
}
END_TEST

START_TEST(what_was_received_before_the_drain_is_read)
{
    int fds[2];

    unix_pair(fds);
    ck_assert_int_eq(drain_open(0), 0);
    write_all(fds[1], "xyz", 3);
    ck_assert_int_eq(wait_after(7, fds[0]), 1);
    ck_assert(drain_begin());
    ck_assert_int_eq(wait_after(7, fds[0]), 1);
    write_all(fds[1], "more", 4);
    ck_assert_int_eq(wait_after(9, fds[0]), 1);
    ck_assert_int_eq(wait_after(10, fds[0]), 0);
}
END_TEST

START_TEST(read_tells_of_an_end_of_file_though_a_drain_has_begun)
{
    int fds[2];

    unix_pair(fds);
    ck_assert_int_eq(drain_open(0), 0);
    close(fds[1]);
    ck_assert(drain_begin());
    ck_assert_int_eq(wait_after(0, fds[0]), 1);
}
END_TEST

START_TEST(the_time_limit_ends_a_wait)
{
    int64_t start = now_ms();
    int fds[2];

    unix_pair(fds);
    ck_assert_int_eq(drain_open(50), 0);
    ck_assert_int_eq(wait_after(0, fds[0]), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_ge(now_ms() - start, 49);
}
END_TEST

/* The number of the pipe is soon that of another file. */
START_TEST(a_second_drain_closes_nothing)
{
    int fd = -1;

    ck_assert_int_eq(drain_open(0), 0);
    ck_assert(drain_begin());
    fd = dup(STDIN_FILENO);
    ck_assert(drain_begin());
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, what_was_received_is_echoed);
    tcase_add_test(tests, every_idle_client_ends);
    tcase_add_test(tests, without_a_drain_read_has_to_wait);
    tcase_add_test(tests, what_was_received_before_the_drain_is_read);
    tcase_add_test(tests,
                   read_tells_of_an_end_of_file_though_a_drain_has_begun);
    tcase_add_test(tests, the_time_limit_ends_a_wait);
    tcase_add_test(tests, a_second_drain_closes_nothing);
}
