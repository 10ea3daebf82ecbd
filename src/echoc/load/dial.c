/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * dial: how a client of a load connects.
 */
#include "config.h"

#include "echoc/load/dial.h"

#include "common/clock.h"
#include "echoc/net/connect.h"
#include "echoc/net/pattern.h"

#include <errno.h>
#include <poll.h>

enum {
    NS_PER_MS = 1000000,
    FULL_NS = 10 * NS_PER_MS, /* between two tries at a full backlog */
    FAILURES_MAX = 5          /* that count for the time until the next try */
};

static void count_try(struct worker *worker, struct client *client)
{
    if (client->has_tried)
        return;
    client->has_tried = true;
    worker->tried++;
    shared_note_tried(worker->shared);
}

/* Others may send the message that was kept for this client. */
void dial_fail(struct worker *worker, struct client *client, int error)
{
    count_try(worker, client);
    shared_release(worker->shared, &client->is_kept);
    client->failures += client->failures < FAILURES_MAX;
    client_fail(worker, client, connect_fault(error), error);
}

static bool is_timed_out(const struct worker *worker,
                         const struct client *client, int64_t now_ns)
{
    return now_ns - client->connect_ns >=
           worker->options->connect_timeout_ms * (int64_t)NS_PER_MS;
}

/* Returns false if this has to be tried again: connect(2) on a Unix socket
 * whose backlog is full fails with EAGAIN at once, where TCP would wait. */
static bool begin(struct worker *worker, struct client *client)
{
    const struct server *server = &worker->load->server;
    uint64_t connects = counters_get(&worker->counters.connects);
    uint64_t key =
        pattern_key(worker->load->run, (connects << 32) + client->number);
    int64_t now_ns = clock_ns();
    int fd = connect_start(server, server->chosen, client->number);
    int error = fd < 0 ? errno : 0;

    if (!client->is_waiting)
        client->connect_ns = now_ns;
    if (error == EAGAIN) {
        client->is_waiting = true;
        if (!is_timed_out(worker, client, now_ns))
            return false;
        error = ETIMEDOUT;
    }
    client->is_waiting = false;
    client_open(worker, client, fd, key);
    if (error != 0) {
        dial_fail(worker, client, error);
        return true;
    }
    client->state = CLIENT_CONNECTING;
    client->events = POLLOUT;
    worker->connecting++;
    if (poller_add(worker->poller, client->slot, fd, client->events) < 0)
        client_fail(worker, client, FAULT_LOCAL, errno);
    return true;
}

/* The backlog is full: the client waits from now on, if it does not yet.
 * connect_ns is when it would have connected. */
static void wait_for_place(const struct worker *worker, struct client *client)
{
    if (client->is_waiting)
        return;
    client->is_waiting = true;
    client->connect_ns = worker->now_ns;
}

void dial_enqueue(struct worker *worker, struct client *client)
{
    client->is_queued = true;
    client->next = NULL;
    *worker->queue_end = client;
    worker->queue_end = &client->next;
    if (worker->full_ns > 0)
        wait_for_place(worker, client);
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

/* The backlog of a Unix socket is full, or its next place is for a client of
 * another worker. This client stays first, and all who are queued behind it
 * wait from now on as well. */
static void put_back(struct worker *worker, struct client *client)
{
    client->is_queued = true;
    client->next = worker->queue;
    if (worker->queue == NULL)
        worker->queue_end = &client->next;
    worker->queue = client;
    worker->full_ns = worker->now_ns + FULL_NS;
    while (client != NULL) {
        wait_for_place(worker, client);
        client = client->next;
    }
}

bool dial_is_due(const struct worker *worker)
{
    return worker->queue != NULL &&
           worker->connecting < worker->connecting_max && worker->error == 0;
}

/* Whether no other worker has a client that has waited for longer. Twice the
 * time between two tries is no difference: otherwise workers whose clients came
 * at the same time would let one connect each, in turns. */
static bool is_first(const struct worker *worker, const struct client *client)
{
    const struct load *load = worker->load;
    int64_t since_ns = client->is_waiting ? client->connect_ns : worker->now_ns;

    for (size_t i = 0; i < load->worker_count; i++)
        if (&load->workers[i] != worker &&
            atomic_load(&load->workers[i].waiting_ns) <
                since_ns - 2 * (int64_t)FULL_NS)
            return false;
    return true;
}

static void connect_queued(struct worker *worker)
{
    while (dial_is_due(worker)) {
        struct client *client = dequeue(worker);

        if (!is_first(worker, client) || !begin(worker, client)) {
            put_back(worker, client);
            return;
        }
        worker->full_ns = 0;
    }
}

void dial_queued(struct worker *worker)
{
    int64_t waiting_ns = INT64_MAX;

    if (worker->full_ns <= worker->now_ns)
        connect_queued(worker);
    if (worker->full_ns > 0 && worker->queue != NULL)
        waiting_ns = worker->queue->connect_ns;
    if (atomic_load(&worker->waiting_ns) != waiting_ns)
        atomic_store(&worker->waiting_ns, waiting_ns);
}

bool dial_finish(struct worker *worker, struct client *client, int64_t now_ns)
{
    const struct server *server = &worker->load->server;
    int error = connect_result(client->connection.fd,
                               &server->endpoints[server->chosen]);

    if (error != 0) {
        dial_fail(worker, client, error);
        return false;
    }
    histogram_record(&worker->counters.connect_times,
                     now_ns - client->connect_ns);
    counters_add(&worker->counters.connects, 1);
    counters_add(&worker->counters.up, 1);
    count_try(worker, client);
    worker->connecting--;
    shared_note_connected(worker->shared, now_ns);
    client->failures = 0;
    client->state = CLIENT_IDLE;
    return true;
}

bool dial_is_late(const struct worker *worker, const struct client *client)
{
    return client->state == CLIENT_CONNECTING &&
           is_timed_out(worker, client, worker->now_ns);
}
