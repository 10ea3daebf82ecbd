/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * summary: what a load comes to, in words, as JSON or as CSV.
 */
#ifndef ECHOC_LOAD_SUMMARY_H
#define ECHOC_LOAD_SUMMARY_H

#include "echoc/net/connect.h"
#include "echoc/options.h"
#include "echoc/stats/counters.h"

#include <stdint.h>

struct summary {
    const struct options *options;
    const struct server *server;
    struct counters counters; /* of all workers */
    uint64_t echoes;          /* within the time */
    uint64_t bytes;           /* ditto, one direction */
    uint64_t unsent;          /* --rate: messages that were due, but not sent */
    double seconds;           /* the time */
    double served_after;      /* s; when the last client had its first echo */
    double cpu_user;          /* s of this process */
    double cpu_system;
};

void summary_print(const struct summary *summary);
void summary_print_json(const struct summary *summary);
/* The buckets that are not empty: from_ms,to_ms,count. */
void summary_print_csv(const struct summary *summary);

#endif
