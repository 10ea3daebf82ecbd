/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_time: how long do replies take, and how long may a connection be idle?
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/check/probe.h"
#include "echoc/interrupt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PAIRS = 20,
    PAIR_BYTES = 16,
    PAIR_PAUSE_NS = 2000000,
    HELD_BACK_NS = 25000000, /* less than the shortest delayed ACK, 40 ms */
    ROUND_TRIPS = 1000,
    ROUND_TRIPS_NS = 2000000000,
    ROUND_TRIP_BYTES = 64,
    IDLE_STEPS = 8
};

static int compare_times(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

/*
 * Two writes, which the server reads one after the other. It may echo the
 * second in two segments; Nagle's algorithm (RFC 896) then holds the last one
 * back until the first is acknowledged, which a delayed ACK may put off by 40
 * ms and more (RFC 1122, 4.2.3.2).
 */
static int time_pair(struct probe_context *context,
                     struct connection *connection, int64_t *elapsed_ns)
{
    int64_t start = 0;

    if (connection_send(connection, connection->sent + 1,
                        context->exchange.buffer) < 0)
        return -1;
    if (interrupt_wait(-1, 0, clock_ns() + PAIR_PAUSE_NS) < 0)
        return connection_fail(connection, FAULT_STOPPED, 0);
    start = clock_ns();
    if (exchange_until(&context->exchange, connection,
                       connection->sent + PAIR_BYTES) < 0)
        return -1;
    *elapsed_ns = clock_ns() - start;
    return 0;
}

int probe_small_writes(struct probe_context *context,
                       struct connection *connection,
                       struct probe_result *result)
{
    int64_t times[PAIRS] = {0};
    int64_t median_ns = 0;
    double median_ms = 0;
    double connect_ms = 0;

    if (probe_connect(context, connection) < 0)
        return -1;
    for (size_t i = 0; i < PAIRS; i++)
        if (time_pair(context, connection, &times[i]) < 0)
            return -1;
    qsort(times, PAIRS, sizeof times[0], compare_times);
    median_ns = times[PAIRS / 2];
    median_ms = (double)median_ns / 1e6;
    connect_ms = (double)context->min_connect_ns / 1e6;
    if (median_ns - context->min_connect_ns > HELD_BACK_NS)
        return probe_bad(result,
                         "small writes are held back: Nagle's algorithm and "
                         "delayed acknowledgements, or something that waits",
                         "half of them took over %.1f ms; a connect %.3f ms",
                         median_ms, connect_ms);
    return probe_ok(result, "small writes are not held back",
                    "p50 %.3f ms, a connect %.3f ms", median_ms, connect_ms);
}

int probe_round_trips(struct probe_context *context,
                      struct connection *connection,
                      struct probe_result *result)
{
    struct histogram *times = &context->round_trips;
    int64_t end = clock_ns() + ROUND_TRIPS_NS;
    char text[PROBE_TEXT_MAX];
    double p50 = 0;

    if (probe_connect(context, connection) < 0)
        return -1;
    for (int i = 0; i < ROUND_TRIPS && clock_ns() < end; i++) {
        int64_t start = clock_ns();

        if (exchange_until(&context->exchange, connection,
                           connection->sent + ROUND_TRIP_BYTES) < 0)
            return probe_fault(result, &connection->fault, NULL,
                               "round trip %d", i + 1);
        histogram_record(times, clock_ns() - start);
    }
    p50 = histogram_quantile(times, 0.5);
    snprintf(text, sizeof text,
             "%" PRIu64 ": p50 %.3f, p90 %.3f, p99 %.3f, max %.3f ms",
             times->count, p50 / 1e6, histogram_quantile(times, 0.9) / 1e6,
             histogram_quantile(times, 0.99) / 1e6, (double)times->max / 1e6);
    if (p50 - (double)context->min_connect_ns > HELD_BACK_NS)
        return probe_bad(result,
                         "replies take much longer than a connect: something "
                         "holds them back",
                         "%s", text);
    return probe_ok(result, "replies are not held back", "%s", text);
}

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
