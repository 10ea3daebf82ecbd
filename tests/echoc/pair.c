/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * pair: a connection to test, and a peer that the test plays.
 */
#include "config.h"

#include "tests/echoc/pair.h"

#include "echoc/net/pattern.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection connection = {.fd = -1};
int peer_fd = -1;
unsigned char buffer[CONNECTION_CHUNK];

void (*const pair_kinds[PAIR_KINDS])(int fds[2]) = {unix_pair, tcp_pair};

void pair_open(void (*kind)(int fds[2]))
{
    int fds[2];

    pair_close();
    kind(fds);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    connection_init(&connection, fds[0], PAIR_KEY);
    peer_fd = fds[1];
}

void pair_close(void)
{
    if (connection.fd >= 0)
        close(connection.fd);
    if (peer_fd >= 0)
        close(peer_fd);
    connection.fd = -1;
    peer_fd = -1;
}

void pair_reset(void)
{
    reset_connection(peer_fd);
    peer_fd = -1;
}

void pair_send(size_t size)
{
    unsigned char *bytes = malloc(size);

    ck_assert_int_eq(connection_send(&connection, size, buffer), (int64_t)size);
    read_all(peer_fd, bytes, size);
    ck_assert_uint_eq(pattern_match(PAIR_KEY, 0, bytes, size), size);
    free(bytes);
}

void pair_echo(size_t size, size_t count)
{
    unsigned char *bytes = malloc(size);

    pair_send(size);
    pattern_fill(PAIR_KEY, 0, bytes, count);
    write_all(peer_fd, bytes, count);
    free(bytes);
    while (connection.received < count)
        ck_assert_int_gt(pair_receive(), 0);
}

int64_t pair_receive(void)
{
    ck_assert(is_readable(connection.fd, 30000));
    return connection_receive(&connection, buffer);
}

void expect_fault(enum fault_kind kind, uint64_t offset, uint64_t sent)
{
    ck_assert_int_eq(connection.fault.kind, kind);
    ck_assert_uint_eq(connection.fault.offset, offset);
    ck_assert_uint_eq(connection.fault.sent, sent);
}

void expect_no_fault(void)
{
    ck_assert_int_eq(connection.fault.kind, FAULT_NONE);
}
