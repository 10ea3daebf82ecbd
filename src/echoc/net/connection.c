/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * connection: send the pattern on one connection, and compare what comes back.
 */
#include "config.h"

#include "echoc/net/connection.h"

#include "common/sockopt.h"
#include "echoc/net/pattern.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#ifdef HAVE_LINUX_SOCKIOS_H
#include <linux/sockios.h>
#elif defined __linux__
#define SIOCOUTQ TIOCOUTQ /* a C library without the kernel's headers */
#endif

void connection_init(struct connection *connection, int fd, uint64_t key)
{
    *connection = (struct connection){.fd = fd, .key = key};
}

uint64_t connection_missing(const struct connection *connection)
{
    return connection->sent - connection->received;
}

int connection_unacknowledged(const struct connection *connection)
{
    int bytes = 0;

#ifdef SIOCOUTQ
    if (ioctl(connection->fd, SIOCOUTQ, &bytes) < 0)
        bytes = 0;
#else
    (void)connection;
#endif
    return bytes;
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

static bool is_transient(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

int64_t connection_send(struct connection *connection, uint64_t end,
                        void *buffer)
{
    uint64_t left = end - connection->sent;
    size_t size = left < CONNECTION_CHUNK ? (size_t)left : CONNECTION_CHUNK;
    ssize_t sent = 0;

    if (size == 0)
        return 0;
    pattern_fill(connection->key, connection->sent, buffer, size);
    sent = send(connection->fd, buffer, size, MSG_NOSIGNAL);
    if (sent >= 0) {
        connection->sent += (uint64_t)sent;
        return sent;
    }
    /* After EPIPE there may still be bytes to read, and then EOF or a reset:
     * connection_receive() reports that. */
    if (is_transient(errno) || errno == EPIPE)
        return 0;
    return connection_fail(connection, FAULT_RESET, errno);
}

static void keep_seen(struct fault *fault, const unsigned char *bytes,
                      size_t size)
{
    fault->got = bytes[0];
    fault->seen_size =
        (unsigned char)(size < FAULT_SEEN_MAX ? size : FAULT_SEEN_MAX);
    memcpy(fault->seen, bytes, fault->seen_size);
}

/* More came than was missing. Does it end with what was missing? Then the bytes
 * before that were added, though they may be too few to tell from others. */
static void find_added(struct fault *fault, uint64_t key,
                       const unsigned char *bytes_end, size_t surplus)
{
    size_t missing = (size_t)(fault->sent - fault->offset);

    if (pattern_match(key, fault->offset, bytes_end - missing, missing) !=
        missing)
        return;
    fault->change = CHANGE_ADDED;
    fault->count = surplus;
    if (surplus <= fault->offset &&
        pattern_match(key, fault->offset - surplus,
                      bytes_end - missing - surplus, surplus) == surplus)
        fault->change = CHANGE_REPEATED;
}

static int64_t compare(struct connection *connection,
                       const unsigned char *bytes, size_t size)
{
    uint64_t missing = connection_missing(connection);
    size_t expected = size < missing ? size : (size_t)missing;
    size_t correct =
        pattern_match(connection->key, connection->received, bytes, expected);
    struct fault *fault = &connection->fault;

    connection->received += correct;
    if (correct == size)
        return (int64_t)size;
    connection_fail(connection,
                    correct < expected ? FAULT_CHANGED : FAULT_EXTRA, 0);
    keep_seen(fault, bytes + correct, size - correct);
    fault->count = size - correct;
    if (fault->kind == FAULT_CHANGED) {
        fault->expected = pattern_at(connection->key, connection->received);
        if (connection->skip_diagnosis)
            return -1;
        fault_diagnose(fault, connection->key, bytes + correct, size - correct);
        if (fault->change == CHANGE_UNKNOWN && size > missing)
            find_added(fault, connection->key, bytes + size, size - missing);
    }
    return -1;
}

int64_t connection_receive(struct connection *connection, void *buffer)
{
    ssize_t received = recv(connection->fd, buffer, CONNECTION_CHUNK, 0);

    if (received > 0)
        return compare(connection, buffer, (size_t)received);
    if (received < 0)
        return is_transient(errno)
                   ? 0
                   : connection_fail(connection, FAULT_RESET, errno);
    if (connection_missing(connection) > 0)
        return connection_fail(connection, FAULT_CLOSED, 0);
    connection->ended = true;
    return 0;
}

int connection_half_close(struct connection *connection)
{
    /* ENOTCONN: the connection is over; connection_receive() reports how. */
    if (shutdown(connection->fd, SHUT_WR) == 0 || errno == ENOTCONN)
        return 0;
    return connection_fail(connection, FAULT_RESET, errno);
}
