/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * client: one of the many of a load.
 *
 * Knows what one client does next, and counts it. Must not know how many there
 * are, nor who calls when.
 */
#include "config.h"

#include "echoc/load/client.h"

#include "common/clock.h"
#include "echoc/load/turn.h"
#include "echoc/net/connect.h"
#include "echoc/net/pattern.h"

#include <errno.h>
#include <unistd.h>

enum {
    AGAIN_NS = 100000000,
    ASK_NS = 10000000,
    DOUBLINGS_MAX = 5,
    NS_PER_MS = 1000000
};

void client_drop(struct shift *shift, struct client *client)
{
    if (client->state == CLIENT_CLOSED)
        return;
    if (client->state != CLIENT_CONNECTING)
        counters_add(&shift->counters->up, (uint64_t)-1);
    poller_remove(shift->poller, client->slot, client->connection.fd);
    close(client->connection.fd);
    client->state = CLIENT_CLOSED;
    client->again_ns = 0;
}

/* Whether a message was begun that has not been counted as echoed. */
static bool is_under_way(const struct shift *shift, const struct client *client)
{
    if (shift->options->mode == OPTIONS_STREAM)
        return client->connection.received < client->end;
    return client->state == CLIENT_BUSY;
}

/* The fault is counted, and the client dials again after a while, which doubles
 * while it cannot connect: a server that comes back is met again, one that does
 * not is not asked without end. */
static void fail(struct shift *shift, struct client *client)
{
    const struct fault *fault = &client->connection.fault;
    struct counters *counters = shift->counters;

    if (fault->kind == FAULT_LOCAL)
        shift->local_error = fault->error;
    counters_fault(counters, fault);
    if (fault->kind == FAULT_CHANGED || fault->kind == FAULT_EXTRA)
        counters_add(&counters->changed, is_under_way(shift, client));
    client_drop(shift, client);
    client->again_ns = shift->now_ns + ((int64_t)AGAIN_NS << client->failures);
}

static void fail_with(struct shift *shift, struct client *client,
                      enum fault_kind kind, int error)
{
    connection_fail(&client->connection, kind, error);
    if (kind == FAULT_LATE)
        client->connection.fault.after_ms = shift->options->reply_timeout_ms;
    fail(shift, client);
}

static void fail_dialling(struct shift *shift, struct client *client, int error)
{
    client->failures += client->failures < DOUBLINGS_MAX;
    fail_with(shift, client, connect_fault(error), error);
}

static void watch(struct shift *shift, struct client *client, short events)
{
    if (events == client->events)
        return;
    client->events = events;
    if (poller_change(shift->poller, client->slot, client->connection.fd,
                      events) < 0)
        fail_with(shift, client, FAULT_LOCAL, errno);
}

/* A Unix socket whose backlog is full says so at once, connect(2). */
static void ask_again(struct shift *shift, struct client *client)
{
    int64_t timeout_ns =
        shift->options->connect_timeout_ms * (int64_t)NS_PER_MS;

    if (client->asked_ns == 0)
        client->asked_ns = client->dialled_ns;
    client->again_ns = client->dialled_ns + ASK_NS;
    if (client->dialled_ns - client->asked_ns < timeout_ns)
        return;
    client->asked_ns = 0;
    fail_dialling(shift, client, ETIMEDOUT);
}

void client_dial(struct shift *shift, struct client *client)
{
    const struct options *options = shift->options;
    const struct endpoint *from =
        options->source_count > 0
            ? &options->sources[client->number % options->source_count]
            : NULL;
    uint64_t connection =
        (counters_get(&shift->counters->connects) << 32) + client->number;
    int fd = -1;

    client->dialled_ns = clock_ns();
    fd = connect_start(&shift->server->endpoints[shift->server->chosen], from);
    connection_init(&client->connection, fd,
                    pattern_key(shift->run, connection));
    client->connection.skip_diagnosis =
        shift->counters->first.kind != FAULT_NONE;
    if (fd < 0 && errno == EAGAIN) {
        ask_again(shift, client);
        return;
    }
    client->asked_ns = 0;
    if (fd < 0) {
        fail_dialling(shift, client, errno);
        return;
    }
    client->events = POLLOUT;
    client->has_echo = false;
    client->pieces = 0;
    client->end = 0;
    client->state = CLIENT_CONNECTING;
    if (poller_add(shift->poller, client->slot, fd, client->events) < 0)
        fail_with(shift, client, FAULT_LOCAL, errno);
}

static void leave(struct shift *shift, struct client *client)
{
    client->state = CLIENT_CLOSING;
    client->moved_ns = shift->now_ns;
    if (connection_half_close(&client->connection) < 0)
        fail(shift, client);
    else
        watch(shift, client, POLLIN);
}

/* Send what the socket takes of the message under way. */
static void send_on(struct shift *shift, struct client *client)
{
    struct connection *connection = &client->connection;
    bool is_bulk = shift->options->mode == OPTIONS_STREAM;
    int64_t taken = 0;

    do {
        taken = connection_send(connection, client->end, shift->room);
        if (taken < 0) {
            fail(shift, client);
            return;
        }
    } while (taken > 0 && connection->sent < client->end && !is_bulk);
    watch(shift, client,
          is_bulk || connection->sent < client->end ? POLLIN | POLLOUT
                                                    : POLLIN);
}

