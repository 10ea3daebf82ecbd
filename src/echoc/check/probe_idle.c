/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_idle: how long may a connection be idle?
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/check/probe.h"

enum { IDLE_STEPS = 8 };

/*
 * Leave a connection idle until a time of clock_ns(), then have one byte
 * echoed. Returns 0, or -1 with the fault; *end_ns is when the idle time ended.
 */
static int idle_and_echo(struct probe_context *context,
                         struct connection *connection, int64_t until_ns,
                         int64_t *end_ns)
{
    int64_t left_ms = (until_ns - clock_ns()) / PROBE_NS_PER_MS;
    int status = 0;

    if (left_ms > 0)
        status = exchange_idle(&context->exchange, connection, (int)left_ms);
    *end_ns = clock_ns();
    if (status == 0)
        status = exchange_until(&context->exchange, connection,
                                connection->sent + 1);
    return status;
}

/* The longest idle time that a connection survived, and the shortest that one
 * did not. */
struct idle_range {
    int64_t low_ms;
    int64_t high_ms;
};

/* All connections begin to be idle at the same time. Those that are used before
 * the limit answer; the first that is used after it does not. */
static int try_idle_times(struct probe_context *context,
                          struct connection connections[IDLE_STEPS - 1],
                          struct idle_range *range, struct fault *fault)
{
    int64_t low_ms = range->low_ms;
    int64_t width_ms = range->high_ms - range->low_ms;
    int64_t start = 0;

    for (int i = 0; i < IDLE_STEPS - 1; i++)
        if (probe_connect_and_echo(context, &connections[i], 1) < 0) {
            *fault = connections[i].fault;
            return -1;
        }
    start = clock_ns();
    for (int i = 0; i < IDLE_STEPS - 1; i++) {
        int64_t idle_ms = low_ms + width_ms * (i + 1) / IDLE_STEPS;
        int64_t end_ns = 0;

        if (idle_and_echo(context, &connections[i],
                          start + idle_ms * PROBE_NS_PER_MS, &end_ns) < 0) {
            range->high_ms = idle_ms;
            *fault = connections[i].fault;
            return fault->kind == FAULT_STOPPED ? -1 : 0;
        }
        range->low_ms = idle_ms;
    }
    return 0;
}

/* Returns 0 with a narrower range, or -1 with the fault. */
static int narrow_idle_range(struct probe_context *context,
                             struct idle_range *range, struct fault *fault)
{
    struct connection connections[IDLE_STEPS - 1];
    int status = 0;

    for (int i = 0; i < IDLE_STEPS - 1; i++)
        connections[i].fd = -1;
    status = try_idle_times(context, connections, range, fault);
    for (int i = 0; i < IDLE_STEPS - 1; i++)
        probe_close(&connections[i]);
    return status;
}

/* The connection was dropped without notice; find out after which time. */
static int find_idle_limit(struct probe_context *context,
                           struct connection *connection,
                           struct probe_result *result)
{
    int64_t idle_ms = context->options->idle_ms;
    int64_t precision_ms = idle_ms / 50 > 100 ? idle_ms / 50 : 100;
    struct idle_range range = {.low_ms = 0, .high_ms = idle_ms};

    while (range.high_ms - range.low_ms > precision_ms)
        if (narrow_idle_range(context, &range, &connection->fault) < 0)
            return -1;
    return probe_bad(
        result,
        "idle connections are dropped without notice: keep-alives must come "
        "more often than that",
        "no answer after %.2f s of silence; after %.2f s there was",
        (double)range.high_ms / 1e3, (double)range.low_ms / 1e3);
}

int probe_idle(struct probe_context *context, struct connection *connection,
               struct probe_result *result)
{
    int64_t idle_ms = context->options->idle_ms;
    int64_t start = 0;
    int64_t end_ns = 0;

    if (probe_connect_and_echo(context, connection, 1) < 0)
        return -1;
    start = clock_ns();
    if (idle_and_echo(context, connection, start + idle_ms * PROBE_NS_PER_MS,
                      &end_ns) == 0)
        return probe_ok(result, "an idle connection stays open this long",
                        "alive after %.1f s of silence", (double)idle_ms / 1e3);
    probe_close(connection);
    if (connection->fault.kind == FAULT_LATE)
        return find_idle_limit(context, connection, result);
    return probe_fault(result, &connection->fault,
                       "idle connections are closed: keep-alives must come "
                       "more often than that",
                       "after %.1f s of silence",
                       (double)(end_ns - start) / 1e9);
}
