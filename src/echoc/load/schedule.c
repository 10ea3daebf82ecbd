/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * schedule: --rate: when which client's message is due.
 */
#include "config.h"

#include "echoc/load/schedule.h"

static const double AFTER_MAX_NS = 4e18; /* fits an int64_t, with a start */

int64_t schedule_due_ns(const struct schedule *schedule, uint32_t client,
                        uint64_t message)
{
    double number = (double)message * (double)schedule->clients + client;
    double after_ns = number * schedule->interval_ns;
    int64_t due_ns = 0;

    if (after_ns >= AFTER_MAX_NS)
        return INT64_MAX;
    due_ns = schedule->start_ns + (int64_t)after_ns;
    return due_ns < schedule->end_ns ? due_ns : INT64_MAX;
}

/* The messages of the whole load that are due by a time. The division alone
 * may be off by one where a message is due at this very time. */
static uint64_t all_due(const struct schedule *schedule, int64_t now_ns)
{
    int64_t last_ns = now_ns < schedule->end_ns ? now_ns : schedule->end_ns - 1;
    int64_t after_ns = last_ns - schedule->start_ns;
    uint64_t due = 0;

    if (after_ns < 0)
        return 0;
    due = (uint64_t)((double)after_ns / schedule->interval_ns);
    while ((int64_t)((double)due * schedule->interval_ns) <= after_ns)
        due++;
    return due;
}

uint64_t schedule_due(const struct schedule *schedule, int64_t now_ns,
                      uint32_t first, size_t count)
{
    uint64_t due = all_due(schedule, now_ns);
    uint64_t rounds = due / schedule->clients;
    uint64_t rest = due % schedule->clients; /* clients 0 to rest - 1 */

    if (rest <= first)
        return rounds * count;
    return rounds * count + (rest - first < count ? rest - first : count);
}
