/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * worker: a thread with its share of a load's clients.
 */
#ifndef ECHOC_LOAD_WORKER_H
#define ECHOC_LOAD_WORKER_H

#include "echoc/load/load.h"
#include "echoc/net/poller.h"
#include "echoc/stats/counters.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;

enum worker_phase {
    WORKER_CONNECTING, /* clients connect, and wait for those of all workers */
    WORKER_RUNNING,
    WORKER_ENDING /* no new messages; clients wait for echoes and close */
};

struct worker {
    /* Set by the load before the start. */
    struct load *load;
    const struct options *options;
    uint32_t first_client; /* its number among all clients of the load */
    size_t client_count;
    uint64_t count;     /* messages to send; UINT64_MAX: until time is up */
    double interval_ns; /* --rate: between messages; 0: no schedule */
    int64_t offset_ns;  /* --rate: from the start to the first message */

    /* Any thread may read this at any time. */
    struct counters counters;

    /* Results, to be read after worker_join(). */
    uint64_t timed_echoes; /* within the measured time */
    uint64_t timed_bytes;
    uint64_t unsent;  /* --rate: messages that were due but not sent */
    int64_t start_ns; /* of clock_ns(); INT64_MAX: the time never began */
    int64_t end_ns;
    int error; /* errno of a failure on this side, which ends the load; 0 */

    /* The thread's own, used by its clients, too. */
    pthread_t thread;
    enum worker_phase phase;
    struct poller *poller;
    unsigned char *buffer; /* CONNECTION_CHUNK bytes */
    struct client *clients;
    struct client *queue; /* the first of those that are to connect */
    struct client **queue_end;
    size_t connecting;    /* clients in this state */
    size_t tried;         /* clients whose first connect has ended */
    bool is_ready;        /* counted in load->ready */
    uint64_t left;        /* messages that may still be sent */
    uint64_t due;         /* --rate: messages whose time has come */
    int64_t now_ns;       /* of clock_ns(), when the poller returned last */
    int64_t up_ns;        /* when a client was last seen connected */
    int64_t connected_ns; /* when a connect last succeeded */
    int64_t echo_ns;      /* when the last echo came */
    int64_t ending_ns;    /* when the phase became WORKER_ENDING */
    int64_t tick_ns;      /* when to check for timeouts next */
};

/* Start the thread. Returns 0, or an error number as pthread_create(3) does.
 * The worker must stay in place until worker_join(). */
int worker_start(struct worker *worker);
void worker_join(struct worker *worker);

/* --rate: when one of the worker's messages is due, counted from 0, of
 * clock_ns(). */
int64_t worker_due_ns(const struct worker *worker, uint64_t message);

#endif
