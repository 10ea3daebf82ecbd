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
#include "echoc/load/summary.h"
#include "echoc/load/totals.h"
#include "echoc/load/worker.h"
#include "echoc/stats/hgrm.h"
#include "echoc/stats/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

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

static void print_json(const struct totals *totals)
{
    const struct options *options = totals->options;
    const struct counters *counters = &totals->counters;
    char name[CONNECT_NAME_MAX];

    connect_name(totals->server, totals->server->chosen, name);
    options_json(options);
    json_string("address", totals->server->text);
    json_string("endpoint", name);
    json_string("mode", totals_mode(totals));
    json_integer("clients", options->clients);
    json_integer("size", options->size);
    json_integer("threads", totals->threads);
    json_number("rate", options->rate > 0 ? options->rate : NAN);
    counters_json(counters);
    json_number("seconds", totals->seconds);
    json_number("messages_per_second",
                totals_per_second(totals, totals->echoes));
    json_number("bytes_per_second", totals_per_second(totals, totals->bytes));
    json_integer("unsent", totals->unsent);
    json_integer("unfinished", counters->unfinished);
    json_times("send_delay_ms", &counters->send_delays);
    json_integer("served", counters->served);
    json_number("served_seconds",
                counters->served > 0 ? totals->served_after : NAN);
    json_object("cpu_seconds");
    json_number("user", totals->cpu_user);
    json_number("system", totals->cpu_system);
    json_end();
    intervals_json(totals->intervals);
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

static enum status write_files(const struct totals *totals)
{
    const struct options *options = totals->options;

    if (options->hgrm != NULL &&
        hgrm_write(options->hgrm, &totals->counters.round_trips) < 0) {
        status_warn("cannot write %s: %s", options->hgrm, strerror(errno));
        return STATUS_LOCAL;
    }
    if (options->plot != NULL && summary_plot(options->plot, totals) < 0) {
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
static enum status judge_service(const struct totals *totals)
{
    const struct options *options = totals->options;
    const struct counters *counters = &totals->counters;
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
static enum status judge(const struct totals *totals, int error)
{
    const struct options *options = totals->options;
    const struct counters *counters = &totals->counters;
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
    return judge_service(totals);
}

enum status report_write(const struct load *load)
{
    static struct totals totals; /* too large for a stack */
    enum status status = STATUS_OK;
    enum status written = STATUS_OK;

    totals_add_up(&totals, load);
    if (load->options->json)
        print_json(&totals);
    else if (load->options->csv)
        print_csv(&totals.counters.round_trips);
    else
        summary_print(&totals);
    status = judge(&totals, first_error(load));
    written = write_files(&totals);
    return written != STATUS_OK ? written : status;
}
