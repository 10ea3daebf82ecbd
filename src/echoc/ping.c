/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * ping: measure round trips, one after another.
 *
 * The output follows ping(8).
 */
#include "config.h"

#include "echoc/ping.h"

#include "common/clock.h"
#include "common/text.h"
#include "echoc/interrupt.h"
#include "echoc/net/connect.h"
#include "echoc/net/exchange.h"
#include "echoc/net/pattern.h"
#include "echoc/net/race.h"
#include "echoc/stats/counters.h"
#include "echoc/stats/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, PAUSE_AFTER_FAULT_NS = 10 * NS_PER_MS };

struct ping {
    const struct options *options;
    struct server server;
    char target[CONNECT_NAME_MAX]; /* the address as typed */
    char name[CONNECT_NAME_MAX];   /* of the endpoint */
    int64_t start_ns;
    struct exchange exchange;
    struct connection connection; /* fd is -1 while not connected */
    uint64_t run;                 /* for pattern_key() */
    struct fault last;            /* of the last message, or FAULT_NONE */
    struct counters counters;
};

static void connect_first(struct ping *ping);
static void ping_all(struct ping *ping);
static void ping_once(struct ping *ping);
static int round_trip(struct ping *ping, int64_t *connect_ns,
                      int64_t *round_trip_ns);
static int connect_now(struct ping *ping, int64_t *connect_ns);
static void disconnect(struct ping *ping);
static void print_echo(const struct ping *ping, int64_t connect_ns,
                       int64_t round_trip_ns);
static void print_fault(const struct ping *ping);
static void print_json_line(const struct ping *ping, int64_t connect_ns,
                            int64_t round_trip_ns);
static void print_progress(void *context);
static enum status print_result(const struct ping *ping);

enum status ping_run(const struct options *options)
{
    static struct ping ping; /* too large for the stack */
    enum status status = STATUS_OK;
    char errmsg[ERRMSG_MAX];

    status = connect_resolve(&ping.server, options, errmsg);
    if (status != STATUS_OK)
        return status_cannot_begin(options, status, errmsg);
    ping.options = options;
    ping.start_ns = clock_ns();
    if (options->time_ms > 0)
        interrupt_at(ping.start_ns + options->time_ms * (int64_t)NS_PER_MS);
    snprintf(ping.target, sizeof ping.target, "%s", ping.server.text);
    text_mask_controls(ping.target, strlen(ping.target));
    ping.run = (uint64_t)clock_ns();
    ping.connection.fd = -1;
    ping.exchange.timeout_ms = options->reply_timeout_ms;
    ping.exchange.buffer = malloc(CONNECTION_CHUNK);
    connect_name(&ping.server, ping.server.chosen, ping.name);
    if (ping.exchange.buffer == NULL ||
        interrupt_on_quit(print_progress, &ping) < 0) {
        status_warn("cannot begin: %s", strerror(errno));
        status = STATUS_LOCAL;
    } else {
        if (!options->json)
            connect_first(&ping);
        ping_all(&ping);
        status = print_result(&ping);
    }
    disconnect(&ping);
    free(ping.exchange.buffer);
    connect_free(&ping.server);
    return status;
}

/* Connect before the first message, so that its line does not show a connect
 * time. A fault is left for round_trip() to report. */
static void connect_first(struct ping *ping)
{
    int64_t connect_ns = 0;

    printf("echoc ping %s: %zu bytes a message\n", ping->target,
           ping->options->size);
    if (!ping->options->new_each && connect_now(ping, &connect_ns) == 0 &&
        !ping->options->quiet)
        printf("connected to %s in %.3f ms\n", ping->name,
               (double)connect_ns / 1e6);
    fflush(stdout);
}

static void ping_all(struct ping *ping)
{
    int64_t interval_ns = ping->options->interval_ms * (int64_t)NS_PER_MS;
    int64_t next_ns = clock_ns();

    while (!interrupt_received()) {
        int64_t earliest_ns = 0;

        ping_once(ping);
        if (counters_get(&ping->counters.sent) == ping->options->count ||
            ping->last.kind == FAULT_LOCAL || ferror(stdout))
            return;
        next_ns += interval_ns;
        earliest_ns = clock_ns();
        /* A refused connect fails at once, whatever the interval is. */
        if (ping->last.kind != FAULT_NONE)
            earliest_ns += PAUSE_AFTER_FAULT_NS;
        if (next_ns < earliest_ns)
            next_ns = earliest_ns;
        if (next_ns > clock_ns() && interrupt_wait(-1, 0, next_ns) < 0)
            return;
    }
}

