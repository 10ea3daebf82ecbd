/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_time: how long do replies take?
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
#include <stdio.h>
#include <stdlib.h>

enum {
    ROUNDS = 15,
    WRITES = 4,
    WRITE_BYTES = 16,
    GAP_MAX_NS = 2000000,
    SLOW_NS = 1000000000,
    HELD_BACK_NS = 25000000, /* less than the shortest delayed ACK, 40 ms */
    CONNECTIONS = 3,         /* that have to show what is held back */
    SAVED_SHARE = 8,         /* of a long time: less may be chance */
    ROUND_TRIPS = 1000,
    ROUND_TRIPS_NS = 2000000000,
    ROUND_TRIP_BYTES = 64,
    SAMPLES = 3 /* the fewest that tell anything */
};

static const char held_back[] =
    "small writes are held back: Nagle's algorithm and delayed "
    "acknowledgements, or something that waits";

static const char sometimes_held_back[] =
    "small writes are held back now and then: Nagle's algorithm, where a relay "
    "does not join them";

static const char grows_with_size[] =
    "the more bytes, the longer it takes: the server or the path is slow";

static int compare_times(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static int64_t median(int64_t *times, size_t count)
{
    qsort(times, count, sizeof times[0], compare_times);
    return times[count / 2];
}

static int time_one_write(const struct exchange *exchange,
                          struct connection *connection, uint64_t bytes,
                          int64_t *elapsed_ns)
{
    int64_t start = clock_ns();

    if (exchange_until(exchange, connection, connection->sent + bytes) < 0)
        return -1;
    *elapsed_ns = clock_ns() - start;
    return 0;
}

/* poll(2) rounds up to milliseconds, so the last one is spent here. */
static int pause_until(struct connection *connection, int64_t until_ns)
{
    if (until_ns - clock_ns() > PROBE_NS_PER_MS &&
        interrupt_wait(-1, 0, until_ns - PROBE_NS_PER_MS) < 0)
        return connection_fail(connection, FAULT_STOPPED, 0);
    while (clock_ns() < until_ns)
        continue;
    return 0;
}

/*
 * Several writes of one message. The pauses let the server read them one after
 * another, and end before the first echo is back: what we send after that would
 * acknowledge it.
 */
static int time_several_writes(const struct exchange *exchange,
                               struct connection *connection, int64_t gap_ns,
                               int64_t *elapsed_ns)
{
    int64_t start = clock_ns();

    for (int i = 0; i < WRITES; i++) {
        if (pause_until(connection, start + i * gap_ns) < 0 ||
            connection_send(connection, connection->sent + WRITE_BYTES,
                            exchange->buffer) < 0)
            return -1;
    }
    if (exchange_until(exchange, connection, connection->sent) < 0)
        return -1;
    *elapsed_ns = clock_ns() - start;
    return 0;
}

/* Medians of the time until the echo of a message is back, in ns, and how many
 * of the messages in several writes were held back. */
struct write_times {
    int64_t one_write;
    int64_t several_writes;
    size_t rounds;
    size_t held_back;
};

/* A relay may or may not join writes, by chance, and what it joins is not held
 * back. If nearly all messages are, it is no chance. */
static bool is_held_back(const struct write_times *times)
{
    return times->held_back > times->rounds * 3 / 4;
}

static int time_writes(const struct exchange *exchange,
                       struct connection *connection, struct write_times *times)
{
    int64_t one[ROUNDS] = {0};
    int64_t several[ROUNDS] = {0};
    int64_t end = clock_ns() + exchange->limit_ms * (int64_t)PROBE_NS_PER_MS;
    size_t count = 0;

    do {
        int64_t gap_ns = 0;

        if (time_one_write(exchange, connection, WRITES * WRITE_BYTES,
                           &one[count]) < 0)
            return -1;
        gap_ns = one[count] / WRITES;
        if (gap_ns > GAP_MAX_NS)
            gap_ns = GAP_MAX_NS;
        if (one[count] > SLOW_NS)
            several[count] = 0; /* to wait for more tells nothing */
        else if (time_several_writes(exchange, connection, gap_ns,
                                     &several[count]) < 0)
            return -1;
    } while (++count < ROUNDS && clock_ns() < end);
    times->rounds = count;
    times->one_write = median(one, count);
    times->several_writes = median(several, count);
    times->held_back = 0;
    for (size_t i = 0; i < count; i++)
        if (several[i] > 2 * times->one_write + HELD_BACK_NS)
            times->held_back++;
    return 0;
}

/* Acknowledge at once what was received, tcp(7). */
static void acknowledge(const struct connection *connection)
{
#ifdef TCP_QUICKACK
    sockopt_set(connection->fd, IPPROTO_TCP, TCP_QUICKACK, 1);
#else
    (void)connection;
#endif
}

/* On another connection. */
static int time_again(struct probe_context *context,
                      const struct exchange *exchange,
                      struct connection *connection, struct write_times *times)
{
    probe_close(connection);
    if (probe_connect(context, connection) < 0)
        return -1;
    return time_writes(exchange, connection, times);
}

static int report_writes(const struct write_times *times,
                         struct probe_result *result)
{
    if (times->held_back > times->rounds / 4) /* fewer: a busy machine */
        return probe_ok(result, sometimes_held_back,
                        "%zu of %zu messages took %d ms more in %d writes",
                        times->held_back, times->rounds,
                        HELD_BACK_NS / PROBE_NS_PER_MS, WRITES);
    return probe_ok(result, "small writes are not held back",
                    "p50 %.3f ms in %d writes, %.3f ms in one",
                    (double)times->several_writes / 1e6, WRITES,
                    (double)times->one_write / 1e6);
}

/*
 * Nagle's algorithm (RFC 896) holds a small segment back until the one before
 * is acknowledged, which a delayed ACK may put off by 40 ms and more (RFC 1122,
 * 4.2.3.2). It shows in two ways: several writes take longer than one write of
 * as many bytes; or, if the server itself answers in several writes, one write
 * takes long, but not if we acknowledge at once. A server that takes its time
 * for each read may see two reads in several writes, not more: the pauses are
 * short. So twice the time of one write is no sign of anything.
 */
int probe_small_writes(struct probe_context *context,
                       struct connection *connection,
                       struct probe_result *result)
{
    struct exchange acknowledging = context->exchange;
    struct write_times times = {0};
    struct write_times quick = {0};
    int64_t saved_ns = 0;

    acknowledging.on_progress = acknowledge;
    if (probe_connect(context, connection) < 0 ||
        time_writes(&context->exchange, connection, &times) < 0)
        return -1;
    if (times.one_write > SLOW_NS)
        return probe_skipped(result, "too slow to tell",
                             "p50 %.1f ms in one write",
                             (double)times.one_write / 1e6);
    for (int i = 1; i < CONNECTIONS && is_held_back(&times); i++)
        if (time_again(context, &context->exchange, connection, &times) < 0)
            return -1;
    if (is_held_back(&times)) {
        context->is_held_back = true;
        return probe_bad(result, held_back,
                         "p50 %.1f ms in %d writes, %.3f ms in one",
                         (double)times.several_writes / 1e6, WRITES,
                         (double)times.one_write / 1e6);
    }
    quick = times;
    if (times.one_write > HELD_BACK_NS &&
        time_again(context, &acknowledging, connection, &quick) < 0)
        return -1;
    saved_ns = times.one_write - quick.one_write;
    if (saved_ns > HELD_BACK_NS && saved_ns > times.one_write / SAVED_SHARE) {
        context->is_held_back = true;
        return probe_bad(
            result, held_back, "p50 %.1f ms, and %.3f ms with immediate ACKs",
            (double)times.one_write / 1e6, (double)quick.one_write / 1e6);
    }
    return report_writes(&times, result);
}

/* Round trips of one size, in ns, sorted. */
struct sample {
    uint64_t bytes;
    int64_t times[SAMPLES];
};

/* The sizes take turns, so that what changes with time is not taken for what
 * grows with the size. Returns 1, 0 if there is no time for all, or -1. */
static int time_samples(const struct exchange *exchange,
                        struct connection *connection, struct sample samples[],
                        size_t sizes)
{
    int64_t end = clock_ns() + exchange->limit_ms * (int64_t)PROBE_NS_PER_MS;

    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t size = 0; size < sizes; size++) {
            if (clock_ns() >= end)
                return 0;
            if (time_one_write(exchange, connection, samples[size].bytes,
                               &samples[size].times[i]) < 0)
                return -1;
        }
    for (size_t size = 0; size < sizes; size++)
        qsort(samples[size].times, SAMPLES, sizeof samples[size].times[0],
              compare_times);
    return 1;
}

