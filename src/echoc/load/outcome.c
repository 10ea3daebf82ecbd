/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * outcome: what the workers of a load did -> summary, files, status.
 *
 * Knows what counts as a failure. Must not know how anything is shown.
 */
#include "config.h"

#include "echoc/load/outcome.h"

#include "echoc/interrupt.h"
#include "echoc/load/summary.h"
#include "echoc/plot/plot.h"
#include "echoc/stats/hgrm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void sum_up(const struct worker *workers, size_t count, int64_t begun_ns,
                   struct summary *summary)
{
    struct rusage usage = {0};
    int64_t start_ns = INT64_MAX;
    int64_t end_ns = 0;

    for (size_t i = 0; i < count; i++) {
        const struct worker *worker = &workers[i];

        counters_merge(&summary->counters, &worker->counters);
        summary->echoes += worker->timed_echoes;
        summary->bytes += worker->timed_bytes;
        summary->unsent += worker->unsent;
        if (worker->start_ns < start_ns)
            start_ns = worker->start_ns;
        if (worker->end_ns > end_ns)
            end_ns = worker->end_ns;
        if (summary->counters.first.kind == FAULT_NONE)
            summary->counters.first = worker->counters.first;
    }
    summary->seconds =
        end_ns > start_ns ? (double)(end_ns - start_ns) / 1e9 : 0;
    summary->served_after =
        (double)((int64_t)summary->counters.served_ns - begun_ns) / 1e9;
    getrusage(RUSAGE_SELF, &usage);
    summary->cpu_user = seconds(usage.ru_utime);
    summary->cpu_system = seconds(usage.ru_stime);
}

/* A file that was asked for and cannot be had is this side's failure. */
static enum status try_file(const char *path)
{
    FILE *file = path != NULL ? fopen(path, "a") : NULL;

    if (path == NULL)
        return STATUS_OK;
    if (file != NULL) {
        fclose(file);
        return STATUS_OK;
    }
    status_warn("cannot write %s: %s", path, strerror(errno));
    return STATUS_LOCAL;
}

enum status report_prepare(const struct options *options)
{
    enum status status = try_file(options->hgrm);

    return status == STATUS_OK ? try_file(options->plot) : status;
}

static enum status write_files(const struct summary *summary)
{
    const struct options *options = summary->options;
    const struct histogram *times = &summary->counters.round_trips;

    if (options->hgrm != NULL && hgrm_write(options->hgrm, times) < 0) {
        status_warn("cannot write %s: %s", options->hgrm, strerror(errno));
        return STATUS_LOCAL;
    }
    if (options->plot != NULL &&
        plot_write(options->plot, summary->server->text, times) < 0) {
        status_warn("cannot write %s: %s", options->plot, strerror(errno));
        return STATUS_LOCAL;
    }
    return STATUS_OK;
}

static int local_error(const struct worker *workers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (workers[i].error != 0)
            return workers[i].error;
    return 0;
}

/* What ended it early, or would not show in CSV; and the status for it. */
static enum status complain(const struct summary *summary, int error)
{
    const struct counters *counters = &summary->counters;
    char text[FAULT_TEXT_MAX];

    if (error != 0) {
        status_warn("cannot go on: %s%s", strerror(error),
                    error == EADDRNOTAVAIL ? " (--bind with more addresses "
                                             "brings more local ports)"
                                           : "");
        return STATUS_LOCAL;
    }
    if (summary->options->csv && counters->first.kind != FAULT_NONE) {
        fault_text(&counters->first, text);
        status_warn("%" PRIu64 " of %" PRIu64 " messages came back; the first "
                    "fault: %s",
                    counters->echoed, counters->sent, text);
    }
    return STATUS_OK;
}

static enum status judge(const struct summary *summary)
{
    const struct options *options = summary->options;
    const struct counters *counters = &summary->counters;
    size_t wanted = options->clients;

    if (counters->echoed < counters->sent || counters->first.kind != FAULT_NONE)
        return STATUS_FAULT;
    if (options->count > 0 && options->count < wanted)
        wanted = (size_t)options->count;
    /* Who was interrupted, or paced, need not have served everybody. */
    if (counters->served < wanted && options->rate == 0 &&
        !interrupt_received()) {
        status_warn("%" PRIu64 " of %zu clients were never served",
                    wanted - counters->served, wanted);
        return STATUS_FAULT;
    }
    return counters->served > 0 ? STATUS_OK : STATUS_FAULT;
}

enum status report_write(const struct options *options,
                         const struct server *server,
                         const struct worker *workers, size_t count,
                         int64_t begun_ns)
{
    static struct summary summary; /* too large for a stack */
    enum status status = STATUS_OK;
    enum status written = STATUS_OK;

    summary.options = options;
    summary.server = server;
    sum_up(workers, count, begun_ns, &summary);
    if (options->json)
        summary_print_json(&summary);
    else if (options->csv)
        summary_print_csv(&summary);
    else
        summary_print(&summary);
    status = complain(&summary, local_error(workers, count));
    if (status == STATUS_OK)
        status = judge(&summary);
    written = write_files(&summary);
    return written != STATUS_OK ? written : status;
}
