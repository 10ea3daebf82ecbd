/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * interval: what a load did in each of the equal parts of its time.
 */
#include "config.h"

#include "echoc/load/interval.h"

#include "common/clock.h"
#include "echoc/load/worker.h"
#include "echoc/progress.h"
#include "echoc/stats/json.h"
#include "echoc/status.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NS_PER_MS = 1000000,
    DEFAULT_PARTS = 20,
    DEFAULT_MIN_MS = 100,
    COUNT_MS = 1000,          /* --count: how long a load takes is not known */
    BEGIN_NS = 5 * NS_PER_MS, /* between two looks whether it has begun */
    CAPACITY_MIN = 32
};

void intervals_init(struct intervals *intervals, const struct options *options)
{
    int64_t ms = options->interval_ms;

    if (ms == 0 && options->json)
        ms = options->count > 0 ? COUNT_MS : options->time_ms / DEFAULT_PARTS;
    if (options->interval_ms == 0 && options->json && ms < DEFAULT_MIN_MS)
        ms = DEFAULT_MIN_MS;
    *intervals = (struct intervals){.length_ns = ms * NS_PER_MS};
}

/* The end of the interval that has begun, on a grid, so that delays do not add
 * up. */
static int64_t next_end(const struct intervals *intervals)
{
    int64_t passed = intervals->end_ns - intervals->begin_ns;

    return intervals->begin_ns +
           (passed / intervals->length_ns + 1) * intervals->length_ns;
}

/* Whether the load is over by this time. What belongs to the last interval is
 * known when the workers have ended: it is left to intervals_finish(). */
static bool is_over(const struct intervals *intervals, const struct load *load,
                    int64_t time_ns)
{
    const struct options *options = load->options;

    return atomic_load(&load->shared.stop) ||
           (options->count == 0 &&
            time_ns - intervals->begin_ns >= options->time_ms * NS_PER_MS);
}

int64_t intervals_due_ns(const struct intervals *intervals,
                         const struct load *load)
{
    int64_t now_ns = clock_ns();
    int64_t due_ns = 0;

    if (intervals->length_ns == 0)
        return INT64_MAX;
    if (intervals->begin_ns == 0)
        return now_ns + BEGIN_NS;
    due_ns = next_end(intervals);
    return is_over(intervals, load, due_ns > now_ns ? due_ns : now_ns)
               ? INT64_MAX
               : due_ns;
}

static void print(const struct interval *interval, bool is_first)
{
    if (is_first)
        printf("%10s %8s %12s %10s %9s %9s %9s %6s\n", "until s", "clients",
               "messages/s", "MB/s", "p50 ms", "p99 ms", "max ms", "errors");
    printf("%10.3f %8" PRIu64 " %12.1f %10.3f", interval->end, interval->up,
           (double)interval->echoed / interval->seconds,
           (double)interval->bytes / interval->seconds / 1e6);
    if (interval->times > 0)
        printf(" %9.3f %9.3f %9.3f", interval->p50, interval->p99,
               interval->max);
    else
        printf(" %9s %9s %9s", "-", "-", "-");
    printf(" %6" PRIu64 "\n", interval->errors);
    status_show();
}

static int append(struct intervals *intervals, const struct interval *interval)
{
    if (intervals->count == intervals->capacity) {
        size_t capacity =
            intervals->capacity > 0 ? 2 * intervals->capacity : CAPACITY_MIN;
        struct interval *list =
            realloc(intervals->list, capacity * sizeof *list);

        if (list == NULL)
            return -1;
        intervals->list = list;
        intervals->capacity = capacity;
    }
    intervals->list[intervals->count++] = *interval;
    return 0;
}

static uint64_t count_errors(const struct counters *counters)
{
    uint64_t errors = 0;

    for (size_t i = 0; i < FAULT_KINDS; i++)
        errors += counters->errors[i];
    return errors;
}

/* What was counted since the interval before; these are too large for a
 * stack. */
