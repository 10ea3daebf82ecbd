/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_end: what happens when one side half-closes or resets?
 */
#include "config.h"

#include "common/clock.h"
#include "common/sockopt.h"
#include "echoc/check/cause.h"
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
    AFTER_RESET_MS = 20,
    ORDERLY_PAIRS = 3
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

static int report_end(const struct fault *fault, struct probe_result *result)
{
    const char *diagnosis = NULL;

    if (fault->kind == FAULT_RESET) {
        diagnosis = "connections end by reset: a program that waits for the "
                    "end gets an error";
        result->cause = cause_resets;
    } else if (fault->kind == FAULT_LATE && fault->sent == fault->offset)
        result->cause = cause_no_end;
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
            result->cause = cause_resets;
        return 0;
    }
    if (fault.kind != FAULT_LATE || fault.sent > fault.offset)
        return probe_fault(result, &fault, NULL, "after the half-close");
    result->cause = cause_no_end;
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

enum pair { FIRST_FAILED, SECOND_FAILED, BOTH_SERVED };

/* Two connections, one after another. The first is reset with an unread echo,
 * or ends in order. A server with a limit of one connection needs a moment to
 * see that. */
static enum pair try_pair(struct probe_context *context,
                          struct connection *connection, bool with_reset)
{
    if (probe_connect_and_echo(context, connection, FIRST_BYTES) < 0 ||
        (with_reset && send_unread(context, connection) < 0))
        return FIRST_FAILED;
    if (with_reset)
        reset_connection(connection);
    else
        probe_end_and_close(connection);
    if (interrupt_wait(-1, 0, clock_ns() + AFTER_RESET_MS * PROBE_NS_PER_MS) <
        0) {
        connection_fail(connection, FAULT_STOPPED, 0);
        return FIRST_FAILED;
    }
    return probe_connect_and_echo(context, connection, FIRST_BYTES) < 0
               ? SECOND_FAILED
               : BOTH_SERVED;
}

/*
 * The connection after our reset was not served. The reset is to blame if the
 * same happens again, but not without a reset; or if nothing is served from
 * then on. What fails by chance, or each second time, is neither.
 */
static int report_reset(struct probe_context *context,
                        struct connection *connection,
                        struct probe_result *result)
{
    static const char ended[] = "nothing is served since we reset a connection";
    const struct fault *fault = &connection->fault;
    int timeout_ms = context->exchange.timeout_ms;
    size_t served = 0;
    bool is_always = false; /* again after a reset */
    bool is_never = true;   /* without one */

    if (timeout_ms > PROBE_SHORT_MS)
        context->exchange.timeout_ms = PROBE_SHORT_MS;
    for (int i = 0; i < 1 + ORDERLY_PAIRS && is_never; i++) {
        struct connection other = {.fd = -1};
        enum pair pair = try_pair(context, &other, i == 0);

        probe_end_and_close(&other);
        served += pair;
        if (i == 0)
            is_always = pair == SECOND_FAILED;
        else
            is_never = pair == BOTH_SERVED;
    }
    context->exchange.timeout_ms = timeout_ms;
    if (interrupt_received())
        return connection_fail(connection, FAULT_STOPPED, 0);
    if (served == 0) {
        context->ended = ended;
        return probe_fault(result, fault, ended, "after a reset of ours");
    }
    if (is_always && is_never)
        return probe_fault(result, fault,
                           "a reset by one client affects the next",
                           "after a reset of ours");
    return probe_fault(result, fault, NULL, "%s",
                       is_never ? "once after a reset of ours"
                                : "also without a reset of ours");
}

int probe_reset(struct probe_context *context, struct connection *connection,
                struct probe_result *result)
{
    const struct fault *fault = &connection->fault;
    enum pair pair = try_pair(context, connection, true);

    if (pair == FIRST_FAILED)
        return -1;
    if (pair == SECOND_FAILED && fault->kind != FAULT_CONNECT &&
        !probe_is_unserved(fault))
        return probe_fault(result, fault, NULL, "after a reset of ours");
    if (pair == SECOND_FAILED)
        return report_reset(context, connection, result);
    return probe_ok(result, "a reset by one client affects no other",
                    "we reset a connection, the next was served");
}
