/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * summary: what a load comes to, in words, as JSON or as CSV.
 *
 * Knows how numbers are shown. Must not know how they were found.
 */
#include "config.h"

#include "echoc/load/summary.h"

#include "echoc/stats/chart.h"
#include "echoc/stats/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const char *const modes[] = {[OPTIONS_ROUND_TRIPS] = "round-trip",
                                    [OPTIONS_STREAM] = "stream",
                                    [OPTIONS_CHURN] = "churn",
                                    [OPTIONS_HOLD] = "hold"};

static double per_second(const struct summary *summary, uint64_t number)
{
    return summary->seconds > 0 ? (double)number / summary->seconds : 0;
}

static void print_times(const char *what, const struct histogram *times)
{
    if (times->count == 0)
        return;
    printf("%-10s p50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f ms\n",
           what, histogram_quantile(times, 0.5) / 1e6,
           histogram_quantile(times, 0.9) / 1e6,
           histogram_quantile(times, 0.99) / 1e6,
           histogram_quantile(times, 0.999) / 1e6, (double)times->max / 1e6);
}

static void print_errors(const struct counters *counters)
{
    const char *separator = "errors     ";
    char text[FAULT_TEXT_MAX];

    for (int i = 0; i < FAULT_KINDS; i++)
        if (counters->errors[i] > 0) {
            printf("%s%" PRIu64 " %s", separator, counters->errors[i],
                   fault_name((enum fault_kind)i));
            separator = ", ";
        }
    if (counters->first.kind == FAULT_NONE) {
        printf("errors     none\n");
    } else {
        fault_text(&counters->first, text);
        printf("\nthe first  %s\n", text);
    }
}

void summary_print(const struct summary *summary)
{
    const struct options *options = summary->options;
    const struct counters *counters = &summary->counters;
    char name[CONNECT_NAME_MAX];

    connect_name(summary->server, summary->server->chosen, name);
    printf("echoc load %s: %zu client%s, %s, %zu bytes a %s\n", name,
           options->clients, options->clients == 1 ? "" : "s",
           modes[options->mode], options->size,
           options->mode == OPTIONS_STREAM ? "piece" : "message");
    printf("served     %" PRIu64 " of %zu clients, the last after %.3f s\n",
           counters->served, options->clients,
           counters->served > 0 ? summary->served_after : 0);
    printf("messages   %" PRIu64 " sent, %" PRIu64 " echoed, %" PRIu64
           " lost, %" PRIu64 " changed\n",
           counters->sent, counters->echoed, counters_lost(counters),
           counters->changed);
    printf("rate       %.1f messages/s, %.3f MB/s in each direction, "
           "for %.3f s\n",
           per_second(summary, summary->echoes),
           per_second(summary, summary->bytes) / 1e6, summary->seconds);
    if (options->rate > 0)
        printf("paced      %" PRIu64 " messages/s asked, %" PRIu64
               " were due and not sent\n",
               options->rate, summary->unsent);
    print_times("connect", &counters->connect_times);
    print_times("latency", &counters->round_trips);
    print_errors(counters);
    chart_print(&counters->round_trips);
}

static void add_what_was_asked(const struct summary *summary)
{
    const struct options *options = summary->options;
    char name[CONNECT_NAME_MAX];

    connect_name(summary->server, summary->server->chosen, name);
    json_text("command", "load");
    json_text("address", summary->server->text);
    json_text("endpoint", name);
    json_text("mode", modes[options->mode]);
    json_whole("clients", options->clients);
    json_whole("size", options->size);
    json_number("rate", options->rate > 0 ? (double)options->rate : NAN);
}

void summary_print_json(const struct summary *summary)
{
    const struct counters *counters = &summary->counters;

    json_object(NULL);
    add_what_was_asked(summary);
    counters_json(counters);
    json_number("seconds", summary->seconds);
    json_number("messages_per_second", per_second(summary, summary->echoes));
    json_number("bytes_per_second", per_second(summary, summary->bytes));
    json_whole("unsent", summary->unsent);
    json_whole("served", counters->served);
    json_number("served_seconds",
                counters->served > 0 ? summary->served_after : NAN);
    json_object("cpu_seconds");
    json_number("user", summary->cpu_user);
    json_number("system", summary->cpu_system);
    json_end();
    json_end();
}

void summary_print_csv(const struct summary *summary)
{
    const struct histogram *times = &summary->counters.round_trips;

    printf("from_ms,to_ms,count\n");
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (times->buckets[i] > 0)
            printf("%.6f,%.6f,%" PRIu64 "\n", (double)histogram_least(i) / 1e6,
                   (double)histogram_least(i + 1) / 1e6,
                   (uint64_t)times->buckets[i]);
}