static void fill(struct interval *interval, const struct counters *now)
{
    static struct counters before;
    static struct histogram times;

    interval->up = now->up;
    interval->echoed = now->echoed - before.echoed;
    interval->bytes = now->bytes - before.bytes;
    interval->errors = count_errors(now) - count_errors(&before);
    histogram_difference(&times, &now->round_trips, &before.round_trips);
    interval->times = times.count;
    interval->p50 =
        times.count > 0 ? histogram_quantile(&times, 0.5) / 1e6 : NAN;
    interval->p99 =
        times.count > 0 ? histogram_quantile(&times, 0.99) / 1e6 : NAN;
    interval->max = times.count > 0 ? histogram_quantile(&times, 1) / 1e6 : NAN;
    memcpy(&before, now, sizeof before);
}

static void take(struct intervals *intervals, const struct load *load,
                 const struct counters *now, int64_t end_ns)
{
    const struct options *options = load->options;
    struct interval interval = {
        .end = (double)(end_ns - intervals->begin_ns) / 1e9,
        .seconds = (double)(end_ns - intervals->end_ns) / 1e9};

    fill(&interval, now);
    intervals->end_ns = end_ns;
    intervals->errors += interval.errors;
    if (options->json) {
        if (append(intervals, &interval) == 0)
            return;
        status_warn("cannot keep the intervals: %s", strerror(errno));
        intervals->length_ns = 0;
    } else {
        progress_clear();
        print(&interval, intervals->count++ == 0);
    }
}

static void sum_up(struct counters *counters, const struct load *load)
{
    memset(counters, 0, sizeof *counters);
    for (size_t i = 0; i < load->started; i++)
        counters_merge(counters, &load->workers[i].counters);
}

/* Note when the measured time begins. Returns whether it has. */
static bool has_begun(struct intervals *intervals, const struct load *load)
{
    if (intervals->begin_ns == 0) {
        intervals->begin_ns = atomic_load(&load->shared.start_ns);
        intervals->end_ns = intervals->begin_ns;
    }
    return intervals->begin_ns > 0;
}

void intervals_take(struct intervals *intervals, const struct load *load)
{
    static struct counters counters; /* too large for a stack */
    int64_t now_ns = clock_ns();

    if (intervals->length_ns == 0 || !has_begun(intervals, load) ||
        now_ns < next_end(intervals) || is_over(intervals, load, now_ns))
        return;
    sum_up(&counters, load);
    take(intervals, load, &counters, now_ns);
}

/* The messages that the clients finished when the time was over are left out
 * of the rates, but not of the times. */
void intervals_finish(struct intervals *intervals, const struct load *load)
{
    static struct counters counters; /* too large for a stack */
    int64_t end_ns = 0;

    sum_up(&counters, load);
    counters.up = 0;
    counters.echoed = 0;
    counters.bytes = 0;
    for (size_t i = 0; i < load->started; i++) {
        const struct worker *worker = &load->workers[i];

        counters_add(&counters.up, worker->timed_up);
        counters_add(&counters.echoed, worker->timed_echoes);
        counters_add(&counters.bytes, worker->timed_bytes);
        if (worker->start_ns != INT64_MAX && worker->end_ns > end_ns)
            end_ns = worker->end_ns;
    }
    if (intervals->length_ns == 0 || !has_begun(intervals, load))
        return;
    /* With --count the time ends with the last echo; faults may follow. */
    if (end_ns <= intervals->end_ns &&
        count_errors(&counters) > intervals->errors)
        end_ns = clock_ns();
    if (end_ns > intervals->end_ns)
        take(intervals, load, &counters, end_ns);
}

void intervals_json(const struct intervals *intervals)
{
    json_array("intervals");
    for (size_t i = 0; i < intervals->count; i++) {
        const struct interval *interval = &intervals->list[i];

        json_object(NULL);
        json_number("end_seconds", interval->end);
        json_number("seconds", interval->seconds);
        json_integer("up", interval->up);
        json_integer("echoed", interval->echoed);
        json_integer("bytes", interval->bytes);
        json_integer("errors", interval->errors);
        json_object("round_trip_ms");
        json_integer("count", interval->times);
        json_number("p50", interval->p50);
        json_number("p99", interval->p99);
        json_number("max", interval->max);
        json_end();
        json_end();
    }
    json_end();
}

void intervals_free(struct intervals *intervals)
{
    free(intervals->list);
    *intervals = (struct intervals){0};
}
