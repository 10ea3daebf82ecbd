/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * totals: what a load measured, all its workers together.
 */
#ifndef ECHOC_LOAD_TOTALS_H
#define ECHOC_LOAD_TOTALS_H

#include "echoc/load/load.h"
#include "echoc/stats/counters.h"

#include <stddef.h>
#include <stdint.h>

struct totals {
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

/* Add up the results of a load whose workers have been joined. Initialize with
 * zeros. What the load points to is not copied. */
void totals_add_up(struct totals *totals, const struct load *load);

/* A number per second of the measured time; 0 if there was none. */
double totals_per_second(const struct totals *totals, uint64_t number);

/* Round-trip, stream, churn or hold. */
const char *totals_mode(const struct totals *totals);

#endif
