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
#include "echoc/load/deadline.h"
#include "echoc/load/dial.h"

#include <errno.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum {
    NS_PER_MS = 1000000,
    BARRIER_NS = NS_PER_MS,        /* between checks that all are ready */
    TICK_NS = 100 * (int)NS_PER_MS /* between two checks for timeouts */
};

static bool follows_schedule(const struct worker *worker)
{
    return worker->schedule.interval_ns > 0 && worker->phase == WORKER_RUNNING;
}

/* -n: the load ends after a number of messages, not after a time. */
static bool has_count(const struct worker *worker)
{
    return worker->options->count > 0;
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
        (!is_scheduled || client_is_due(worker, client, worker->now_ns)))
        dial_enqueue(worker, client);
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

/* --rate: let the clients send whose message is due, in the order of the
 * schedule. However late it is, once per client is enough: a client that is
 * behind goes on by itself until it has caught up. */
static void advance_due(struct worker *worker)
{
    size_t count = worker->client_count;
    uint64_t due = 0;

    if (!follows_schedule(worker))
        return;
    due = schedule_due(&worker->schedule, worker->now_ns, worker->first_client,
                       count);
    if (due > worker->due + count)
        worker->due = due - count;
    while (worker->due < due)
        advance(worker, &worker->clients[worker->due++ % count]);
}

static int64_t reply_timeout_ns(const struct worker *worker)
{
    return worker->options->reply_timeout_ms * (int64_t)NS_PER_MS;
}

/* What moves may go on for twice the reply timeout. */
static void set_cut(struct worker *worker)
{
    if (worker->cut_ns == INT64_MAX)
        worker->cut_ns = worker->now_ns + 2 * reply_timeout_ns(worker);
}

/* Check for timeouts. After an interrupt, also give up connects in progress. A
 * message of -n may have become free again, for a client that was done. */
static void check_clients(struct worker *worker)
{
    bool stop = atomic_load(&worker->shared->stop);

    if (worker->now_ns < worker->tick_ns)
        return;
    worker->tick_ns = worker->now_ns + TICK_NS;
    if (stop)
        set_cut(worker);
    for (size_t i = 0; i < worker->client_count; i++) {
        struct client *client = &worker->clients[i];

        if (stop && client->state == CLIENT_CONNECTING)
            client_close(worker, client);
        else
            deadline_check(worker, client);
        if (has_count(worker))
            client_advance(worker, client);
        enqueue_if_due(worker, client);
    }
}

static void begin_running(struct worker *worker, int64_t start_ns)
{
    int64_t time_ns = worker->options->time_ms * NS_PER_MS;

    worker->phase = WORKER_RUNNING;
    worker->start_ns = start_ns;
    worker->schedule.start_ns = start_ns;
    worker->schedule.end_ns =
        has_count(worker) ? INT64_MAX : start_ns + time_ns;
    if (!follows_schedule(worker))
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
    if (worker->error != 0)
        atomic_store(&worker->shared->stop, true);
    if (!has_count(worker)) {
        set_cut(worker);
        end_time(worker, worker->now_ns);
    }
    if (!has_count(worker) && follows_schedule(worker))
        for (size_t i = 0; i < worker->client_count; i++)
            worker->unsent += client_count_unsent(worker, &worker->clients[i]);
    worker->timed_up = counters_get(&worker->counters.up);
    worker->phase = WORKER_ENDING;
    worker->queue = NULL;
    advance_all(worker);
}

/* When the time of the load is up; INT64_MAX: it has none, or did not begin. */
static int64_t time_up_ns(const struct worker *worker)
{
    if (has_count(worker) || worker->phase != WORKER_RUNNING)
        return INT64_MAX;
    return worker->start_ns + worker->options->time_ms * NS_PER_MS;
}

static void change_phase(struct worker *worker)
{
    int64_t start_ns = 0;

    if (worker->phase == WORKER_ENDING)
        return;
    if (worker->error != 0 || worker->now_ns >= time_up_ns(worker) ||
        shared_is_over(worker->shared, worker->now_ns)) {
        begin_ending(worker);
    } else if (worker->phase == WORKER_CONNECTING) {
        start_ns = shared_start(worker->shared, worker->now_ns);
        if (start_ns != 0)
            begin_running(worker, start_ns);
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_wakeup(const struct worker *worker)
{
    int64_t next = earlier(worker->tick_ns, time_up_ns(worker));
    size_t count = worker->client_count;

    if (dial_is_due(worker))
        next = earlier(next, worker->full_ns);
    if (worker->phase == WORKER_CONNECTING && worker->tried == count)
        next = earlier(next, worker->now_ns + BARRIER_NS);
    if (follows_schedule(worker))
        next = earlier(
            next, schedule_due_ns(&worker->schedule,
                                  worker->clients[worker->due % count].number,
                                  worker->due / count));
    return next;
}

static bool has_open_clients(const struct worker *worker)
{
    return worker->connecting > 0 || counters_get(&worker->counters.up) > 0;
}

static void run(struct worker *worker)
{
    change_phase(worker);
    advance_all(worker);
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
            shared_note_up(worker->shared, worker->now_ns);
        change_phase(worker);
        advance_due(worker);
        dial_queued(worker);
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
        worker->clients[i].is_kept =
            shared_keep(worker->shared, worker->clients[i].number);
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

/* By default Linux wakes a thread up to 50 us after the time it asked for, so
 * that timers coincide; see prctl(2). 1 ns is the least. */
static void wake_precisely(void)
{
#ifdef PR_SET_TIMERSLACK
    prctl(PR_SET_TIMERSLACK, 1UL);
#endif
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;

    worker->queue_end = &worker->queue;
    worker->now_ns = clock_ns();
    worker->start_ns = INT64_MAX;
    worker->cut_ns = INT64_MAX;
    if (worker->schedule.interval_ns > 0)
        wake_precisely();
    if (open_clients(worker) < 0)
        worker->error = errno;
    else
        run(worker);
    if (worker->error != 0)
        atomic_store(&worker->shared->stop, true);
    if (has_count(worker))
        end_time(worker, worker->echo_ns);
    close_clients(worker);
    atomic_fetch_add(&worker->shared->finished, 1);
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
