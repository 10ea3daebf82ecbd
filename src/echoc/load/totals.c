/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * totals: what a load measured, all its workers together.
 */
#include "config.h"

#include "echoc/load/totals.h"

#include "echoc/load/worker.h"

#include <sys/resource.h>

static double to_seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void totals_add_up(struct totals *totals, const struct load *load)
{
    struct counters *counters = &totals->counters;
    struct rusage usage = {0};
    int64_t start_ns = INT64_MAX;
    int64_t end_ns = 0;

    totals->options = load->options;
    totals->server = &load->server;
    totals->intervals = load->intervals;
    totals->threads = load->started;
    for (size_t i = 0; i < load->started; i++) {
        const struct worker *worker = &load->workers[i];

        counters_merge(counters, &worker->counters);
        totals->echoes += worker->timed_echoes;
        totals->bytes += worker->timed_bytes;
        totals->unsent += worker->unsent;
        if (worker->start_ns < start_ns)
            start_ns = worker->start_ns;
        if (worker->end_ns > end_ns)
            end_ns = worker->end_ns;
        if (counters->first.kind == FAULT_NONE)
            counters->first = worker->counters.first;
    }
    totals->seconds = end_ns > start_ns ? (double)(end_ns - start_ns) / 1e9 : 0;
    totals->served_after =
        (double)((int64_t)counters->served_ns - load->start_ns) / 1e9;
    getrusage(RUSAGE_SELF, &usage);
    totals->cpu_user = to_seconds(usage.ru_utime);
    totals->cpu_system = to_seconds(usage.ru_stime);
}

double totals_per_second(const struct totals *totals, uint64_t number)
{
    return totals->seconds > 0 ? (double)number / totals->seconds : 0;
}

const char *totals_mode(const struct totals *totals)
{
    static const char *const modes[] = {[OPTIONS_ROUND_TRIPS] = "round-trip",
                                        [OPTIONS_STREAM] = "stream",
                                        [OPTIONS_CHURN] = "churn",
                                        [OPTIONS_HOLD] = "hold"};

    return modes[totals->options->mode];
}
