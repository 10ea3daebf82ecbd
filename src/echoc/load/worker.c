/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * worker: a thread with its share of the clients of a load.
 *
 * A poll loop. The worker decides when its part of the load begins and ends,
 * which clients connect next, and whose message is due by the schedule. What a
 * client does is in client.c.
 */
#include "config.h"

#include "echoc/load/worker.h"

#include "common/clock.h"
#include "echoc/load/client.h"

#include <errno.h>
#include <stdlib.h>

enum {
    CONNECTING_MAX = 256, /* more at once would overflow most backlogs */
    NS_PER_MS = 1000000,
    BARRIER_NS = NS_PER_MS,   /* between checks that all workers are ready */
    TICK_NS = 100 * NS_PER_MS /* between two checks for timeouts */
};

static bool follows_schedule(const struct worker *worker)
{
    return worker->interval_ns > 0 && worker->phase == WORKER_RUNNING;
}

/* -n: the load ends after a number of messages, not after a time. */
static bool has_count(const struct worker *worker)
{
    return worker->count != UINT64_MAX;
}

static void enqueue(struct worker *worker, struct client *client)
{
    client->is_queued = true;
    client->next = NULL;
    *worker->queue_end = client;
    worker->queue_end = &client->next;
}

static struct client *dequeue(struct worker *worker)
{
    struct client *client = worker->queue;

    client->is_queued = false;
    worker->queue = client->next;
    if (worker->queue == NULL)
        worker->queue_end = &worker->queue;
    return client;
}

/* Called whenever the client may have closed. A client that may not connect yet
 * is not queued, as it would hold up those behind it; check_clients() or
 * advance_due() comes back to it. With --churn and --rate the connect is part
 * of the message, and waits until that is due. */
static void enqueue_if_due(struct worker *worker, struct client *client)
{
    bool is_scheduled =
        follows_schedule(worker) && worker->options->mode == OPTIONS_CHURN;

    if (client->state == CLIENT_CLOSED && !client->is_queued &&
        worker->phase != WORKER_ENDING && client->retry_ns <= worker->now_ns &&
        (!is_scheduled || client_due_ns(worker, client) <= worker->now_ns))
        enqueue(worker, client);
}

static bool may_connect(const struct worker *worker)
{
    return worker->queue != NULL && worker->connecting < CONNECTING_MAX &&
           worker->error == 0;
}

static void connect_queued(struct worker *worker)
{
    while (may_connect(worker))
        client_connect(worker, dequeue(worker));
}

static void advance(struct worker *worker, struct client *client)
{
    client_advance(worker, client);
    enqueue_if_due(worker, client);
}

static void advance_all(struct worker *worker)
{
    for (size_t i = 0; i < worker->client_count; i++)
        advance(worker, &worker->clients[i]);
}

/* --rate: the clients take turns, so message i belongs to client i modulo their
 * number. However late it is, once per client is enough: a client that is
 * behind goes on by itself until it has caught up. */
static void advance_due(struct worker *worker)
{
    size_t count = worker->client_count;
    int64_t passed_ns = 0;
    uint64_t due = 0;

    if (!follows_schedule(worker))
        return;
    passed_ns = worker->now_ns - worker->start_ns - worker->offset_ns;
    if (passed_ns < 0)
        return;
    due = (uint64_t)((double)passed_ns / worker->interval_ns) + 1;
    if (due > worker->due + count)
        worker->due = due - count;
    while (worker->due < due)
        advance(worker, &worker->clients[worker->due++ % count]);
}

/* Check for timeouts. After an interrupt, also give up connects in progress. */
static void check_clients(struct worker *worker)
{
    bool stop = atomic_load(&worker->load->stop);

    if (worker->now_ns < worker->tick_ns)
        return;
    worker->tick_ns = worker->now_ns + TICK_NS;
    for (size_t i = 0; i < worker->client_count; i++) {
        struct client *client = &worker->clients[i];

        if (stop && client->state == CLIENT_CONNECTING)
            client_close(worker, client);
        else
            client_check_timeout(worker, client);
        enqueue_if_due(worker, client);
    }
}

/* Let the other workers start without this one. */
static void set_ready(struct worker *worker)
{
    struct load *load = worker->load;

    if (!worker->is_ready &&
        atomic_fetch_add(&load->ready, 1) + 1 == load->worker_count)
        atomic_store(&load->ready_ns, clock_ns());
    worker->is_ready = true;
}

static void begin_running(struct worker *worker)
{
    worker->phase = WORKER_RUNNING;
    worker->start_ns = clock_ns();
    worker->now_ns = worker->start_ns;
    if (worker->interval_ns == 0)
        advance_all(worker);
}

/* The measured time ends. Later echoes count, but not in the rates. */
static void end_time(struct worker *worker, int64_t end_ns)
{
    worker->end_ns = end_ns;
    worker->timed_echoes = counters_get(&worker->counters.echoed);
    worker->timed_bytes = counters_get(&worker->counters.bytes);
}

