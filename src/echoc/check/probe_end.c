/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_end: what happens when one side half-closes or resets?
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

/* Each probe first has FIRST_BYTES echoed, so that a later fault is due to the
 * end of the connection. UNREAD_BYTES and our FIN fit the initial window (RFC
 * 6928), so that they arrive together. */
enum {
    FIRST_BYTES = 512,
    UNREAD_BYTES = 8 * 1024,
    BEFORE_END_MS = 50,
    AFTER_RESET_MS = 20
};

static void set_cork(const struct connection *connection, int value)
{
#ifdef TCP_CORK
    sockopt_set(connection->fd, IPPROTO_TCP, TCP_CORK, value);
#else
    (void)connection;
    (void)value;
#endif
}

/* Send without reading. The cork keeps the last segment back until the FIN, so
 * that the server cannot echo it before it knows of the end. */
static int send_unread(struct probe_context *context,
                       struct connection *connection)
{
    int64_t deadline = probe_deadline(context);

    set_cork(connection, 1);
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

/* The same exchange without a half-close. Returns whether it fails as well; the
 * connection then has the fault. */
static bool fails_without_end(struct probe_context *context,
                              struct connection *connection)
{
    probe_close(connection);
    if (probe_connect_and_echo(context, connection, FIRST_BYTES) < 0 ||
        send_unread(context, connection) < 0)
        return true;
    set_cork(connection, 0);
    return exchange_until(&context->exchange, connection,
                          FIRST_BYTES + UNREAD_BYTES) < 0;
}

/* What half-close and end have in common. */
static const char no_end[] = "the other side never closes after a half-close";
static const char reset_at_end[] =
    "the other side answers a half-close with a reset";

static int report_end(const struct fault *fault, struct probe_result *result)
{
    const char *diagnosis = NULL;

    if (fault->kind == FAULT_RESET) {
        diagnosis = "connections end by reset: a program that waits for the "
                    "end gets an error";
        result->cause = reset_at_end;
    } else if (fault->kind == FAULT_LATE && fault->sent == fault->offset)
        result->cause = no_end;
    return probe_fault(result, fault, diagnosis, "at the end");
}

static int report_half_close(struct probe_context *context,
                             struct connection *connection,
                             struct probe_result *result)
{
    struct fault fault = connection->fault;

    if (fault.kind == FAULT_RESET && fault.sent == fault.offset)
        return report_end(&fault, result);
    if (fault.kind == FAULT_CLOSED || fault.kind == FAULT_RESET) {
        if (fails_without_end(context, connection))
            return probe_fault(result, &connection->fault, NULL,
                               "also without a half-close");
        probe_fault(result, &fault,
                    "half-close is not honoured: it closes both directions, "
                    "and the rest of the echo is lost",
                    "after the half-close");
        if (fault.kind == FAULT_RESET)
            result->cause = reset_at_end;
        return 0;
    }
    if (fault.kind != FAULT_LATE || fault.sent > fault.offset)
        return probe_fault(result, &fault, NULL, "after the half-close");
    result->cause = no_end;
    return probe_fault(result, &fault,
                       "the half-close is not passed on: the other side never "
                       "closes",
                       "after the half-close");
}

int probe_half_close(struct probe_context *context,
                     struct connection *connection, struct probe_result *result)
{
    if (probe_connect_and_echo(context, connection, FIRST_BYTES) < 0 ||
        send_unread(context, connection) < 0)
        return -1;
    if (exchange_finish(&context->exchange, connection) < 0)
        return report_half_close(context, connection, result);
    return probe_ok(result, "half-close is honoured",
                    "%" PRIu64
                    " bytes came back after the half-close, then EOF",
                    connection->received - FIRST_BYTES);
}

/* Nothing is under way, so nothing justifies a reset. First find out whether
 * the other side ends the connection without our end. */
int probe_end(struct probe_context *context, struct connection *connection,
              struct probe_result *result)
{
    int64_t wait_ms = 0;

    if (probe_connect_and_echo(context, connection, FIRST_BYTES) < 0)
        return -1;
    wait_ms = 3 * context->min_connect_ns / PROBE_NS_PER_MS;
    if (wait_ms < BEFORE_END_MS)
        wait_ms = BEFORE_END_MS;
    if (exchange_idle(&context->exchange, connection, (int)wait_ms) < 0)
        return probe_fault(result, &connection->fault, NULL, "before the end");
    if (exchange_finish(&context->exchange, connection) < 0)
        return report_end(&connection->fault, result);
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

/* A server with a limit of one connection needs a moment to see the reset. */
int probe_reset(struct probe_context *context, struct connection *connection,
                struct probe_result *result)
{
    if (probe_connect_and_echo(context, connection, FIRST_BYTES) < 0 ||
        send_unread(context, connection) < 0)
        return -1;
    reset_connection(connection);
    if (interrupt_wait(-1, 0, clock_ns() + AFTER_RESET_MS * PROBE_NS_PER_MS) <
        0)
        return connection_fail(connection, FAULT_STOPPED, 0);
    if (probe_connect_and_echo(context, connection, FIRST_BYTES) < 0)
        return probe_fault(result, &connection->fault,
                           "a reset by one client affects the next",
                           "after a reset of ours");
    return probe_ok(result, "a reset by one client affects no other",
                    "we reset a connection, the next was served");
}
