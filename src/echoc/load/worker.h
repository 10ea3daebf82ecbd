/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * worker: a thread with its share of the clients of a load.
 *
 * All times are of clock_ns().
 */
#ifndef ECHOC_LOAD_WORKER_H
#define ECHOC_LOAD_WORKER_H

#include "echoc/load/load.h"
#include "echoc/load/schedule.h"
#include "echoc/net/poller.h"
#include "echoc/stats/counters.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;

enum worker_phase {
    WORKER_CONNECTING, /* no messages before all workers are ready */
    WORKER_RUNNING,
    WORKER_ENDING /* no new messages; clients wait for echoes, then close */
};

struct worker {
    /* Set by the load before the start. */
    struct load *load;
    const struct options *options;
    struct shared *shared;
    uint32_t first_client; /* its number among all clients of the load */
    size_t client_count;
    size_t connecting_max;    /* connects in progress at once */
    struct schedule schedule; /* --rate; its times are set at the start */

    struct counters counters;

    /* Since when the first client of the queue waits for a place in the backlog
     * of a Unix socket; INT64_MAX: none does. The other workers read it. */
    _Atomic int64_t waiting_ns;

    /* Results, valid after worker_join(). */
    uint64_t timed_echoes; /* messages echoed within the measured time */
    uint64_t timed_bytes;  /* and bytes */
    uint64_t timed_up;     /* clients connected at the end of the load */
    uint64_t unsent;       /* --rate: messages that were due but not sent */
    int64_t start_ns;      /* of the measured time; INT64_MAX: it never began */
    int64_t end_ns;
    int error; /* errno of a failure of this process, or 0 */

    /* For the worker's thread only. The clients use these, too. */
    pthread_t thread;
    enum worker_phase phase;
    struct poller *poller;
    unsigned char *buffer; /* CONNECTION_CHUNK bytes */
    struct client *clients;
    struct client *queue; /* list of the clients that may connect */
    struct client **queue_end;
    size_t connecting; /* clients that are CONNECTING */
    size_t tried;      /* clients whose first connect has ended */
    uint64_t due;      /* --rate: messages whose time has come */
    int64_t now_ns;    /* clock_ns() when the poller returned */
    int64_t full_ns;   /* no connect before: a Unix backlog is full; or 0 */
    int64_t echo_ns;   /* when the last echo came */
    int64_t cut_ns;    /* when to cut off what has not ended by itself */
    int64_t tick_ns;   /* when to check for timeouts next */
};

/* Start the thread. Returns 0 or an error number, as pthread_create(3) does.
 * The worker must not be moved or freed before worker_join(). */
int worker_start(struct worker *worker);
void worker_join(struct worker *worker);

#endif