static void begin_ending(struct worker *worker)
{
    uint64_t sent = counters_get(&worker->counters.sent);

    worker->phase = WORKER_ENDING;
    worker->ending_ns = worker->now_ns;
    worker->queue = NULL;
    if (worker->error != 0)
        atomic_store(&worker->load->stop, true);
    if (!has_count(worker)) {
        end_time(worker, worker->now_ns);
        worker->unsent = worker->due > sent ? worker->due - sent : 0;
    }
    advance_all(worker);
}

/* All clients have tried to connect, or have had the time to. */
static bool have_tried(const struct worker *worker)
{
    int64_t timeout_ns =
        worker->options->connect_timeout_ms * (int64_t)NS_PER_MS;

    return worker->tried == worker->client_count ||
           worker->now_ns - worker->connected_ns >= timeout_ns;
}

/* No client has ever connected. With -n, which has no time limit, also: none
 * has been connected for the sum of both timeouts. */
static bool cannot_connect(const struct worker *worker)
{
    const struct options *options = worker->options;
    int64_t limit_ns =
        ((int64_t)options->connect_timeout_ms + options->reply_timeout_ms) *
        NS_PER_MS;

    if (counters_get(&worker->counters.connects) == 0)
        return have_tried(worker);
    return has_count(worker) && worker->now_ns - worker->up_ns >= limit_ns;
}

static bool is_over(const struct worker *worker)
{
    int64_t time_ns = worker->options->time_ms * NS_PER_MS;

    if (worker->error != 0 || atomic_load(&worker->load->stop) ||
        worker->left == 0 || cannot_connect(worker))
        return true;
    return worker->phase == WORKER_RUNNING && !has_count(worker) &&
           worker->now_ns - worker->start_ns >= time_ns;
}

static void change_phase(struct worker *worker)
{
    struct load *load = worker->load;

    if (worker->phase != WORKER_ENDING && is_over(worker)) {
        set_ready(worker);
        begin_ending(worker);
    } else if (worker->phase == WORKER_CONNECTING) {
        if (have_tried(worker))
            set_ready(worker);
        if (atomic_load(&load->ready) == load->worker_count)
            begin_running(worker);
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_wakeup(const struct worker *worker)
{
    int64_t next = worker->tick_ns;

    if (may_connect(worker))
        return 0;
    if (worker->phase == WORKER_CONNECTING && worker->is_ready)
        next = earlier(next, worker->now_ns + BARRIER_NS);
    if (follows_schedule(worker))
        next = earlier(next, worker_due_ns(worker, worker->due));
    return next;
}

static bool has_open_clients(const struct worker *worker)
{
    return worker->connecting > 0 || counters_get(&worker->counters.up) > 0;
}

static void run(struct worker *worker)
{
    while (worker->phase != WORKER_ENDING || has_open_clients(worker)) {
        int ready = poller_wait(worker->poller, next_wakeup(worker));

        if (ready < 0) {
            worker->error = errno;
            return;
        }
        worker->now_ns = clock_ns();
        for (int i = 0; i < ready; i++) {
            short events = 0;
            size_t slot = poller_ready(worker->poller, i, &events);

            client_event(worker, &worker->clients[slot], events);
            enqueue_if_due(worker, &worker->clients[slot]);
        }
        if (counters_get(&worker->counters.up) > 0)
            worker->up_ns = worker->now_ns;
        change_phase(worker);
        advance_due(worker);
        connect_queued(worker);
        check_clients(worker);
    }
}

static int open_clients(struct worker *worker)
{
    worker->poller = poller_open(worker->client_count);
    worker->buffer = malloc(CONNECTION_CHUNK);
    worker->clients = calloc(worker->client_count, sizeof *worker->clients);
    if (worker->poller == NULL || worker->buffer == NULL ||
        worker->clients == NULL)
        return -1;
    for (size_t i = 0; i < worker->client_count; i++) {
        worker->clients[i].slot = i;
        worker->clients[i].number = worker->first_client + (uint32_t)i;
        enqueue_if_due(worker, &worker->clients[i]);
    }
    return 0;
}

static void close_clients(struct worker *worker)
{
    if (worker->clients != NULL && worker->poller != NULL)
        for (size_t i = 0; i < worker->client_count; i++)
            client_close(worker, &worker->clients[i]);
    poller_close(worker->poller);
    free(worker->buffer);
    free(worker->clients);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    enum options_mode mode = worker->options->mode;
    bool waits = mode == OPTIONS_ROUND_TRIPS || mode == OPTIONS_STREAM;

    worker->phase = waits ? WORKER_CONNECTING : WORKER_RUNNING;
    worker->left = worker->count;
    worker->queue_end = &worker->queue;
    worker->now_ns = clock_ns();
    worker->up_ns = worker->now_ns;
    worker->connected_ns = worker->now_ns;
    worker->start_ns = waits ? INT64_MAX : worker->now_ns;
    if (open_clients(worker) < 0)
        worker->error = errno;
    else
        run(worker);
    set_ready(worker);
    if (worker->error != 0)
        atomic_store(&worker->load->stop, true);
    if (has_count(worker))
        end_time(worker, worker->echo_ns);
    close_clients(worker);
    atomic_fetch_add(&worker->load->finished, 1);
    return NULL;
}

int worker_start(struct worker *worker)
{
    return pthread_create(&worker->thread, NULL, worker_main, worker);
}

void worker_join(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
}
