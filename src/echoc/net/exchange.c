/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * talk: one stream, blocking, with an end to every wait.
 *
 * Knows poll(2) and deadlines. Must not know what the talk is to prove.
 */
#include "config.h"

#include "echoc/net/exchange.h"

#include "common/clock.h"
#include "echoc/interrupt.h"

#include <poll.h>
#include <stddef.h>

/* Patience ends where bytes only drip: below 10 kB/s, and after ten times. */
enum { NS_PER_MS = 1000000, SLOWEST_NS_PER_BYTE = 100000, PATIENCE_MOST = 10 };

static int fail_waiting(struct connection *connection, int ready,
                        int timeout_ms)
{
    connection_fail(connection, ready < 0 ? FAULT_STOPPED : FAULT_LATE, 0);
    connection->fault.after_ms = timeout_ms;
    return -1;
}

/* One step in each direction. Returns bytes moved, or -1. */
static int64_t step(const struct exchange *exchange,
                    struct connection *connection, uint64_t end, int revents)
{
    int64_t moved = 0;

    if ((revents & (POLLIN | POLLERR | POLLHUP)) != 0) {
        moved = connection_receive(connection, exchange->room);
        if (moved < 0)
            return -1;
    }
    if ((revents & POLLOUT) != 0 && !connection->ended) {
        int64_t sent = connection_send(connection, end, exchange->room);

        if (sent < 0)
            return -1;
        moved += sent;
    }
    return moved;
}

/* Until all is back, or until the end when that is wanted. */
static int run(const struct exchange *exchange, struct connection *connection,
               uint64_t end, bool to_end)
{
    int64_t patience = exchange->timeout_ms * (int64_t)NS_PER_MS;
    int64_t until = clock_ns() + patience;
    int64_t limit = until + PATIENCE_MOST * patience +
                    (int64_t)(end - connection->received) * SLOWEST_NS_PER_BYTE;

    while (!connection->ended && (to_end || connection->sent < end ||
                                  connection_missing(connection) > 0)) {
        short events = connection->sent < end ? POLLIN | POLLOUT : POLLIN;
        int ready = interrupt_wait(connection->fd, events, until);
        int64_t moved = 0;

        if (ready <= 0)
            return fail_waiting(connection, ready, exchange->timeout_ms);
        moved = step(exchange, connection, end, ready);
        if (moved < 0)
            return -1;
        if (moved > 0 && exchange->patient)
            until = clock_ns() + patience;
        if (until > limit)
            until = limit;
        if (moved > 0 && exchange->moved != NULL)
            exchange->moved(connection);
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

int exchange_silence(const struct exchange *exchange,
                     struct connection *connection, int ms)
{
    int64_t until = clock_ns() + ms * (int64_t)NS_PER_MS;

    for (;;) {
        int ready = interrupt_wait(connection->fd, POLLIN, until);

        if (ready < 0)
            return fail_waiting(connection, ready, ms);
        if (ready == 0)
            return 0;
        if (connection_receive(connection, exchange->room) < 0)
            return -1;
        if (connection->ended)
            return connection_fail(connection, FAULT_CLOSED, 0);
    }
}
