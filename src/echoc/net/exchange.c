/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * exchange: send and receive on one connection, blocking, with a timeout.
 */
#include "config.h"

#include "echoc/net/exchange.h"

#include "common/clock.h"
#include "echoc/interrupt.h"

#include <poll.h>
#include <stddef.h>

enum { NS_PER_MS = 1000000 };

static int fail_wait(struct connection *connection, int revents, int timeout_ms)
{
    connection_fail(connection, revents < 0 ? FAULT_STOPPED : FAULT_LATE, 0);
    connection->fault.after_ms = timeout_ms;
    return -1;
}

static int fail_slow(struct connection *connection, int64_t start_ns)
{
    connection_fail(connection, FAULT_LATE, 0);
    connection->fault.after_ms = (int)((clock_ns() - start_ns) / NS_PER_MS);
    connection->fault.is_slow = true;
    return -1;
}

/* Receive and send one chunk, as far as possible. Returns the number of bytes
 * moved, or -1. */
static int64_t move_chunks(const struct exchange *exchange,
                           struct connection *connection, uint64_t end,
                           int revents)
{
    int64_t received = 0;
    int64_t sent = 0;

    if ((revents & (POLLIN | POLLERR | POLLHUP)) != 0)
        received = connection_receive(connection, exchange->buffer);
    if (received < 0)
        return -1;
    if ((revents & POLLOUT) != 0 && !connection->ended)
        sent = connection_send(connection, end, exchange->buffer);
    return sent < 0 ? -1 : received + sent;
}

static bool is_done(const struct connection *connection, uint64_t end,
                    bool until_eof)
{
    if (connection->ended)
        return true;
    return !until_eof && connection->sent >= end &&
           connection_missing(connection) == 0;
}

/* After the limit one more movement is awaited, which tells a slow echo from
 * one that has stopped. */
static bool is_over_limit(const struct exchange *exchange, int64_t start_ns)
{
    return exchange->is_idle_timeout && exchange->limit_ms > 0 &&
           clock_ns() - start_ns >= exchange->limit_ms * (int64_t)NS_PER_MS;
}

static int run(const struct exchange *exchange, struct connection *connection,
               uint64_t end, bool until_eof)
{
    int64_t timeout_ns = exchange->timeout_ms * (int64_t)NS_PER_MS;
    int64_t start = clock_ns();
    int64_t deadline = start + timeout_ns;
    uint64_t received_before = connection->received;

    while (!is_done(connection, end, until_eof)) {
        short events = connection->sent < end ? POLLIN | POLLOUT : POLLIN;
        int revents = interrupt_wait(connection->fd, events, deadline);
        int64_t moved = 0;

        if (revents == 0 && !exchange->is_idle_timeout &&
            connection->received > received_before)
            return fail_slow(connection, start);
        if (revents <= 0)
            return fail_wait(connection, revents, exchange->timeout_ms);
        moved = move_chunks(exchange, connection, end, revents);
        if (moved < 0)
            return -1;
        if (moved > 0 && exchange->is_idle_timeout)
            deadline = clock_ns() + timeout_ns;
        if (moved > 0 && exchange->on_progress != NULL)
            exchange->on_progress(connection);
        if (moved > 0 && connection->received < end &&
            is_over_limit(exchange, start))
            return fail_slow(connection, start);
    }
    if (connection->sent < end)
        return connection_fail(connection, FAULT_CLOSED, 0);
    return 0;
}

int exchange_until(const struct exchange *exchange,
                   struct connection *connection, uint64_t end)
{
    return run(exchange, connection, end, false);
}

int exchange_finish(const struct exchange *exchange,
                    struct connection *connection)
{
    if (connection_half_close(connection) < 0)
        return -1;
    return run(exchange, connection, connection->sent, true);
}

int exchange_idle(const struct exchange *exchange,
                  struct connection *connection, int ms)
{
    int64_t deadline = clock_ns() + ms * (int64_t)NS_PER_MS;

    for (;;) {
        int revents = interrupt_wait(connection->fd, POLLIN, deadline);

        if (revents < 0)
            return fail_wait(connection, revents, ms);
        if (revents == 0)
            return 0;
        if (connection_receive(connection, exchange->buffer) < 0)
            return -1;
        if (connection->ended)
            return connection_fail(connection, FAULT_CLOSED, 0);
    }
}
