/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * report: the results of a load, as text, JSON, CSV, files and exit status.
 */
#include "config.h"

#include "echoc/load/report.h"

#include "echoc/interrupt.h"
#include "echoc/load/interval.h"
#include "echoc/load/worker.h"
#include "echoc/plot/plot.h"
#include "echoc/stats/chart.h"
#include "echoc/stats/hgrm.h"
#include "echoc/stats/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

struct report {
    const struct options *options;
    const struct server *server;
    const struct intervals *intervals;
    size_t threads;
    struct counters counters; /* of all workers */
    uint64_t echoes;          /* messages echoed within the measured time */
    uint64_t bytes;           /* the same, in one direction */
    uint64_t unsent;          /* --rate: messages that were due but not sent */
    double seconds;           /* the measured time */
    double served_after;      /* s, until the last client had its first echo */
    double cpu_user;          /* s, of this process */
    double cpu_system;
};

static const char *const modes[] = {[OPTIONS_ROUND_TRIPS] = "round-trip",
                                    [OPTIONS_STREAM] = "stream",
                                    [OPTIONS_CHURN] = "churn",
                                    [OPTIONS_HOLD] = "hold"};

static double to_seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void sum_up(struct report *report, const struct load *load)
{
    struct counters *counters = &report->counters;
    struct rusage usage = {0};
    int64_t start_ns = INT64_MAX;
    int64_t end_ns = 0;

    for (size_t i = 0; i < load->started; i++) {
        const struct worker *worker = &load->workers[i];

        counters_merge(counters, &worker->counters);
        report->echoes += worker->timed_echoes;
        report->bytes += worker->timed_bytes;
        report->unsent += worker->unsent;
        if (worker->start_ns < start_ns)
            start_ns = worker->start_ns;
        if (worker->end_ns > end_ns)
            end_ns = worker->end_ns;
        if (counters->first.kind == FAULT_NONE)
            counters->first = worker->counters.first;
    }
    report->seconds = end_ns > start_ns ? (double)(end_ns - start_ns) / 1e9 : 0;
    report->served_after =
        (double)((int64_t)counters->served_ns - load->start_ns) / 1e9;
    getrusage(RUSAGE_SELF, &usage);
    report->cpu_user = to_seconds(usage.ru_utime);
    report->cpu_system = to_seconds(usage.ru_stime);
}

static double per_second(const struct report *report, uint64_t number)
{
    return report->seconds > 0 ? (double)number / report->seconds : 0;
}

/* How many decimals leave a number seven columns, so that a line fits 80. */
static int decimals(double value)
{
    return value < 999.9995 ? 3 : value < 9999.995 ? 2 : value < 99999.95;
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

static void print_counts(const struct report *report)
{
    const struct counters *counters = &report->counters;

    printf("served     %" PRIu64 " of %zu clients, ", counters->served,
           report->options->clients);
    if (counters->served > 0)
        printf("the last after %.3f s\n", report->served_after);
    else
        printf("none had an echo\n");
    printf("messages   %" PRIu64 " sent, %" PRIu64 " echoed, %" PRIu64
           " lost, %" PRIu64 " changed",
           counters->sent, counters->echoed, counters_lost(counters),
           counters->changed);
    if (counters->unfinished > 0)
        printf(", %" PRIu64 " unfinished", counters->unfinished);
    putchar('\n');
}

static void print_schedule(const struct report *report)
{
    if (report->options->rate == 0)
        return;
    printf("paced      %.10g messages/s asked, %" PRIu64
           " were due and not sent\n",
           report->options->rate, report->unsent);
    if (report->unsent > 0)
        printf("           (in the latency, with the time until the end)\n");
}

static void print_text(const struct report *report)
{
    const struct options *options = report->options;
    const struct counters *counters = &report->counters;
    double megabytes = per_second(report, report->bytes) / 1e6;
    char name[CONNECT_NAME_MAX];

    connect_name(report->server, report->server->chosen, name);
    printf("echoc load %s: %zu client%s, %s, %zu bytes a %s\n", name,
           options->clients, options->clients == 1 ? "" : "s",
           modes[options->mode], options->size,
           options->mode == OPTIONS_STREAM ? "chunk" : "message");
    print_counts(report);
    printf("rate       %.1f messages/s, %.*f MB/s in each direction, "
           "for %.*f s\n",
           per_second(report, report->echoes), decimals(megabytes), megabytes,
           decimals(report->seconds), report->seconds);
    print_schedule(report);
    print_times("connect", &counters->connect_times);
    print_times("send delay", &counters->send_delays);
    print_times("latency", &counters->round_trips);
    print_errors(counters);
    chart_print(&counters->round_trips);
}

/* Those that are not empty: from ms, to ms, count. */
static void json_buckets(const struct histogram *times)
{
    json_array("buckets");
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (times->buckets[i] == 0)
            continue;
        json_array(NULL);
        json_number(NULL, (double)histogram_lower_bound(i) / 1e6);
        json_number(NULL, (double)histogram_lower_bound(i + 1) / 1e6);
        json_integer(NULL, times->buckets[i]);
        json_end();
    }
    json_end();
}

