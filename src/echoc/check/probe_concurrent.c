/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_concurrent: are many clients served at once, or one after another?
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/check/cause.h"
#include "echoc/check/probe.h"
#include "echoc/interrupt.h"
#include "echoc/net/poller.h"

#include <errno.h>
#include <stdlib.h>

/* An interrupt just before poller_wait() does not end it, so it waits POLL_NS
 * at most. */
enum {
    MESSAGE_BYTES = 64,
    POLL_NS = 100000000,
    IN_TURN_MAX = 16,
    LEAVE_MS = 200,
    STILL_NS = 500000000
};

struct clients {
    struct connection *connections;
    size_t count;  /* clients asked for */
    size_t opened; /* connections, including failed ones */
    size_t answered;
    size_t failed;
    int64_t moved_ns; /* when bytes came last */
    struct fault first_fault;
    struct poller *poller;
};

static void count_failure(struct clients *clients,
                          struct connection *connection)
{
    if (clients->failed++ == 0)
        clients->first_fault = connection->fault;
    probe_close(connection);
}

/* Returns 0, or -1 after an interrupt or a failure on this side. */
static int connect_clients(struct probe_context *context,
                           struct clients *clients)
{
    for (size_t i = 0; i < clients->count; i++) {
        struct connection *connection = &clients->connections[i];

        clients->opened++;
        if (probe_connect(context, connection) == 0 &&
            poller_add(clients->poller, i, connection->fd, POLLIN) < 0)
            connection_fail(connection, FAULT_LOCAL, errno);
        if (connection->fault.kind == FAULT_NONE)
            continue;
        count_failure(clients, connection);
        if (connection->fault.kind == FAULT_RESET)
            continue;
        if (connection->fault.kind != FAULT_CONNECT)
            return -1;
        /* The others would fail, too, each after another timeout. */
        clients->failed = clients->count - i;
        break;
    }
    return 0;
}

/* The last to connect sends first: a server that serves one client at a time
 * has not accepted it yet. */
static void send_messages(struct probe_context *context,
                          struct clients *clients)
{
    for (size_t i = clients->opened; i-- > 0;) {
        struct connection *connection = &clients->connections[i];

        if (connection->fd >= 0 &&
            connection_send(connection, MESSAGE_BYTES,
                            context->exchange.buffer) < 0)
            count_failure(clients, connection);
    }
}

static void receive_answer(struct probe_context *context,
                           struct clients *clients, size_t slot)
{
    struct connection *connection = &clients->connections[slot];
    int64_t got = 0;

    if (connection->received == MESSAGE_BYTES) { /* answered before */
        poller_remove(clients->poller, slot, connection->fd);
        probe_close(connection);
        return;
    }
    got = connection_receive(connection, context->exchange.buffer);
    clients->moved_ns = clock_ns();
    if (got >= 0 && !connection->ended) {
        if (connection->received == MESSAGE_BYTES && got > 0)
            clients->answered++;
        return;
    }
    if (connection->ended)
        connection_fail(connection, FAULT_CLOSED, 0);
    poller_remove(clients->poller, slot, connection->fd);
    count_failure(clients, connection);
}

/* Until all clients have their answer, or the reply timeout. Returns 0, or -1
 * if interrupted. */
static int receive_answers(struct probe_context *context,
                           struct clients *clients)
{
    int64_t deadline = probe_deadline(context);

    while (clients->answered + clients->failed < clients->count) {
        int64_t now = clock_ns();
        int ready = 0;

        if (interrupt_received())
            return -1;
        if (now >= deadline)
            break;
        ready =
            poller_wait(clients->poller,
                        deadline < now + POLL_NS ? deadline : now + POLL_NS);
        for (int i = 0; i < ready; i++) {
            short events = 0;

            receive_answer(context, clients,
                           poller_ready(clients->poller, i, &events));
        }
    }
    return 0;
}

/* The clients that have no answer at the end are late. */
static void count_late(const struct probe_context *context,
                       struct clients *clients)
{
    for (size_t i = 0; i < clients->opened; i++) {
        struct connection *connection = &clients->connections[i];

        if (clients->failed > 0 || connection->fd < 0 ||
            connection->received == MESSAGE_BYTES)
            continue;
        connection_fail(connection, FAULT_LATE, 0);
        clients->first_fault = connection->fault;
        clients->first_fault.after_ms = context->exchange.timeout_ms;
        clients->first_fault.is_slow =
            clients->answered == 0 && clock_ns() - clients->moved_ns < STILL_NS;
        return;
    }
}

