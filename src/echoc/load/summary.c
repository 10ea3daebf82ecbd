/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * summary: the results of a load in words, for people.
 */
#include "config.h"

#include "echoc/load/summary.h"

#include "echoc/plot/plot.h"
#include "echoc/stats/chart.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINE_SIZE = 320 };

/* What the text report and the plot both say. */
struct summary {
    char load[LINE_SIZE];     /* clients, mode and size */
    char messages[LINE_SIZE]; /* by what became of them */
    char rate[LINE_SIZE];
    char paced[LINE_SIZE];      /* empty without --rate */
    char errors[LINE_SIZE];     /* by kind, or none */
    char first[FAULT_TEXT_MAX]; /* the first fault, or empty */
};

/* How many decimals leave a number seven columns, so that a line fits 80. */
static int decimals(double value)
{
    return value < 999.9995 ? 3 : value < 9999.995 ? 2 : value < 99999.95;
}

/* Add to the end of a line. */
__attribute__((format(printf, 2, 3))) static void
append(char line[LINE_SIZE], const char *format, ...)
{
    size_t used = strlen(line);
    va_list list;

    va_start(list, format);
    vsnprintf(line + used, LINE_SIZE - used, format, list);
    va_end(list);
}

static void write_errors(struct summary *summary,
                         const struct counters *counters)
{
    const char *separator = "";

    if (counters->first.kind == FAULT_NONE) {
        append(summary->errors, "none");
        return;
    }
    for (int i = 0; i < FAULT_KINDS; i++)
        if (counters->errors[i] > 0) {
            append(summary->errors, "%s%" PRIu64 " %s", separator,
                   counters->errors[i], fault_name((enum fault_kind)i));
            separator = ", ";
        }
    fault_text(&counters->first, summary->first);
}

static void write_messages(struct summary *summary,
                           const struct counters *counters)
{
    append(summary->messages,
           "%" PRIu64 " sent, %" PRIu64 " echoed, %" PRIu64 " lost, %" PRIu64
           " changed",
           counters->sent, counters->echoed, counters_lost(counters),
           counters->changed);
    if (counters->unfinished > 0)
        append(summary->messages, ", %" PRIu64 " unfinished",
               counters->unfinished);
}

static void fill(struct summary *summary, const struct totals *totals)
{
    const struct options *options = totals->options;
    double megabytes = totals_per_second(totals, totals->bytes) / 1e6;

    *summary = (struct summary){0};
    append(summary->load, "%zu client%s, %s, %zu bytes a %s", options->clients,
           options->clients == 1 ? "" : "s", totals_mode(totals), options->size,
           options->mode == OPTIONS_STREAM ? "chunk" : "message");
    write_messages(summary, &totals->counters);
    append(summary->rate,
           "%.1f messages/s, %.*f MB/s in each direction, for %.*f s",
           totals_per_second(totals, totals->echoes), decimals(megabytes),
           megabytes, decimals(totals->seconds), totals->seconds);
    if (options->rate > 0)
        append(summary->paced,
               "%.10g messages/s asked, %" PRIu64 " were due and not sent",
               options->rate, totals->unsent);
    write_errors(summary, &totals->counters);
}

static void print_times(const char *title, const struct histogram *times)
{
    static const struct {
        const char *name;
        double share;
    } quantiles[] = {
        {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};
    double max = (double)times->max / 1e6;

    if (times->count == 0)
        return;
    printf("%-11s", title);
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
        double ms = histogram_quantile(times, quantiles[i].share) / 1e6;

        printf("%s %.*f  ", quantiles[i].name, decimals(ms), ms);
    }
    printf("max %.*f ms\n", decimals(max), max);
}

static void print_served(const struct totals *totals)
{
    printf("served     %" PRIu64 " of %zu clients, ", totals->counters.served,
           totals->options->clients);
    if (totals->counters.served > 0)
        printf("the last after %.3f s\n", totals->served_after);
    else
        printf("none had an echo\n");
}

void summary_print(const struct totals *totals)
{
    const struct counters *counters = &totals->counters;
    struct summary summary;
    char name[CONNECT_NAME_MAX];

    fill(&summary, totals);
    connect_name(totals->server, totals->server->chosen, name);
    printf("echoc load %s: %s\n", name, summary.load);
    print_served(totals);
    printf("messages   %s\n", summary.messages);
    printf("rate       %s\n", summary.rate);
    if (*summary.paced != '\0')
        printf("paced      %s\n", summary.paced);
    if (totals->unsent > 0)
        printf("           (in the latency, with the time until the end)\n");
    print_times("connect", &counters->connect_times);
    print_times("send delay", &counters->send_delays);
    print_times("latency", &counters->round_trips);
    printf("errors     %s\n", summary.errors);
    if (*summary.first != '\0')
        printf("the first  %s\n", summary.first);
    chart_print(&counters->round_trips);
}

int summary_plot(const char *path, const struct totals *totals)
{
    struct summary summary;
    char date[32];
    char errors[LINE_SIZE] = "errors: ";
    struct tm tm;
    struct plot plot = {
        .title = totals->server->text,
        .date = date,
        .lines = {summary.load, summary.rate, summary.messages, errors},
        .times = &totals->counters.round_trips};

    fill(&summary, totals);
    if (*summary.paced != '\0')
        append(summary.rate, "; %s", summary.paced);
    append(errors, "%s", summary.errors);
    plot.has_errors = *summary.first != '\0';
    if (plot.has_errors)
        append(errors, "; the first: %s", summary.first);
    gmtime_r(&totals->options->start.tv_sec, &tm);
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S UTC", &tm);
    return plot_write(path, &plot);
}