static void print_json(const struct report *report)
{
    const struct options *options = report->options;
    const struct counters *counters = &report->counters;
    char name[CONNECT_NAME_MAX];

    connect_name(report->server, report->server->chosen, name);
    options_json(options);
    json_string("address", report->server->text);
    json_string("endpoint", name);
    json_string("mode", modes[options->mode]);
    json_integer("clients", options->clients);
    json_integer("size", options->size);
    json_integer("threads", report->threads);
    json_number("rate", options->rate > 0 ? options->rate : NAN);
    counters_json(counters);
    json_number("seconds", report->seconds);
    json_number("messages_per_second", per_second(report, report->echoes));
    json_number("bytes_per_second", per_second(report, report->bytes));
    json_integer("unsent", report->unsent);
    json_integer("unfinished", counters->unfinished);
    json_times("send_delay_ms", &counters->send_delays);
    json_integer("served", counters->served);
    json_number("served_seconds",
                counters->served > 0 ? report->served_after : NAN);
    json_object("cpu_seconds");
    json_number("user", report->cpu_user);
    json_number("system", report->cpu_system);
    json_end();
    intervals_json(report->intervals);
    json_buckets(&counters->round_trips);
    json_end();
}

/* The buckets that are not empty. */
static void print_csv(const struct histogram *times)
{
    printf("from_ms,to_ms,count\n");
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (times->buckets[i] > 0)
            printf("%.6f,%.6f,%" PRIu64 "\n",
                   (double)histogram_lower_bound(i) / 1e6,
                   (double)histogram_lower_bound(i + 1) / 1e6,
                   (uint64_t)times->buckets[i]);
}

static int check_file(const char *path, char errmsg[ERRMSG_MAX])
{
    FILE *file = path != NULL ? fopen(path, "a") : NULL;

    if (path != NULL && file == NULL)
        return errmsg_set(errmsg, "cannot write %s: %s", path, strerror(errno));
    if (file != NULL)
        fclose(file);
    return 0;
}

int report_prepare(const struct options *options, char errmsg[ERRMSG_MAX])
{
    return check_file(options->hgrm, errmsg) < 0
               ? -1
               : check_file(options->plot, errmsg);
}

static enum status write_files(const struct report *report)
{
    const struct options *options = report->options;
    const struct histogram *times = &report->counters.round_trips;

    if (options->hgrm != NULL && hgrm_write(options->hgrm, times) < 0) {
        status_warn("cannot write %s: %s", options->hgrm, strerror(errno));
        return STATUS_LOCAL;
    }
    if (options->plot != NULL &&
        plot_write(options->plot, report->server->text, times) < 0) {
        status_warn("cannot write %s: %s", options->plot, strerror(errno));
        return STATUS_LOCAL;
    }
    return STATUS_OK;
}

static int first_error(const struct load *load)
{
    for (size_t i = 0; i < load->started; i++)
        if (load->workers[i].error != 0)
            return load->workers[i].error;
    return 0;
}

/* Of a load without a fault. Clients may go without an echo after an interrupt,
 * with a low rate, where others took all messages of -n, and where a message
 * was cut off; but something must have come back. */
static enum status judge_service(const struct report *report)
{
    const struct options *options = report->options;
    const struct counters *counters = &report->counters;
    uint64_t wanted = options->clients;
    bool is_excused = options->rate > 0 || interrupt_received() ||
                      (options->mode == OPTIONS_CHURN && options->count > 0);

    if (options->count > 0 && options->count < wanted)
        wanted = options->count;
    if (counters->served + counters->unfinished < wanted && !is_excused) {
        status_warn("%" PRIu64 " of %" PRIu64 " clients were never served",
                    wanted - counters->served, wanted);
        return STATUS_FAULT;
    }
    return counters->bytes > 0 ? STATUS_OK : STATUS_FAULT;
}

/* The exit status, and a message on standard error where the report does not
 * give the reason for it. */
static enum status judge(const struct report *report, int error)
{
    const struct options *options = report->options;
    const struct counters *counters = &report->counters;
    char text[FAULT_TEXT_MAX];

    if (error != 0) {
        status_warn("cannot go on: %s%s", strerror(error),
                    error == EADDRNOTAVAIL ? " (--bind with more addresses "
                                             "brings more local ports)"
                                           : "");
        return STATUS_LOCAL;
    }
    if (options->csv && counters->first.kind != FAULT_NONE) {
        fault_text(&counters->first, text);
        status_warn("%" PRIu64 " of %" PRIu64 " messages came back; the first "
                    "fault: %s",
                    counters->echoed, counters->sent, text);
    }
    if (counters->connects == 0 && counters->first.kind == FAULT_CONNECT)
        return STATUS_UNREACHED;
    if (counters_lost(counters) > 0 || counters->first.kind != FAULT_NONE)
        return STATUS_FAULT;
    return judge_service(report);
}

enum status report_write(const struct load *load)
{
    static struct report report; /* too large for a stack */
    enum status status = STATUS_OK;
    enum status written = STATUS_OK;

    report.options = load->options;
    report.server = &load->server;
    report.intervals = load->intervals;
    report.threads = load->started;
    sum_up(&report, load);
    if (load->options->json)
        print_json(&report);
    else if (load->options->csv)
        print_csv(&report.counters.round_trips);
    else
        print_text(&report);
    status = judge(&report, first_error(load));
    written = write_files(&report);
    return written != STATUS_OK ? written : status;
}