/* now_ns is about now, and when the message counts from. */
static void begin(struct shift *shift, struct client *client, int64_t now_ns)
{
    if (shift->left == 0)
        return;
    shift->left--;
    client->since_ns = now_ns;
    if (shift->options->mode == OPTIONS_CHURN)
        client->since_ns = client->dialled_ns;
    if (shift->interval_ns > 0)
        client->since_ns = turn_due(shift, client);
    client->turn++;
    client->moved_ns = now_ns;
    client->end = client->connection.sent + shift->options->size;
    client->state = CLIENT_BUSY;
    counters_add(&shift->counters->sent, 1);
    send_on(shift, client);
}

/* What a client does that has nothing under way. */
static void go_on(struct shift *shift, struct client *client, int64_t now_ns)
{
    switch (turn_next(shift, client, now_ns)) {
    case TURN_REST:
        break;
    case TURN_LEAVE:
        leave(shift, client);
        break;
    case TURN_BEGIN:
        client->said_last = shift->ending;
        begin(shift, client, now_ns);
        break;
    }
}

void client_prompt(struct shift *shift, struct client *client)
{
    if (client->state == CLIENT_IDLE)
        go_on(shift, client, clock_ns());
}

static void arrive(struct shift *shift, struct client *client)
{
    int error =
        connect_result(client->connection.fd,
                       &shift->server->endpoints[shift->server->chosen]);
    int64_t now_ns = clock_ns();

    if (error != 0) {
        fail_dialling(shift, client, error);
        return;
    }
    histogram_record(&shift->counters->connect_times,
                     now_ns - client->dialled_ns);
    counters_add(&shift->counters->connects, 1);
    counters_add(&shift->counters->up, 1);
    client->failures = 0;
    shift->arrived_ns = now_ns;
    client->state = CLIENT_IDLE;
    go_on(shift, client, now_ns);
    if (client->state == CLIENT_IDLE)
        watch(shift, client, POLLIN);
}

static void count_echoes(struct shift *shift, struct client *client,
                         uint64_t echoes, int64_t now_ns)
{
    if (echoes == 0)
        return;
    shift->echo_ns = now_ns;
    client->has_echo = true;
    counters_add(&shift->counters->echoed, echoes);
    if (client->served)
        return;
    client->served = true;
    counters_add(&shift->counters->served, 1);
    shift->counters->served_ns = (uint64_t)now_ns;
}

static void count_pieces(struct shift *shift, struct client *client)
{
    uint64_t pieces = client->connection.received / shift->options->size;

    count_echoes(shift, client, pieces - client->pieces, shift->now_ns);
    client->pieces = pieces;
}

static void complete(struct shift *shift, struct client *client)
{
    int64_t now_ns = clock_ns();

    histogram_record(&shift->counters->round_trips, now_ns - client->since_ns);
    count_echoes(shift, client, 1, now_ns);
    client->state = CLIENT_IDLE;
    go_on(shift, client, now_ns);
}

static void receive(struct shift *shift, struct client *client)
{
    struct connection *connection = &client->connection;
    uint64_t before = connection->received;
    int64_t got = connection_receive(connection, shift->room);

    counters_add(&shift->counters->bytes, connection->received - before);
    if (shift->options->mode == OPTIONS_STREAM)
        count_pieces(shift, client);
    if (got < 0) {
        fail(shift, client);
        return;
    }
    if (got > 0)
        client->moved_ns = shift->now_ns;
    if (connection->ended && client->state == CLIENT_CLOSING)
        client_drop(shift, client);
    else if (connection->ended)
        fail_with(shift, client, FAULT_CLOSED, 0);
    else if (client->state == CLIENT_BUSY &&
             connection->received == client->end &&
             shift->options->mode != OPTIONS_STREAM)
        complete(shift, client);
}

/* One piece after another, for as long as more may be sent. */
static void send_bulk(struct shift *shift, struct client *client)
{
    if (client->connection.sent < client->end) {
        send_on(shift, client);
        return;
    }
    client->state = CLIENT_IDLE;
    go_on(shift, client, shift->now_ns);
    if (client->state == CLIENT_IDLE)
        watch(shift, client, POLLIN);
}

void client_event(struct shift *shift, struct client *client, short events)
{
    if (client->state == CLIENT_CONNECTING) {
        arrive(shift, client);
        return;
    }
    if ((events & ~POLLOUT) != 0)
        receive(shift, client);
    if ((events & POLLOUT) == 0 || client->state != CLIENT_BUSY)
        return;
    if (shift->options->mode == OPTIONS_STREAM)
        send_bulk(shift, client);
    else
        send_on(shift, client);
}

/* Once it is ending, bytes that drip do not keep it from its end. */
void client_look(struct shift *shift, struct client *client)
{
    const struct options *options = shift->options;
    int64_t patience = options->reply_timeout_ms * (int64_t)NS_PER_MS;

    switch (client->state) {
    case CLIENT_CLOSED:
    case CLIENT_IDLE:
        break;
    case CLIENT_CONNECTING:
        if (shift->now_ns - client->dialled_ns >=
            options->connect_timeout_ms * (int64_t)NS_PER_MS)
            fail_dialling(shift, client, ETIMEDOUT);
        break;
    case CLIENT_BUSY:
    case CLIENT_CLOSING:
        if (shift->now_ns - client->moved_ns >= patience ||
            (shift->ending && shift->now_ns - shift->ended_ns >= 2 * patience))
            fail_with(shift, client, FAULT_LATE, 0);
        break;
    }
}
