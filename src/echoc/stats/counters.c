/*
 * tally: what a share of the clients has done so far.
 *
 * Knows sums. Must not know who counts.
 */
#include "config.h"

#include "echoc/stats/counters.h"

#include "echoc/stats/json.h"

#include <stddef.h>

void tally_fault(struct tally *tally, const struct fault *fault)
{
    tally_add(&tally->errors[fault->kind], 1);
    if (tally->first.kind == FAULT_NONE)
        tally->first = *fault;
}

uint64_t tally_lost(const struct tally *tally)
{
    return tally_get(&tally->sent) - tally_get(&tally->echoed) -
           tally_get(&tally->changed);
}

static void json_errors(const struct tally *tally)
{
    static const enum fault_kind kinds[] = {
        FAULT_CONNECT, FAULT_LATE,  FAULT_RESET, FAULT_CLOSED,
        FAULT_CHANGED, FAULT_EXTRA, FAULT_LOCAL};

    json_object("errors");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        json_whole(fault_name(kinds[i]), tally_get(&tally->errors[kinds[i]]));
    json_end();
}

void tally_json(const struct tally *tally)
{
    char text[FAULT_TEXT_MAX];

    fault_text(&tally->first, text);
    json_whole("sent", tally_get(&tally->sent));
    json_whole("echoed", tally_get(&tally->echoed));
    json_whole("lost", tally_lost(tally));
    json_whole("changed", tally_get(&tally->changed));
    json_whole("bytes", tally_get(&tally->bytes));
    json_whole("connects", tally_get(&tally->connects));
    json_times("connect_ms", &tally->connect_times);
    json_times("round_trip_ms", &tally->round_trips);
    json_errors(tally);
    json_text("first_fault", tally->first.kind == FAULT_NONE ? NULL : text);
}

void tally_merge(struct tally *into, const struct tally *from)
{
    if (tally_get(&from->served_ns) > tally_get(&into->served_ns))
        into->served_ns = tally_get(&from->served_ns);
    tally_add(&into->up, tally_get(&from->up));
    tally_add(&into->connects, tally_get(&from->connects));
    tally_add(&into->sent, tally_get(&from->sent));
    tally_add(&into->echoed, tally_get(&from->echoed));
    tally_add(&into->changed, tally_get(&from->changed));
    tally_add(&into->bytes, tally_get(&from->bytes));
    tally_add(&into->served, tally_get(&from->served));
    for (size_t i = 0; i < FAULT_KINDS; i++)
        tally_add(&into->errors[i], tally_get(&from->errors[i]));
    histogram_merge(&into->connect_times, &from->connect_times);
    histogram_merge(&into->round_trips, &from->round_trips);
}
