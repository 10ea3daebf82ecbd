/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * client: one client of a load, a state machine on a non-blocking socket.
 *
 *     state        until                                     next state
 *     CLOSED       the worker calls client_connect()         CONNECTING
 *     CONNECTING   the connection is established             IDLE
 *     IDLE         a message is due                          BUSY
 *                  the connection has sent its last message   CLOSING
 *     BUSY         the message is echoed (--stream: sent)    IDLE
 *     CLOSING      the server has closed, too                CLOSED
 *
 * A fault or a timeout leads from any state to CLOSED. A client stays IDLE only
 * to wait: for the other clients at the start, for its schedule (--rate), or
 * for the end (--hold). Otherwise the next message begins in the same call.
 */
#include "config.h"

#include "echoc/load/client.h"

#include "common/clock.h"
#include "echoc/load/dial.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum {
    RETRY_NS = 100000000, /* after a fault; doubled with each failed connect */
    UNSENT_GROUPS = 1000
};

void client_close(struct worker *worker, struct client *client)
{
    if (client->state == CLIENT_CLOSED)
        return;
    if (client->state == CLIENT_CONNECTING)
        worker->connecting--;
    else
        counters_add(&worker->counters.up, (uint64_t)-1);
    poller_remove(worker->poller, client->slot, client->connection.fd);
    close(client->connection.fd);
    client->state = CLIENT_CLOSED;
    client->retry_ns = 0;
    client->ready_ns = worker->now_ns;
}

uint64_t client_pending(const struct worker *worker,
                        const struct client *client)
{
    if (worker->options->mode == OPTIONS_STREAM)
        return client->message_end / worker->options->size - client->echoed;
    return client->state == CLIENT_BUSY;
}

/* Count the fault of the connection, and close it. */
static void fail(struct worker *worker, struct client *client)
{
    const struct fault *fault = &client->connection.fault;
    struct counters *counters = &worker->counters;

    if (fault->kind == FAULT_LOCAL)
        worker->error = fault->error;
    counters_fault(counters, fault);
    if (fault->kind == FAULT_CHANGED || fault->kind == FAULT_EXTRA)
        counters_add(&counters->changed, client_pending(worker, client) > 0);
    client_close(worker, client);
    client->retry_ns = worker->now_ns + ((int64_t)RETRY_NS << client->failures);
    client->ready_ns = client->retry_ns;
}

void client_fail(struct worker *worker, struct client *client,
                 enum fault_kind kind, int error)
{
    connection_fail(&client->connection, kind, error);
    if (kind == FAULT_LATE)
        client->connection.fault.after_ms = worker->options->reply_timeout_ms;
    fail(worker, client);
}

void client_open(struct worker *worker, struct client *client, int fd,
                 uint64_t key)
{
    connection_init(&client->connection, fd, key);
    client->connection.skip_diagnosis =
        worker->counters.first.kind != FAULT_NONE;
    client->has_echo = false;
    client->echoed = 0;
    client->message_end = 0;
}

static void watch(struct worker *worker, struct client *client, short events)
{
    if (events == client->events)
        return;
    client->events = events;
    if (poller_change(worker->poller, client->slot, client->connection.fd,
                      events) < 0)
        client_fail(worker, client, FAULT_LOCAL, errno);
}

static void begin_close(struct worker *worker, struct client *client)
{
    client->state = CLIENT_CLOSING;
    client->moved_ns = clock_ns();
    if (connection_half_close(&client->connection) < 0)
        fail(worker, client);
    else
        watch(worker, client, POLLIN);
}

/* Send as much of the message as the socket takes. With --stream, send one
 * chunk and return, so that echoes are read in between. */
static void send_message(struct worker *worker, struct client *client)
{
    struct connection *connection = &client->connection;
    bool is_bulk = worker->options->mode == OPTIONS_STREAM;
    int64_t taken = 0;

    do {
        taken =
            connection_send(connection, client->message_end, worker->buffer);
        if (taken < 0) {
            fail(worker, client);
            return;
        }
        if (taken > 0)
            client->moved_ns = clock_ns();
    } while (taken > 0 && connection->sent < client->message_end && !is_bulk);
    watch(worker, client,
          is_bulk || connection->sent < client->message_end ? POLLIN | POLLOUT
                                                            : POLLIN);
}

static int64_t due_ns(const struct worker *worker, const struct client *client)
{
    return schedule_due_ns(&worker->schedule, client->number, client->begun);
}

bool client_is_due(const struct worker *worker, const struct client *client,
                   int64_t now_ns)
{
    return worker->schedule.interval_ns == 0 ||
           due_ns(worker, client) <= now_ns;
}

/* --rate: how late this program is. It is not to blame for the time in which
 * the client waited for the echo before, or could not connect. */
static void record_delay(struct worker *worker, const struct client *client,
                         int64_t now_ns)
{
    bool is_churn = worker->options->mode == OPTIONS_CHURN;
    int64_t begun_ns = is_churn ? client->connect_ns : now_ns;
    int64_t due = due_ns(worker, client);

    histogram_record(&worker->counters.send_delays,
                     begun_ns -
                         (due > client->ready_ns ? due : client->ready_ns));
}

