/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_silence: does anything come that was not asked for?
 *
 * One connection stays open and unused from the first probe to the last: a
 * banner may take its time.
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/check/cause.h"
#include "echoc/check/probe.h"
#include "echoc/interrupt.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum {
    SILENCE_MS = 300,
    UNUSED_LEAST_MS = 1000,
    BLOCKED_TRIES = 2,
    BANNER_MAX = PROBE_BANNER_MAX - 1 /* bytes of a banner that are shown */
};

/* The first bytes of a banner; what is not printable becomes a dot. */
static void banner_text(const unsigned char *bytes, size_t size,
                        char text[BANNER_MAX + 4])
{
    size_t shown = size < BANNER_MAX ? size : BANNER_MAX;

    for (size_t i = 0; i < shown; i++)
        text[i] = isprint(bytes[i]) ? (char)bytes[i] : '.';
    strcpy(text + shown, size > BANNER_MAX ? "..." : "");
}

/* A connection on which nothing was sent has become readable. Returns whether
 * something came; if not, *end is what recv(2) says, EOF or an error. */
static bool report_unexpected(struct probe_context *context,
                              struct probe_result *result,
                              const struct connection *connection, int events,
                              const char **end)
{
    char text[BANNER_MAX + 4];
    ssize_t got = 0;

    if ((events & POLLPRI) != 0) {
        probe_bad(result,
                  "urgent data that was not asked for: a middlebox, or not an "
                  "echo server",
                  "an urgent byte before anything was sent");
        return true;
    }
    got =
        recv(connection->fd, context->banner, sizeof context->banner, MSG_PEEK);
    if (got <= 0) {
        *end = got == 0 ? "closed by the other side" : strerror(errno);
        return false;
    }
    context->banner_size = (size_t)got;
    banner_text(context->banner, (size_t)got, text);
    probe_bad(result, cause_banner, "\"%s\" before anything was sent", text);
    return true;
}

/* Three connect times are enough for a banner to arrive. */
int probe_silence(struct probe_context *context, struct connection *connection,
                  struct probe_result *result)
{
    int64_t wait_ns = SILENCE_MS * (int64_t)PROBE_NS_PER_MS;
    const char *end = NULL;
    int events = 0;

    if (probe_connect(context, connection) < 0)
        return -1;
    context->unused_since_ns = clock_ns();
    if (wait_ns < 3 * context->min_connect_ns)
        wait_ns = 3 * context->min_connect_ns;
    events = interrupt_wait(connection->fd, POLLIN | POLLPRI,
                            context->unused_since_ns + wait_ns);
    if (events < 0)
        return connection_fail(connection, FAULT_STOPPED, 0);
    if (events > 0 &&
        report_unexpected(context, result, connection, events, &end))
        return 0;
    if (events > 0) {
        probe_bad(result, "a connection is closed as soon as it is made",
                  "%s before anything was sent", end);
        result->cause = cause_ends;
        result->broke_at = 0;
        return 0;
    }
    context->unused = *connection;
    connection->fd = -1;
    return probe_ok(result, "nothing is inserted at the start",
                    "no banner and no urgent byte for %.1f s",
                    (double)wait_ns / 1e9);
}

const char *probe_blocked_diagnosis(const struct probe_context *context)
{
    return context->blocked.fault.kind == FAULT_LATE
               ? "clients are served one after another"
               : "a second connection is not served: a limit";
}

/* The same has just been answered, so the wait may be short. */
static bool is_answered(struct probe_context *context)
{
    struct exchange exchange = context->exchange;
    struct connection other = {.fd = -1};
    bool is_right = false;

    if (exchange.timeout_ms > PROBE_SHORT_MS)
        exchange.timeout_ms = PROBE_SHORT_MS;
    is_right = probe_connect(context, &other) == 0 &&
               exchange_until(&exchange, &other, 1) == 0;
    probe_end_and_close(&other);
    return is_right;
}

/* One that is not answered may be chance; of two, one would be. */
bool probe_is_blocked(struct probe_context *context)
{
    if (probe_connect(context, &context->unused) == 0) {
        context->unused_since_ns = clock_ns();
        for (int i = 0; i < BLOCKED_TRIES; i++)
            if (is_answered(context))
                return false;
    }
    probe_end_and_close(&context->unused);
    return true;
}

static int report_unused(struct probe_context *context,
                         struct probe_result *result, int events)
{
    double seconds = (double)(clock_ns() - context->unused_since_ns) / 1e9;
    const char *end = NULL;

    if (events == 0)
        return probe_ok(result, "nothing is inserted while nothing is sent",
                        "open and silent for %.1f s", seconds);
    if (report_unexpected(context, result, &context->unused, events, &end))
        return 0;
    /* A time limit for idle connections is no fault. */
    return probe_ok(result, "idle connections have a time limit",
                    "%s, without a byte, within %.1f s", end, seconds);
}

/* Wait until a slow banner would have come, if the other probes were quick. */
int probe_unused(struct probe_context *context, struct connection *connection,
                 struct probe_result *result)
{
    int64_t until_ns =
        context->unused_since_ns + UNUSED_LEAST_MS * (int64_t)PROBE_NS_PER_MS;
    int events = 0;

    if (context->blocked.fault.kind != FAULT_NONE)
        return probe_bad(result, probe_blocked_diagnosis(context),
                         "with it open: %.200s", context->blocked.observed);
    if (context->unused.fd < 0)
        return probe_skipped(result, "the probe silence says why",
                             "no connection stayed silent");
    events = interrupt_wait(context->unused.fd, POLLIN | POLLPRI, until_ns);
    if (events < 0)
        return connection_fail(connection, FAULT_STOPPED, 0);
    return report_unused(context, result, events);
}