/* Each time of one size is longer than all times of the size before it. */
static bool grows(const struct sample samples[], size_t sizes)
{
    for (size_t i = 1; i < sizes; i++)
        if (samples[i].times[0] <= samples[i - 1].times[SAMPLES - 1])
            return false;
    return true;
}

/* Why do round trips take long? Returns 0 with the diagnosis, or -1 with the
 * fault. */
static int diagnose_delay(const struct probe_context *context,
                          struct connection *connection, int64_t p50_ns,
                          const char **diagnosis)
{
    struct sample samples[] = {{.bytes = 1}, {.bytes = 8}, {.bytes = 32}};
    enum { SIZES = sizeof samples / sizeof samples[0] };
    int status = 0;

    *diagnosis = held_back;
    if (context->is_held_back)
        return 0;
    *diagnosis = "replies take much longer than a connect; too few were timed "
                 "to tell why";
    if (context->round_trips.count < SAMPLES)
        return 0;
    status = time_samples(&context->exchange, connection, samples, SIZES);
    if (status <= 0)
        return status;
    if (samples[0].times[SAMPLES / 2] > p50_ns / 2)
        *diagnosis = "every reply takes much longer than a connect: a constant "
                     "delay, in the server or on the way to it";
    else if (grows(samples, SIZES) && p50_ns > samples[SIZES - 1].times[0])
        *diagnosis = grows_with_size;
    else
        *diagnosis = "replies take much longer than a connect, but not all of "
                     "them";
    return 0;
}

