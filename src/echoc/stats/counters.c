/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * counters: what one thread's clients have done so far.
 */
#include "config.h"

#include "echoc/stats/counters.h"

#include "echoc/stats/json.h"

#include <stddef.h>

void counters_fault(struct counters *counters, const struct fault *fault)
{
    counters_add(&counters->errors[fault->kind], 1);
    if (counters->first.kind == FAULT_NONE)
        counters->first = *fault;
}

uint64_t counters_lost(const struct counters *counters)
{
    return counters_get(&counters->sent) - counters_get(&counters->echoed) -
           counters_get(&counters->changed) -
           counters_get(&counters->unfinished);
}

static void json_errors(const struct counters *counters)
{
    static const enum fault_kind kinds[] = {
        FAULT_CONNECT, FAULT_LATE,  FAULT_RESET, FAULT_CLOSED,
        FAULT_CHANGED, FAULT_EXTRA, FAULT_LOCAL};

    json_object("errors");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        json_integer(fault_name(kinds[i]),
                     counters_get(&counters->errors[kinds[i]]));
    json_end();
}

void counters_json(const struct counters *counters)
{
    char text[FAULT_TEXT_MAX];

    fault_text(&counters->first, text);
    json_integer("sent", counters_get(&counters->sent));
    json_integer("echoed", counters_get(&counters->echoed));
    json_integer("lost", counters_lost(counters));
    json_integer("changed", counters_get(&counters->changed));
    json_integer("bytes", counters_get(&counters->bytes));
    json_integer("connects", counters_get(&counters->connects));
    json_times("connect_ms", &counters->connect_times);
    json_times("round_trip_ms", &counters->round_trips);
    json_errors(counters);
    json_string("first_fault",
                counters->first.kind == FAULT_NONE ? NULL : text);
}

void counters_merge(struct counters *into, const struct counters *from)
{
    if (counters_get(&from->served_ns) > counters_get(&into->served_ns))
        into->served_ns = counters_get(&from->served_ns);
    counters_add(&into->up, counters_get(&from->up));
    counters_add(&into->connects, counters_get(&from->connects));
    counters_add(&into->sent, counters_get(&from->sent));
    counters_add(&into->echoed, counters_get(&from->echoed));
    counters_add(&into->changed, counters_get(&from->changed));
    counters_add(&into->unfinished, counters_get(&from->unfinished));
    counters_add(&into->bytes, counters_get(&from->bytes));
    counters_add(&into->served, counters_get(&from->served));
    for (size_t i = 0; i < FAULT_KINDS; i++)
        counters_add(&into->errors[i], counters_get(&from->errors[i]));
    histogram_merge(&into->connect_times, &from->connect_times);
    histogram_merge(&into->round_trips, &from->round_trips);
    histogram_merge(&into->send_delays, &from->send_delays);
}
