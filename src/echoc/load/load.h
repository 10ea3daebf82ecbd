/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * load: many clients at once, divided among worker threads.
 */
#ifndef ECHOC_LOAD_LOAD_H
#define ECHOC_LOAD_LOAD_H

#include "echoc/load/shared.h"
#include "echoc/net/connect.h"
#include "echoc/options.h"
#include "echoc/status.h"

#include <stddef.h>
#include <stdint.h>

struct intervals;
struct worker;

struct load {
    const struct options *options;
    struct server server;
    uint64_t run; /* for pattern_key() */
    struct worker *workers;
    size_t worker_count;
    size_t started;   /* workers whose thread was started */
    int64_t start_ns; /* clock_ns() before the first was */
    struct shared shared;
    struct intervals *intervals;
};

/* Run a load until its time, its count or an interrupt ends it, and report.
 * Call interrupt_catch() before. */
enum status load_run(const struct options *options);

#endif
