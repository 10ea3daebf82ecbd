/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * trial_time: how long do bytes take, and how long does silence last?
 *
 * Knows round trips and waiting. Must not know the other trials.
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/check/probe.h"
#include "echoc/interrupt.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PAIRS = 20,
    PAIR_BYTES = 16,
    PAUSE_NS = 2000000,
    HELD_BACK_NS = 25000000, /* less than any system's delayed ACK, 40 ms */
    ROUND_TRIPS = 1000,
    ROUND_TRIPS_NS = 2000000000,
    ROUND_TRIP_BYTES = 64,
    LADDER = 8,
    NS_PER_MS = 1000000
};

static int by_length(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one;
    int64_t b = *(const int64_t *)other;

    return (a > b) - (a < b);
}

/* Two writes that the server reads apart, the second large enough to be echoed
 * in two: the last part is what Nagle's algorithm (RFC 896) holds back until
 * the rest is acknowledged, and that may be 40 ms and more away (RFC 1122,
 * 4.2.3.2). */
static int pair(struct context *context, struct connection *connection,
                int64_t *took_ns)
{
    int64_t start = 0;

    if (connection_send(connection, connection->sent + 1,
                        context->exchange.buffer) < 0)
        return -1;
    if (interrupt_wait(-1, 0, clock_ns() + PAUSE_NS) < 0)
        return connection_fail(connection, FAULT_STOPPED, 0);
    start = clock_ns();
    if (exchange_until(&context->exchange, connection,
                       connection->sent + PAIR_BYTES) < 0)
        return -1;
    *took_ns = clock_ns() - start;
    return 0;
}

void probe_small_writes(struct context *context, struct result *result)
{
    struct connection connection;
    int64_t times[PAIRS] = {0};
    int64_t median = 0;
    int done = probe_connect(context, &connection);

    for (size_t i = 0; i < PAIRS && done == 0; i++)
        done = pair(context, &connection, &times[i]);
    probe_close(&connection);
    if (done < 0) {
        probe_fault(context, result, "", &connection);
        return;
    }
    qsort(times, PAIRS, sizeof times[0], by_length);
    median = times[PAIRS / 2];
    if (median - context->quickest_ns > HELD_BACK_NS) {
        probe_diagnose(result,
                       "small writes are held back: Nagle's algorithm against "
                       "delayed acknowledgements, or something waits");
        probe_bad(result, "half of them took over %.1f ms; a connect %.3f ms",
                  (double)median / 1e6, (double)context->quickest_ns / 1e6);
    } else {
        probe_diagnose(result, "small writes are not held back");
        probe_ok(result, "p50 %.3f ms, a connect %.3f ms", (double)median / 1e6,
                 (double)context->quickest_ns / 1e6);
    }
}

void probe_round_trips(struct context *context, struct result *result)
{
    const struct histogram *times = &context->round_trips;
    struct connection connection;
    int64_t until = clock_ns() + ROUND_TRIPS_NS;
    int done = probe_connect(context, &connection);
    char where[32];

    for (int i = 0; i < ROUND_TRIPS && done == 0 && clock_ns() < until; i++) {
        int64_t start = clock_ns();

        done = exchange_until(&context->exchange, &connection,
                              connection.sent + ROUND_TRIP_BYTES);
        if (done == 0)
            histogram_record(&context->round_trips, clock_ns() - start);
    }
    probe_close(&connection);
    if (done < 0) {
        snprintf(where, sizeof where, "round trip %llu",
                 (unsigned long long)times->count + 1);
        probe_fault(context, result, where, &connection);
        return;
    }
    probe_ok(result, "%llu: p50 %.3f, p90 %.3f, p99 %.3f, max %.3f ms",
             (unsigned long long)times->count,
             histogram_quantile(times, 0.5) / 1e6,
             histogram_quantile(times, 0.9) / 1e6,
             histogram_quantile(times, 0.99) / 1e6, (double)times->max / 1e6);
    if (histogram_quantile(times, 0.5) - (double)context->quickest_ns >
        HELD_BACK_NS) {
        result->verdict = PROBE_BAD;
        probe_diagnose(result, "replies take longer than the way: something "
                               "holds them back");
    } else {
        probe_diagnose(result, "one message after another comes back");
    }
}

