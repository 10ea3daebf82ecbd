/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * ping: round trips, one after another.
 *
 * Knows intervals, the counts and ping(8)'s change. Must not know how bytes
 * are moved.
 */
#include "config.h"

#include "echoc/ping.h"

#include "common/clock.h"
#include "echoc/interrupt.h"
#include "echoc/net/connect.h"
#include "echoc/net/exchange.h"
#include "echoc/net/pattern.h"
#include "echoc/stats/counters.h"
#include "echoc/stats/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ping {
    const struct options *options;
    struct server server;
    char name[CONNECT_NAME_MAX];
    struct exchange exchange;
    struct connection
        connection;    /* its fd is -1 while there is no connection */
    uint64_t run;      /* for keys */
    struct fault last; /* what the last message met; FAULT_NONE */
    struct counters counters;
};

static double ms(int64_t ns)
{
    return (double)ns / 1e6;
}

static void hang_up(struct ping *ping)
{
    if (ping->connection.fd >= 0)
        close(ping->connection.fd);
    ping->connection.fd = -1;
}

/* *took_ns is how long it took. Returns 0, or -1 with the fault. */
static int connect_now(struct ping *ping, int64_t *took_ns)
{
    struct fault fault;
    int64_t start = clock_ns();
    int fd =
        connect_any(&ping->server, ping->options->connect_timeout_ms, &fault);

    if (fd < 0) {
        ping->connection.fault = fault;
        return -1;
    }
    *took_ns = clock_ns() - start;
    histogram_record(&ping->counters.connect_times, *took_ns);
    connection_init(&ping->connection, fd,
                    pattern_key(ping->run, ping->counters.connects));
    counters_add(&ping->counters.connects, 1);
    connect_name(&ping->server, ping->server.chosen, ping->name);
    return 0;
}

static void say_fault(const struct ping *ping)
{
    char text[FAULT_TEXT_MAX];

    fault_text(&ping->connection.fault, text);
    if (!ping->options->json)
        printf("no echo from %s: seq=%" PRIu64 " %s\n", ping->name,
               counters_get(&ping->counters.sent), text);
}

static void say_echo(const struct ping *ping, int64_t connect_ns,
                     int64_t round_trip_ns)
{
    if (ping->options->json)
        return;
    printf("%zu bytes from %s: seq=%" PRIu64, ping->options->size, ping->name,
           counters_get(&ping->counters.sent));
    if (connect_ns > 0)
        printf(" connect=%.3f ms", ms(connect_ns));
    printf(" time=%.3f ms\n", ms(round_trip_ns));
}

/* One message there and back, on a connection that there is or is made. */
static int round_trip(struct ping *ping, int64_t *connect_ns,
                      int64_t *round_trip_ns)
{
    int64_t start = 0;

    *connect_ns = 0;
    if (ping->connection.fault.kind != FAULT_NONE) /* the introduction's */
        return -1;
    if (ping->connection.fd < 0 && connect_now(ping, connect_ns) < 0)
        return -1;
    start = clock_ns();
    if (exchange_until(&ping->exchange, &ping->connection,
                       ping->connection.sent + ping->options->size) < 0)
        return -1;
    *round_trip_ns = clock_ns() - start;
    return ping->options->new_each
               ? exchange_finish(&ping->exchange, &ping->connection)
               : 0;
}

static void count_fault(struct ping *ping)
{
    const struct fault *fault = &ping->connection.fault;

    counters_fault(&ping->counters, fault);
    if (fault->kind == FAULT_CHANGED || fault->kind == FAULT_EXTRA)
        counters_add(&ping->counters.changed, 1);
}

/* After a fault the connection is of no more use: what is late might still
 * come, and would be taken for the answer to the next. */
static void ping_once(struct ping *ping)
{
    struct counters *counters = &ping->counters;
    int64_t connect_ns = 0;
    int64_t round_trip_ns = 0;

    if (round_trip(ping, &connect_ns, &round_trip_ns) == 0) {
        counters_add(&counters->sent, 1);
        counters_add(&counters->echoed, 1);
        counters_add(&counters->bytes, ping->options->size);
        histogram_record(&counters->round_trips, round_trip_ns);
        say_echo(ping, connect_ns, round_trip_ns);
    } else if (ping->connection.fault.kind != FAULT_STOPPED) {
        counters_add(&counters->sent, 1);
        count_fault(ping);
        say_fault(ping);
    }
    ping->last = ping->connection.fault;
    ping->connection.fault.kind = FAULT_NONE;
    if (ping->last.kind != FAULT_NONE || ping->options->new_each)
        hang_up(ping);
    fflush(stdout);
}

