/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * load: many clients at once, divided among worker threads.
 */
#ifndef ECHOC_LOAD_LOAD_H
#define ECHOC_LOAD_LOAD_H

#include "echoc/net/connect.h"
#include "echoc/options.h"
#include "echoc/status.h"

#include <stdatomic.h>
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
    struct intervals *intervals;

    /* Shared by all threads. */
    atomic_size_t ready;      /* workers whose clients have tried to connect */
    atomic_size_t finished;   /* workers whose thread is about to return */
    _Atomic int64_t ready_ns; /* clock_ns() when all were ready, or 0 */
    atomic_bool stop;         /* end the load early */
};

/* Run a load until its time, its count or an interrupt ends it, and report.
 * Call interrupt_catch() before. */
enum status load_run(const struct options *options);

#endif
