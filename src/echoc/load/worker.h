/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * worker: a thread that is a share of a load's clients.
 */
#ifndef ECHOC_LOAD_WORKER_H
#define ECHOC_LOAD_WORKER_H

#include "echoc/net/connect.h"
#include "echoc/options.h"
#include "echoc/stats/counters.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all workers of a load have in common. */
struct gang {
    const struct options *options;
    const struct server *server;
    uint64_t run; /* for keys */
    size_t workers;
    atomic_size_t gathered; /* workers whose clients are all there */
    atomic_size_t ended;    /* workers that are done */
    atomic_bool stop;       /* set by the load: end early */
};

struct worker {
    struct gang *gang;
    uint32_t first; /* number of its first client */
    size_t clients;
    uint64_t count; /* its messages; UINT64_MAX: as many as there is time for */
    double rate;    /* its messages a second; 0: as fast as it goes */
    int64_t phase_ns; /* with a rate: by how much the first worker is before */
    pthread_t thread;

    struct counters counters; /* to be read at any time */

    /* To be read once it has ended. */
    uint64_t timed_echoes; /* from start to end, without what came after */
    uint64_t timed_bytes;
    uint64_t unsent;  /* --rate: messages that were due, but not sent */
    int64_t start_ns; /* of clock_ns(); INT64_MAX: it never began */
    int64_t end_ns;
    int error; /* an errno: of its own trouble that ended it; 0 */
};

/* Start; the worker is the caller's until worker_join(). Returns 0 or an
 * error number, as pthread_create(3). */
int worker_start(struct worker *worker);
void worker_join(struct worker *worker);

#endif
