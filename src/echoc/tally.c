/*
 * tally: what a share of the clients has done so far.
 *
 * Knows sums. Must not know what they are shown as.
 */
#include "config.h"

#include "echoc/tally.h"

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