/* Whether clients are served that do the same in turn; if not, their number is
 * not to blame. The first waits until the server has noticed that the others
 * have gone. */
static bool is_served_in_turn(struct probe_context *context,
                              const struct clients *clients)
{
    struct exchange exchange = context->exchange;
    size_t count = clients->count < IN_TURN_MAX ? clients->count : IN_TURN_MAX;
    bool is_served = true;

    for (size_t i = 0; i < clients->opened; i++)
        probe_end_and_close(&clients->connections[i]);
    interrupt_wait(-1, 0, clock_ns() + LEAVE_MS * PROBE_NS_PER_MS);
    if (exchange.timeout_ms > PROBE_SHORT_MS)
        exchange.timeout_ms = PROBE_SHORT_MS;
    for (size_t i = 0; i < count && is_served; i++) {
        struct connection connection = {.fd = -1};

        is_served = probe_connect(context, &connection) == 0 &&
                    exchange_until(&exchange, &connection, MESSAGE_BYTES) == 0;
        probe_end_and_close(&connection);
    }
    return is_served;
}

/* After the round trips, whose messages have the same size: if not even one of
 * them came back, the number of clients is not to blame. */
static const char *diagnose_clients(struct probe_context *context,
                                    const struct clients *clients)
{
    enum fault_kind kind = clients->first_fault.kind;

    if (clients->answered == 1 && context->blocked.fault.kind != FAULT_NONE)
        return probe_blocked_diagnosis(context);
    if (clients->answered == 0 || context->round_trips.count == 0 ||
        kind == FAULT_CHANGED || kind == FAULT_EXTRA)
        return NULL;
    if (!is_served_in_turn(context, clients))
        return kind == FAULT_LATE ? cause_mute : NULL;
    if (clients->failed == 0 && clients->answered == 1)
        return "clients are served one after another";
    return "not all are served at once: a limit, or a server that cannot keep "
           "up";
}

/* Returns whether a connection is still open on which nothing was sent. */
static bool is_silent(const struct connection *connection)
{
    return connection->fd >= 0 &&
           interrupt_wait(connection->fd, POLLIN, clock_ns()) == 0;
}

/* One client shows nothing unless another connection is open. */
static int report_one_client(const struct probe_context *context,
                             struct probe_result *result)
{
    if (context->blocked.fault.kind != FAULT_NONE)
        return probe_bad(result, probe_blocked_diagnosis(context),
                         "1 of 1 got its echo, with no other connection open");
    if (!is_silent(&context->unused))
        return probe_skipped(result, "-c 1 cannot tell",
                             "1 of 1 got its echo, with no other connection "
                             "open");
    return probe_ok(result, "clients are served at the same time",
                    "1 of 1 got its echo while another was connected");
}

static int report_clients(struct probe_context *context,
                          struct probe_result *result, struct clients *clients)
{
    static const char text[] =
        "%zu of %zu got their echo while all were connected";
    const char *diagnosis = NULL;

    if (clients->answered == clients->count && clients->count == 1)
        return report_one_client(context, result);
    if (clients->answered == clients->count)
        return probe_ok(result, "clients are served at the same time", text,
                        clients->answered, clients->count);
    count_late(context, clients);
    diagnosis = diagnose_clients(context, clients);
    if (clients->failed == 0 && diagnosis != NULL)
        return probe_bad(result, diagnosis, text, clients->answered,
                         clients->count);
    return probe_fault(result, &clients->first_fault, diagnosis, text,
                       clients->answered, clients->count);
}

static int run_clients(struct probe_context *context, struct clients *clients,
                       struct connection *connection,
                       struct probe_result *result)
{
    if (clients->connections == NULL || clients->poller == NULL)
        return connection_fail(connection, FAULT_LOCAL, errno);
    if (connect_clients(context, clients) < 0) {
        connection->fault = clients->first_fault;
        return -1;
    }
    send_messages(context, clients);
    if (receive_answers(context, clients) < 0)
        return connection_fail(connection, FAULT_STOPPED, 0);
    return report_clients(context, result, clients);
}

/* Opens connections of its own; the caller's only carries a fault. */
int probe_clients(struct probe_context *context, struct connection *connection,
                  struct probe_result *result)
{
    struct clients clients = {.count = context->options->clients};
    int status = 0;

    clients.connections = calloc(clients.count, sizeof *clients.connections);
    clients.poller = poller_open(clients.count);
    status = run_clients(context, &clients, connection, result);
    for (size_t i = 0; i < clients.opened; i++)
        probe_close(&clients.connections[i]);
    poller_close(clients.poller);
    free(clients.connections);
    return status;
}