static void begin_message(struct worker *worker, struct client *client,
                          int64_t now_ns)
{
    if (!shared_take(worker->shared, &client->is_kept))
        return;
    if (worker->schedule.interval_ns > 0) {
        client->since_ns = due_ns(worker, client);
        record_delay(worker, client, now_ns);
    } else if (worker->options->mode == OPTIONS_CHURN) {
        client->since_ns = client->connect_ns;
    } else {
        client->since_ns = now_ns;
    }
    client->begun++;
    client->moved_ns = now_ns;
    client->message_end = client->connection.sent + worker->options->size;
    client->state = CLIENT_BUSY;
    client->is_last = worker->phase == WORKER_ENDING;
    counters_add(&worker->counters.sent, 1);
    send_message(worker, client);
}

/* Whether the connection has sent its last message. At the end of --hold there
 * is one more, if the first was echoed. */
static bool is_done(const struct worker *worker, const struct client *client)
{
    enum options_mode mode = worker->options->mode;

    if (worker->phase == WORKER_ENDING)
        return mode != OPTIONS_HOLD || client->is_last || !client->has_echo;
    return mode == OPTIONS_CHURN && client->has_echo;
}

static bool is_due(const struct worker *worker, const struct client *client,
                   int64_t now_ns)
{
    if (worker->phase == WORKER_CONNECTING)
        return false;
    if (worker->options->mode == OPTIONS_HOLD)
        return worker->phase == WORKER_ENDING || !client->has_echo;
    return client_is_due(worker, client, now_ns);
}

/* What an IDLE client does next: close, begin a message, or stay IDLE. */
static void advance(struct worker *worker, struct client *client,
                    int64_t now_ns)
{
    if (is_done(worker, client))
        begin_close(worker, client);
    else if (is_due(worker, client, now_ns))
        begin_message(worker, client, now_ns);
}

void client_advance(struct worker *worker, struct client *client)
{
    if (client->state == CLIENT_IDLE)
        advance(worker, client, clock_ns());
}

static void finish_connect(struct worker *worker, struct client *client)
{
    int64_t now_ns = clock_ns();

    if (!dial_finish(worker, client, now_ns))
        return;
    if (worker->options->mode != OPTIONS_CHURN)
        client->ready_ns = now_ns;
    advance(worker, client, now_ns);
    if (client->state == CLIENT_IDLE)
        watch(worker, client, POLLIN);
}

static void count_echoes(struct worker *worker, struct client *client,
                         uint64_t echoes, int64_t now_ns)
{
    if (echoes == 0)
        return;
    worker->echo_ns = now_ns;
    client->has_echo = true;
    counters_add(&worker->counters.echoed, echoes);
    if (client->is_served)
        return;
    client->is_served = true;
    counters_add(&worker->counters.served, 1);
    worker->counters.served_ns = (uint64_t)now_ns;
}

static void count_bulk(struct worker *worker, struct client *client)
{
    uint64_t echoed = client->connection.received / worker->options->size;

    count_echoes(worker, client, echoed - client->echoed, worker->now_ns);
    client->echoed = echoed;
}

static void finish_message(struct worker *worker, struct client *client)
{
    int64_t now_ns = clock_ns();

    histogram_record(&worker->counters.round_trips, now_ns - client->since_ns);
    count_echoes(worker, client, 1, now_ns);
    client->state = CLIENT_IDLE;
    client->ready_ns = now_ns;
    advance(worker, client, now_ns);
}

static void receive(struct worker *worker, struct client *client)
{
    struct connection *connection = &client->connection;
    bool is_bulk = worker->options->mode == OPTIONS_STREAM;
    uint64_t before = connection->received;
    int64_t got = connection_receive(connection, worker->buffer);

    counters_add(&worker->counters.bytes, connection->received - before);
    if (is_bulk)
        count_bulk(worker, client);
    if (got < 0) {
        fail(worker, client);
        return;
    }
    if (got > 0)
        client->moved_ns = clock_ns();
    if (connection->ended && client->state == CLIENT_CLOSING)
        client_close(worker, client);
    else if (connection->ended)
        client_fail(worker, client, FAULT_CLOSED, 0);
    else if (!is_bulk && client->state == CLIENT_BUSY &&
             connection->received == client->message_end)
        finish_message(worker, client);
}

/* --stream: the next message begins when this one has been sent. */
static void send_bulk(struct worker *worker, struct client *client)
{
    if (client->connection.sent < client->message_end) {
        send_message(worker, client);
        return;
    }
    client->state = CLIENT_IDLE;
    advance(worker, client, worker->now_ns);
    if (client->state == CLIENT_IDLE)
        watch(worker, client, POLLIN);
}

void client_event(struct worker *worker, struct client *client, short events)
{
    if (client->state == CLIENT_CONNECTING) {
        finish_connect(worker, client);
        return;
    }
    if ((events & ~POLLOUT) != 0)
        receive(worker, client);
    if ((events & POLLOUT) == 0 || client->state != CLIENT_BUSY)
        return;
    if (worker->options->mode == OPTIONS_STREAM)
        send_bulk(worker, client);
    else
        send_message(worker, client);
}

/* A group of messages counts as the one that was due last. */
uint64_t client_count_unsent(struct worker *worker, const struct client *client)
{
    const struct schedule *schedule = &worker->schedule;
    uint64_t due = schedule_due(schedule, worker->now_ns, client->number, 1);
    uint64_t group = (due - client->begun) / UNSENT_GROUPS + 1;
    uint64_t message = due;

    while (message > client->begun) {
        uint64_t count = message - client->begun;

        if (count > group)
            count = group;
        histogram_record_many(&worker->counters.round_trips,
                              worker->now_ns - schedule_due_ns(schedule,
                                                               client->number,
                                                               message - 1),
                              count);
        message -= count;
    }
    return due > client->begun ? due - client->begun : 0;
}