/* Silence until a moment, then a round trip. Returns 0 if it lived; else -1
 * with the fault, and *end_ns when it was found dead. */
static int keep_silent(struct context *context, struct connection *connection,
                       int64_t until_ns, int64_t *end_ns)
{
    int64_t left = (until_ns - clock_ns()) / NS_PER_MS;
    int done = 0;

    if (left > 0)
        done = exchange_idle(&context->exchange, connection, (int)left);
    *end_ns = clock_ns();
    if (done == 0)
        done = exchange_until(&context->exchange, connection,
                              connection->sent + 1);
    return done;
}

/* Some connections of one age, spoken to at different times: those before the
 * death answer, the first after it does not. Narrows *low_ms and *high_ms, the
 * silences that were survived and not. Returns 0, or -1 with the fault. */
static int climb(struct context *context, int64_t *low_ms, int64_t *high_ms,
                 struct connection *broken)
{
    struct connection streams[LADDER - 1];
    int64_t ages[LADDER - 1];
    int64_t step = *high_ms - *low_ms;
    int64_t start = 0;
    int result = 0;
    int made = 0;

    for (; made < LADDER - 1 && result == 0; made++) {
        ages[made] = *low_ms + step * (made + 1) / LADDER;
        result = probe_connect(context, &streams[made]);
        if (result == 0)
            result = exchange_until(&context->exchange, &streams[made], 1);
        *broken = streams[made];
    }
    start = clock_ns();
    for (int i = 0; i < LADDER - 1 && result == 0; i++) {
        int64_t end_ns = 0;
        int done = keep_silent(context, &streams[i],
                               start + ages[i] * NS_PER_MS, &end_ns);

        *broken = streams[i];
        if (done < 0 && streams[i].fault.kind == FAULT_STOPPED)
            result = -1;
        *(done < 0 ? high_ms : low_ms) = ages[i];
        if (done < 0)
            break;
    }
    for (int i = 0; i < made; i++)
        probe_close(&streams[i]);
    return result;
}

/* Found dead by its silence: nobody said when, so others find out. */
static void bisect(struct context *context, struct result *result,
                   int64_t high_ms)
{
    struct connection broken;
    int64_t low_ms = 0;
    int64_t exact_ms = high_ms / 50 > 100 ? high_ms / 50 : 100;

    while (high_ms - low_ms > exact_ms)
        if (climb(context, &low_ms, &high_ms, &broken) < 0) {
            probe_fault(context, result, "", &broken);
            return;
        }
    probe_diagnose(result, "silent connections are forgotten without a word: "
                           "keep-alives must come more often than that");
    probe_bad(result,
              "no answer after %.2f s of silence; after %.2f s there was",
              (double)high_ms / 1e3, (double)low_ms / 1e3);
}

void probe_idle(struct context *context, struct result *result)
{
    struct connection connection;
    int64_t idle_ms = context->options->idle_ms;
    int64_t end_ns = 0;
    int64_t start = 0;
    int done = probe_connect(context, &connection);

    if (done == 0)
        done = exchange_until(&context->exchange, &connection, 1);
    if (done < 0) {
        probe_fault(context, result, "", &connection);
        probe_close(&connection);
        return;
    }
    start = clock_ns();
    done =
        keep_silent(context, &connection, start + idle_ms * NS_PER_MS, &end_ns);
    probe_close(&connection);
    if (done == 0) {
        probe_diagnose(result, "a silent connection lives so long");
        probe_ok(result, "alive after %.1f s of silence",
                 (double)idle_ms / 1e3);
    } else if (connection.fault.kind == FAULT_LATE) {
        bisect(context, result, idle_ms);
    } else {
        char where[48];

        snprintf(where, sizeof where, "after %.1f s of silence",
                 (double)(end_ns - start) / 1e9);
        probe_diagnose(result, "silent connections are ended: keep-alives must "
                               "come more often than that");
        probe_fault(context, result, where, &connection);
    }
}
