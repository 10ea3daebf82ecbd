/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_end: what happens when one side half-closes or resets?
 */
#include "config.h"

#include "common/sockopt.h"
#include "echoc/check/probe.h"
#include "echoc/interrupt.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

/* Each probe first has FIRST_BYTES echoed, so that a later fault is due to the
 * end of the connection. UNREAD_BYTES and our FIN fit the initial window (RFC
 * 6928), so that they arrive together. */
enum { FIRST_BYTES = 512, UNREAD_BYTES = 8 * 1024 };

/* Send without reading. The cork keeps the last segment back until the FIN, so
 * that the server cannot echo it before it knows of the end. */
static int send_unread(struct probe_context *context,
                       struct connection *connection)
{
    int64_t deadline = probe_deadline(context);

#ifdef TCP_CORK
    sockopt_set(connection->fd, IPPROTO_TCP, TCP_CORK, 1);
#endif
    while (connection->sent < FIRST_BYTES + UNREAD_BYTES) {
        int events = interrupt_wait(connection->fd, POLLOUT, deadline);

        if (events < 0)
            return connection_fail(connection, FAULT_STOPPED, 0);
        if (events == 0)
            break; /* what was sent is enough */
        if (connection_send(connection, FIRST_BYTES + UNREAD_BYTES,
                            context->exchange.buffer) < 0)
            return -1;
    }
    return 0;
}

static const char *diagnose_half_close(const struct connection *connection)
{
    switch (connection->fault.kind) {
    case FAULT_CLOSED:
    case FAULT_RESET:
        return "half-close is not honoured: it closes both directions, and "
               "the rest of the echo is lost";
    case FAULT_LATE:
        if (connection_missing(connection) == 0)
            return "the half-close is not passed on: the other side never "
                   "closes";
        break;
    default:
        break;
    }
    return NULL;
}

int probe_half_close(struct probe_context *context,
                     struct connection *connection, struct probe_result *result)
{
    if (probe_connect_and_echo(context, connection, FIRST_BYTES) < 0 ||
        send_unread(context, connection) < 0)
        return -1;
    if (exchange_finish(&context->exchange, connection) < 0)
        return probe_fault(result, &connection->fault,
                           diagnose_half_close(connection),
                           "after the half-close");
    return probe_ok(result, "half-close is honoured",
                    "%" PRIu64
                    " bytes came back after the half-close, then EOF",
                    connection->received - FIRST_BYTES);
}

/* Nothing is under way, so nothing justifies a reset. */
int probe_end(struct probe_context *context, struct connection *connection,
              struct probe_result *result)
{
    if (probe_connect_and_echo(context, connection, FIRST_BYTES) < 0)
        return -1;
    if (exchange_finish(&context->exchange, connection) < 0)
        return probe_fault(
            result, &connection->fault,
            connection->fault.kind == FAULT_RESET
                ? "connections end by reset: a program that waits for the end "
                  "gets an error"
                : NULL,
            "at the end");
    return probe_ok(result, "the connection ends cleanly",
                    "a clean end and no reset after %d bytes", FIRST_BYTES);
}

/* With SO_LINGER of zero, close(2) sends a reset: socket(7). */
static void reset_connection(struct connection *connection)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    probe_close(connection);
}

int probe_reset(struct probe_context *context, struct connection *connection,
                struct probe_result *result)
{
    if (probe_connect_and_echo(context, connection, FIRST_BYTES) < 0 ||
        send_unread(context, connection) < 0)
        return -1;
    reset_connection(connection);
    if (probe_connect_and_echo(context, connection, FIRST_BYTES) < 0)
        return probe_fault(result, &connection->fault,
                           "a reset by one client affects the next",
                           "after a reset of ours");
    return probe_ok(result, "a reset by one client affects no other",
                    "we reset a connection, the next was served");
}