static void ping_once(struct ping *ping)
{
    struct counters *counters = &ping->counters;
    const struct fault *fault = &ping->connection.fault;
    int64_t connect_ns = 0;
    int64_t round_trip_ns = 0;
    uint64_t sent = ping->connection.sent;

    if (ping->connection.fd < 0)
        sent = 0;
    if (round_trip(ping, &connect_ns, &round_trip_ns) == 0) {
        counters_add(&counters->sent, 1);
        counters_add(&counters->echoed, 1);
        counters_add(&counters->bytes, ping->options->size);
        histogram_record(&counters->round_trips, round_trip_ns);
        print_echo(ping, connect_ns, round_trip_ns);
    } else if (fault->kind != FAULT_STOPPED) {
        counters_add(&counters->sent, 1);
        counters_fault(counters, fault);
        if (fault->kind == FAULT_CHANGED || fault->kind == FAULT_EXTRA)
            counters_add(&counters->changed, 1);
        print_fault(ping);
    } else if (ping->connection.fd >= 0 && ping->connection.sent > sent) {
        counters_add(&counters->sent, 1);
        counters_add(&counters->unfinished, 1);
    }
    fflush(stdout);
    ping->last = *fault;
    ping->connection.fault.kind = FAULT_NONE;
    /* After a fault a late reply could be taken for that to the next message,
     * so use a new connection. */
    if (ping->last.kind != FAULT_NONE || ping->options->new_each)
        disconnect(ping);
}

/* Send one message and receive its echo, and connect first if necessary. A
 * connection that ended since the last message is noticed here. Sets the times
 * taken, *connect_ns to 0 if there was a connection. Returns 0, or -1 with the
 * connection's fault. */
static int round_trip(struct ping *ping, int64_t *connect_ns,
                      int64_t *round_trip_ns)
{
    int64_t start_ns = 0;

    *connect_ns = 0;
    if (ping->connection.fault.kind != FAULT_NONE) /* of connect_first() */
        return -1;
    if (ping->connection.fd < 0 && connect_now(ping, connect_ns) < 0)
        return -1;
    start_ns = clock_ns();
    if (exchange_until(&ping->exchange, &ping->connection,
                       ping->connection.sent + ping->options->size) < 0)
        return -1;
    *round_trip_ns = clock_ns() - start_ns;
    return ping->options->new_each
               ? exchange_finish(&ping->exchange, &ping->connection)
               : 0;
}

static int connect_now(struct ping *ping, int64_t *connect_ns)
{
    struct fault fault;
    int fd = race_connect(&ping->server, ping->counters.connects, &fault);

    if (fd < 0) {
        ping->connection.fault = fault;
        return -1;
    }
    *connect_ns = ping->server.connect_ns;
    histogram_record(&ping->counters.connect_times, *connect_ns);
    connection_init(&ping->connection, fd,
                    pattern_key(ping->run, ping->counters.connects));
    counters_add(&ping->counters.connects, 1);
    connect_name(&ping->server, ping->server.chosen, ping->name);
    return 0;
}

static void disconnect(struct ping *ping)
{
    if (ping->connection.fd >= 0)
        close(ping->connection.fd);
    ping->connection.fd = -1;
}

static double unix_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* As ping(8) has it. */
static void print_timestamp(const struct ping *ping)
{
    if (ping->options->timestamps)
        printf("[%.6f] ", unix_time());
}

/* One for each message; with a fault, round_trip_ns is 0. */
static void print_json_line(const struct ping *ping, int64_t connect_ns,
                            int64_t round_trip_ns)
{
    const struct fault *fault = &ping->connection.fault;
    bool is_echoed = fault->kind == FAULT_NONE;
    char text[FAULT_TEXT_MAX];

    fault_text(fault, text);
    json_object(NULL);
    json_integer("seq", counters_get(&ping->counters.sent));
    json_decimal("timestamp", unix_time(), 6);
    json_string("endpoint", ping->counters.connects > 0 ? ping->name : NULL);
    json_number("connect_time_ms",
                connect_ns > 0 ? (double)connect_ns / 1e6 : NAN);
    json_number("time_ms", is_echoed ? (double)round_trip_ns / 1e6 : NAN);
    json_string("fault", is_echoed ? NULL : fault_name(fault->kind));
    json_string("fault_text", is_echoed ? NULL : text);
    json_end();
}