/* Whether only the first reply of a connection takes long. A second connection
 * has to show the same. Returns -1 with the fault. */
static int is_first_late(struct probe_context *context,
                         struct connection *connection, int64_t first_ns)
{
    int64_t again_ns = 0;

    if (first_ns < SLOW_NS)
        return 0;
    probe_end_and_close(connection);
    if (probe_connect(context, connection) < 0 ||
        time_one_write(&context->exchange, connection, ROUND_TRIP_BYTES,
                       &again_ns) < 0)
        return -1;
    return again_ns >= SLOW_NS;
}

static int report_round_trips(struct probe_context *context,
                              struct connection *connection, int64_t first_ns,
                              struct probe_result *result)
{
    const struct histogram *times = &context->round_trips;
    const char *diagnosis = "replies are not held back";
    double p50 = histogram_quantile(times, 0.5);
    bool is_long = p50 - (double)context->min_connect_ns > HELD_BACK_NS;
    int is_late = 0;

    if (is_long &&
        diagnose_delay(context, connection, (int64_t)p50, &diagnosis) < 0)
        return -1;
    if (!is_long)
        is_late = is_first_late(context, connection, first_ns);
    if (is_late < 0)
        return -1;
    if (is_late > 0)
        diagnosis = "the first reply of a connection is late, those after it "
                    "are not";
    probe_ok(result, diagnosis,
             "%" PRIu64 ": p50 %.3f, p90 %.3f, p99 %.3f, max %.3f ms",
             times->count, p50 / 1e6, histogram_quantile(times, 0.9) / 1e6,
             histogram_quantile(times, 0.99) / 1e6, (double)times->max / 1e6);
    if (is_long || is_late > 0)
        result->verdict = PROBE_BAD;
    if (diagnosis == grows_with_size)
        result->cause = cause_slow;
    return 0;
}

/* Whether there is time for another one. The first is not counted: it may wait
 * for the server to begin. */
static bool has_time(const struct probe_context *context, int64_t start_ns,
                     int64_t first_ns)
{
    int64_t elapsed_ns = clock_ns() - start_ns - first_ns;
    int64_t limit_ns = context->exchange.limit_ms * (int64_t)PROBE_NS_PER_MS;

    return elapsed_ns < ROUND_TRIPS_NS ||
           (context->round_trips.count < SAMPLES && elapsed_ns < limit_ns);
}

int probe_round_trips(struct probe_context *context,
                      struct connection *connection,
                      struct probe_result *result)
{
    int64_t start_ns = clock_ns();
    int64_t first_ns = 0;

    if (probe_connect(context, connection) < 0)
        return -1;
    for (int i = 0; i < ROUND_TRIPS && has_time(context, start_ns, first_ns);
         i++) {
        int64_t elapsed_ns = 0;

        if (time_one_write(&context->exchange, connection, ROUND_TRIP_BYTES,
                           &elapsed_ns) < 0)
            return probe_fault(result, &connection->fault, NULL,
                               "round trip %d", i + 1);
        histogram_record(&context->round_trips, elapsed_ns);
        if (i == 0)
            first_ns = elapsed_ns;
    }
    return report_round_trips(context, connection, first_ns, result);
}
