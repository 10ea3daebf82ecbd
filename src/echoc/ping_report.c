/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * ping_report: what ping prints, as text or JSON.
 *
 * The output follows ping(8).
 */
#include "config.h"

#include "echoc/ping_report.h"

#include "common/clock.h"
#include "echoc/stats/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

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

void ping_report_echo(const struct ping *ping, int64_t connect_ns,
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

void ping_report_fault(const struct ping *ping)
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

/* Six numbers have to fit a line. */
static int decimals(double ms)
{
    return ms < 9.9995 ? 3 : ms < 99.995 ? 2 : ms < 999.95;
}

static void print_times(const char *what, const struct histogram *times)
{
    const double ms[] = {(double)times->min / 1e6,
                         histogram_mean(times) / 1e6,
                         histogram_quantile(times, 0.5) / 1e6,
                         histogram_quantile(times, 0.99) / 1e6,
                         (double)times->max / 1e6,
                         histogram_deviation(times) / 1e6};

    if (times->count == 0)
        return;
    printf("%s min/avg/p50/p99/max/mdev =", what);
    for (size_t i = 0; i < sizeof ms / sizeof ms[0]; i++)
        printf("%c%.*f", i == 0 ? ' ' : '/', decimals(ms[i]), ms[i]);
    printf(" ms\n");
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

void ping_report_progress(void *context)
{
    const struct ping *ping = context;
    const struct histogram *times = &ping->counters.round_trips;
    char text[160];

    format_counts(&ping->counters, text);
    fprintf(stderr, "%s, %.6g%% loss, time %.3f s", text,
            loss_percent(&ping->counters), seconds_since_start(ping));
    if (times->count > 0)
        fprintf(stderr, "\nround trip min/avg/max = %.3f/%.3f/%.3f ms",
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

void ping_report_end(const struct ping *ping)
{
    if (ping->options->json)
        print_json(ping);
    else
        print_summary(ping);
}
