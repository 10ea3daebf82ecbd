/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * load: many clients at once, shared out among worker threads.
 */
#ifndef ECHOC_LOAD_LOAD_H
#define ECHOC_LOAD_LOAD_H

#include "echoc/net/connect.h"
#include "echoc/options.h"
#include "echoc/status.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct worker;

struct load {
    const struct options *options;
    struct server server;
    uint64_t run; /* for pattern_key() */
    struct worker *workers;
    size_t worker_count;
    size_t started;   /* workers whose thread was started */
    int64_t start_ns; /* when the first was, of clock_ns() */

    /* The workers' threads use these, too. */
    atomic_size_t ready;    /* workers whose clients have tried to connect */
    atomic_size_t finished; /* workers that have ended */
    atomic_bool stop;       /* end early; anyone may set it */
};

/* Run the load until its time or count is up or a signal comes, and report.
 * interrupt_catch() comes before. */
enum status load_run(const struct options *options);

#endif
