/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * stream: one connection's bytes, sent and proven to come back.
 *
 * Knows send(2), recv(2) and the pattern. Must not know when to send, how long
 * to wait, or how many other streams there are.
 */
#include "config.h"

#include "echoc/net/connection.h"

#include "echoc/net/pattern.h"

#include <errno.h>
#include <sys/socket.h>

void connection_open(struct connection *connection, int fd, uint64_t key)
{
    *connection = (struct connection){.fd = fd, .key = key};
}

uint64_t connection_missing(const struct connection *connection)
{
    return connection->sent - connection->received;
}

int connection_fail(struct connection *connection, enum fault_kind kind,
                    int error)
{
    connection->fault = (struct fault){.kind = kind,
                                       .error = error,
                                       .offset = connection->received,
                                       .sent = connection->sent};
    return -1;
}

static bool is_for_later(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* EPIPE: the other side has ended, and what came before is still to be read, so
 * the reading side tells. After a reset there is nothing more to learn. */
int64_t connection_send(struct connection *connection, uint64_t end, void *room)
{
    uint64_t left = end - connection->sent;
    size_t size = left < CONNECTION_CHUNK ? (size_t)left : CONNECTION_CHUNK;
    ssize_t taken = 0;

    if (size == 0)
        return 0;
    pattern_fill(connection->key, connection->sent, room, size);
    taken = send(connection->fd, room, size, MSG_NOSIGNAL);
    if (taken < 0)
        return is_for_later(errno) || errno == EPIPE
                   ? 0
                   : connection_fail(connection, FAULT_RESET, errno);
    connection->sent += (uint64_t)taken;
    return taken;
}

/* The first right bytes of a piece are counted before it fails. */
static int64_t fail_changed(struct connection *connection,
                            const unsigned char *came, size_t right,
                            size_t size)
{
    connection_fail(connection, FAULT_CHANGED, 0);
    connection->fault.expected =
        pattern_at(connection->key, connection->received);
    connection->fault.got = came[right];
    if (!connection->brief)
        fault_diagnose(&connection->fault, connection->key, came + right,
                       size - right);
    return -1;
}

static int64_t fail_extra(struct connection *connection,
                          const unsigned char *came, size_t right, size_t size)
{
    connection_fail(connection, FAULT_EXTRA, 0);
    connection->fault.got = came[right];
    connection->fault.count = size - right;
    return -1;
}

static int64_t take(struct connection *connection, const unsigned char *came,
                    size_t size)
{
    uint64_t missing = connection_missing(connection);
    size_t due = size < missing ? size : (size_t)missing;
    size_t right =
        pattern_match(connection->key, connection->received, came, due);

    connection->received += right;
    if (right < due)
        return fail_changed(connection, came, right, size);
    if (due < size)
        return fail_extra(connection, came, right, size);
    return (int64_t)right;
}

int64_t connection_receive(struct connection *connection, void *room)
{
    ssize_t got = recv(connection->fd, room, CONNECTION_CHUNK, 0);

    if (got > 0)
        return take(connection, room, (size_t)got);
    if (got < 0)
        return is_for_later(errno)
                   ? 0
                   : connection_fail(connection, FAULT_RESET, errno);
    if (connection_missing(connection) > 0)
        return connection_fail(connection, FAULT_CLOSED, 0);
    connection->ended = true;
    return 0;
}

/* ENOTCONN: it is over already, and to read tells how. */
int connection_half_close(struct connection *connection)
{
    if (shutdown(connection->fd, SHUT_WR) == 0 || errno == ENOTCONN)
        return 0;
    return connection_fail(connection, FAULT_RESET, errno);
}
