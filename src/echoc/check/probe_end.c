/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_end: what becomes of a connection when one side has said all?
 *
 * Knows half-close, end and reset. Must not know the other trials.
 */
#include "config.h"

#include "common/clock.h"
#include "common/sockopt.h"
#include "echoc/check/probe.h"
#include "echoc/interrupt.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

/* The rest and our end fit the first windows (RFC 6928), so that the end is
 * there as soon as the bytes are. */
enum { REST_BYTES = 8 * 1024, SMALL_BYTES = 512, NS_PER_MS = 1000000 };

/* What works without ends; a fault here is no fault of theirs. */
static int warm_up(struct context *context, struct connection *connection)
{
    if (probe_connect(context, connection) < 0)
        return -1;
    return exchange_until(&context->exchange, connection, SMALL_BYTES);
}

/* Send without reading; the last bytes are held back, so that they travel with
 * the end and cannot be answered before it. */
static int send_only(struct context *context, struct connection *connection)
{
    int64_t until =
        clock_ns() + context->exchange.timeout_ms * (int64_t)NS_PER_MS;

#ifdef TCP_CORK
    sockopt_set(connection->fd, IPPROTO_TCP, TCP_CORK, 1);
#endif
    while (connection->sent < SMALL_BYTES + REST_BYTES) {
        int events = interrupt_wait(connection->fd, POLLOUT, until);

        if (events < 0)
            return connection_fail(connection, FAULT_STOPPED, 0);
        if (events == 0)
            break; /* so much is enough */
        if (connection_send(connection, SMALL_BYTES + REST_BYTES,
                            context->exchange.buffer) < 0)
            return -1;
    }
    return 0;
}

static void judge_rest(struct context *context, struct result *result,
                       const struct connection *connection)
{
    switch (connection->fault.kind) {
    case FAULT_CLOSED:
    case FAULT_RESET:
        probe_diagnose(result,
                       "our end is taken for the end of both sides: "
                       "half-close is not honoured, and the rest is lost");
        break;
    case FAULT_LATE:
        if (connection_missing(connection) == 0)
            probe_diagnose(result, "our end is not passed on: the other side "
                                   "never ends");
        break;
    default:
        break;
    }
    probe_fault(context, result, "after our end", connection);
}

void probe_half_close(struct context *context, struct result *result)
{
    struct connection connection;

    if (warm_up(context, &connection) < 0 ||
        send_only(context, &connection) < 0) {
        probe_fault(context, result, "", &connection);
    } else if (exchange_finish(&context->exchange, &connection) < 0) {
        judge_rest(context, result, &connection);
    } else {
        probe_diagnose(result, "half-close is honoured");
        probe_ok(result,
                 "%" PRIu64 " bytes came back after our end, then a clean end",
                 connection.received - SMALL_BYTES);
    }
    probe_close(&connection);
}

/* Everything is back, so nothing excuses a reset. */
void probe_end(struct context *context, struct result *result)
{
    struct connection connection;

    if (warm_up(context, &connection) < 0) {
        probe_fault(context, result, "", &connection);
    } else if (exchange_finish(&context->exchange, &connection) < 0) {
        if (connection.fault.kind == FAULT_RESET)
            probe_diagnose(result, "connections end by reset: who waits for an "
                                   "end takes that for a failure");
        probe_fault(context, result, "at the end", &connection);
    } else {
        probe_diagnose(result, "an end arrives as an end");
        probe_ok(result, "a clean end and no reset after %d bytes",
                 SMALL_BYTES);
    }
    probe_close(&connection);
}

/* SO_LINGER of zero: close(2) resets, socket(7). */
static void reset(struct connection *connection)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    probe_close(connection);
}

void probe_abort(struct context *context, struct result *result)
{
    struct connection connection;

    if (warm_up(context, &connection) < 0 ||
        send_only(context, &connection) < 0) {
        probe_fault(context, result, "", &connection);
        probe_close(&connection);
        return;
    }
    reset(&connection);
    if (warm_up(context, &connection) < 0) {
        probe_diagnose(result, "one client's reset hurts the next");
        probe_fault(context, result, "after a reset of ours", &connection);
    } else {
        probe_diagnose(result, "one client's reset hurts nobody else");
        probe_ok(result, "we reset a connection, the next was served");
    }
    probe_close(&connection);
}