static void print_echo(const struct ping *ping, int64_t connect_ns,
                       int64_t round_trip_ns)
{
    if (ping->options->quiet)
        return;
    if (ping->options->json) {
        print_json_line(ping, connect_ns, round_trip_ns);
        return;
    }
    print_timestamp(ping);
    printf("%zu bytes from %s: seq=%" PRIu64, ping->options->size, ping->name,
           counters_get(&ping->counters.sent));
    if (connect_ns > 0)
        printf(" connect=%.3f ms", (double)connect_ns / 1e6);
    printf(" time=%.3f ms\n", (double)round_trip_ns / 1e6);
}

static void print_fault(const struct ping *ping)
{
    char text[FAULT_TEXT_MAX];

    if (ping->options->quiet)
        return;
    if (ping->options->json) {
        print_json_line(ping, 0, 0);
        return;
    }
    fault_text(&ping->connection.fault, text);
    print_timestamp(ping);
    printf("no echo from %s: seq=%" PRIu64 " %s\n",
           ping->connection.fault.kind == FAULT_CONNECT ? ping->target
                                                        : ping->name,
           counters_get(&ping->counters.sent), text);
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

/* Of the messages that have ended. */
static double loss_percent(const struct counters *counters)
{
    uint64_t ended = counters->sent - counters->unfinished;

    return ended > 0 ? 100.0 * (double)counters_lost(counters) / (double)ended
                     : 0;
}

static double seconds_since_start(const struct ping *ping)
{
    return (double)(clock_ns() - ping->start_ns) / 1e9;
}

static void format_counts(const struct counters *counters, char text[160])
{
    int length = snprintf(text, 160,
                          "%" PRIu64 " sent, %" PRIu64 " echoed, %" PRIu64
                          " lost, %" PRIu64 " changed",
                          counters->sent, counters->echoed,
                          counters_lost(counters), counters->changed);

    if (counters->unfinished > 0)
        snprintf(text + length, 160 - (size_t)length,
                 ", %" PRIu64 " unfinished", counters->unfinished);
}

/* On SIGQUIT: one line on standard error, where it mixes with no output. */
static void print_progress(void *context)
{
    const struct ping *ping = context;
    const struct histogram *times = &ping->counters.round_trips;
    char text[160];

    format_counts(&ping->counters, text);
    fprintf(stderr, "%s, %.6g%% loss, time %.3f s", text,
            loss_percent(&ping->counters), seconds_since_start(ping));
    if (times->count > 0)
        fprintf(stderr, ", round trip min/avg/max = %.3f/%.3f/%.3f ms",
                (double)times->min / 1e6, histogram_mean(times) / 1e6,
                (double)times->max / 1e6);
    fputc('\n', stderr);
}

static void print_summary(const struct ping *ping)
{
    const struct counters *counters = &ping->counters;
    char text[160];

    format_counts(counters, text);
    printf("\n--- %s echo statistics ---\n%s\n", ping->target, text);
    printf("%.6g%% loss, time %.3f s\n", loss_percent(counters),
           seconds_since_start(ping));
    print_times("connect   ", &counters->connect_times);
    print_times("round trip", &counters->round_trips);
}

static void print_json(const struct ping *ping)
{
    options_json(ping->options);
    json_string("address", ping->server.text);
    json_string("endpoint", ping->counters.connects > 0 ? ping->name : NULL);
    json_integer("size", ping->options->size);
    counters_json(&ping->counters);
    json_integer("unfinished", ping->counters.unfinished);
    json_number("loss_percent", loss_percent(&ping->counters));
    json_number("seconds", seconds_since_start(ping));
    json_end();
}

static enum status print_result(const struct ping *ping)
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
    if (ping->counters.connects == 0 && ping->counters.sent > 0)
        return STATUS_UNREACHED;
    return ping->counters.echoed > 0 &&
                   ping->counters.sent - ping->counters.unfinished ==
                       ping->counters.echoed
               ? STATUS_OK
               : STATUS_FAULT;
}
