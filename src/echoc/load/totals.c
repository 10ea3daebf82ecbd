/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * results: what a load measured, all its workers together.
 */
#include "config.h"

#include "echoc/load/results.h"

#include "echoc/load/worker.h"

#include <sys/resource.h>

static double to_seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void results_add_up(struct results *results, const struct load *load)
{
    struct counters *counters = &results->counters;
    struct rusage usage = {0};
    int64_t start_ns = INT64_MAX;
    int64_t end_ns = 0;

    results->options = load->options;
    results->server = &load->server;
    results->intervals = load->intervals;
    results->threads = load->started;
    for (size_t i = 0; i < load->started; i++) {
        const struct worker *worker = &load->workers[i];

        counters_merge(counters, &worker->counters);
        results->echoes += worker->timed_echoes;
        results->bytes += worker->timed_bytes;
        results->unsent += worker->unsent;
        if (worker->start_ns < start_ns)
            start_ns = worker->start_ns;
        if (worker->end_ns > end_ns)
            end_ns = worker->end_ns;
        if (counters->first.kind == FAULT_NONE)
            counters->first = worker->counters.first;
    }
    results->seconds =
        end_ns > start_ns ? (double)(end_ns - start_ns) / 1e9 : 0;
    results->served_after =
        (double)((int64_t)counters->served_ns - load->start_ns) / 1e9;
    getrusage(RUSAGE_SELF, &usage);
    results->cpu_user = to_seconds(usage.ru_utime);
    results->cpu_system = to_seconds(usage.ru_stime);
}

double results_per_second(const struct results *results, uint64_t number)
{
    return results->seconds > 0 ? (double)number / results->seconds : 0;
}

const char *results_mode(const struct results *results)
{
    static const char *const modes[] = {[OPTIONS_ROUND_TRIPS] = "round-trip",
                                        [OPTIONS_STREAM] = "stream",
                                        [OPTIONS_CHURN] = "churn",
                                        [OPTIONS_HOLD] = "hold"};

    return modes[results->options->mode];
}