/* Between two messages the connection may end, or say what nobody asked for:
 * the next message finds that out. */
static void ping_all(struct ping *ping)
{
    int64_t interval_ns = ping->options->interval_ms * INT64_C(1000000);
    int64_t due = clock_ns();

    while (!interrupt_received()) {
        int64_t now = 0;

        ping_once(ping);
        if (counters_get(&ping->counters.sent) == ping->options->count ||
            ping->last.kind == FAULT_LOCAL || ferror(stdout))
            break;
        due += interval_ns;
        now = clock_ns();
        if (due < now)
            due = now;
        /* Refusals come at once; they shall not be asked for without end. */
        if (ping->last.kind != FAULT_NONE && due < now + 10000000)
            due = now + 10000000;
        if (due > now && interrupt_wait(-1, 0, due) < 0)
            break;
    }
}

static void print_times(const char *what, const struct histogram *times)
{
    if (times->count == 0)
        return;
    printf("%s min/avg/p50/p99/max/mdev = %.3f/%.3f/%.3f/%.3f/%.3f/%.3f ms\n",
           what, (double)times->min / 1e6, histogram_mean(times) / 1e6,
           histogram_quantile(times, 0.5) / 1e6,
           histogram_quantile(times, 0.99) / 1e6, (double)times->max / 1e6,
           histogram_deviation(times) / 1e6);
}

static void print_summary(const struct ping *ping)
{
    const struct counters *counters = &ping->counters;

    printf("\n--- %s echo statistics ---\n", ping->name);
    printf("%" PRIu64 " sent, %" PRIu64 " echoed, %" PRIu64 " lost, %" PRIu64
           " changed\n",
           counters->sent, counters->echoed, counters_lost(counters),
           counters->changed);
    print_times("connect   ", &counters->connect_times);
    print_times("round trip", &counters->round_trips);
}

static void print_json(const struct ping *ping)
{
    json_object(NULL);
    json_text("command", "ping");
    json_text("address", ping->server.text);
    json_text("endpoint", ping->counters.connects > 0 ? ping->name : NULL);
    json_whole("size", ping->options->size);
    counters_json(&ping->counters);
    json_end();
}

static enum status conclude(struct ping *ping)
{
    char text[FAULT_TEXT_MAX];

    if (ping->options->json)
        print_json(ping);
    else
        print_summary(ping);
    if (ping->last.kind == FAULT_LOCAL) {
        fault_text(&ping->last, text);
        status_warn("cannot go on: %s", text);
        return STATUS_LOCAL;
    }
    return ping->counters.sent == ping->counters.echoed &&
                   ping->counters.sent > 0
               ? STATUS_OK
               : STATUS_FAULT;
}

/* The first connection is said apart, so that its time does not look like a
 * part of the first round trip. If there is none, the first message has that
 * fault. */
static void introduce(struct ping *ping)
{
    int64_t connect_ns = 0;

    connect_name(&ping->server, ping->server.chosen, ping->name);
    if (ping->options->json)
        return;
    printf("echoc ping %s: %zu bytes a message\n", ping->name,
           ping->options->size);
    if (!ping->options->new_each && connect_now(ping, &connect_ns) == 0)
        printf("connected to %s in %.3f ms\n", ping->name, ms(connect_ns));
    fflush(stdout);
}

enum status ping_run(const struct options *options)
{
    static struct ping ping; /* too large for a stack */
    enum status status = STATUS_LOCAL;
    char errmsg[ERRMSG_MAX];

    ping.options = options;
    ping.run = (uint64_t)clock_ns();
    ping.exchange.timeout_ms = options->reply_timeout_ms;
    ping.connection.fd = -1;
    if (connect_resolve(&ping.server, options, errmsg) < 0) {
        status_warn("%s", errmsg);
        return STATUS_FAULT;
    }
    ping.exchange.buffer = malloc(CONNECTION_CHUNK);
    if (ping.exchange.buffer == NULL) {
        status_warn("cannot begin: %s", strerror(errno));
    } else {
        introduce(&ping);
        ping_all(&ping);
        status = conclude(&ping);
    }
    hang_up(&ping);
    free(ping.exchange.buffer);
    connect_free(&ping.server);
    return status;
}
