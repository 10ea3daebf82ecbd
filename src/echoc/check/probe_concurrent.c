/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_concurrent: are many clients served at once, or one after another?
 *
 * Knows how to tell the two apart. Must not know the other trials.
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/check/probe.h"
#include "echoc/interrupt.h"
#include "echoc/net/poller.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE = 64, LOOK_NS = 100000000, NS_PER_MS = 1000000 };

struct crowd {
    struct connection *streams;
    size_t count;
    size_t connected;
    size_t answered;
    size_t failed;
    struct poller *poller;
    struct connection first_failed;
};

static void count_failure(struct crowd *crowd,
                          const struct connection *connection)
{
    if (crowd->failed++ == 0)
        crowd->first_failed = *connection;
}

static int gather(struct context *context, struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++) {
        struct connection *connection = &crowd->streams[i];

        crowd->connected++;
        if (probe_connect(context, connection) == 0 &&
            poller_add(crowd->poller, i, connection->fd, POLLIN) < 0)
            connection_fail(connection, FAULT_LOCAL, errno);
        if (connection->fault.kind == FAULT_NONE)
            continue;
        count_failure(crowd, connection);
        probe_close(connection);
        if (connection->fault.kind != FAULT_CONNECT)
            return -1;
        /* The others would not fare better, each after as long a wait. */
        crowd->failed = crowd->count - i;
        break;
    }
    return 0;
}

/* The last to come speaks first: who serves in turn has not met it yet. */
static void speak(struct context *context, struct crowd *crowd)
{
    for (size_t i = crowd->connected; i-- > 0;) {
        struct connection *connection = &crowd->streams[i];

        if (connection->fd < 0 ||
            connection_send(connection, MESSAGE, context->exchange.buffer) >= 0)
            continue;
        count_failure(crowd, connection);
        probe_close(connection);
    }
}

static void hear(struct context *context, struct crowd *crowd, size_t slot)
{
    struct connection *connection = &crowd->streams[slot];
    int64_t got = 0;

    if (connection->received == MESSAGE) { /* it has its answer already */
        poller_remove(crowd->poller, slot, connection->fd);
        probe_close(connection);
        return;
    }
    got = connection_receive(connection, context->exchange.buffer);
    if (got >= 0 && !connection->ended) {
        crowd->answered += connection->received == MESSAGE && got > 0;
        return;
    }
    if (connection->ended)
        connection_fail(connection, FAULT_CLOSED, 0);
    poller_remove(crowd->poller, slot, connection->fd);
    count_failure(crowd, connection);
    probe_close(connection);
}

/* Until all have their answer, or the time is up. Returns -1 if interrupted. */
static int listen_to_all(struct context *context, struct crowd *crowd)
{
    int64_t until =
        clock_ns() + context->exchange.timeout_ms * (int64_t)NS_PER_MS;

    while (crowd->answered + crowd->failed < crowd->count) {
        int64_t now = clock_ns();
        int ready = 0;

        if (interrupt_received())
            return -1;
        if (now >= until)
            break;
        ready = poller_wait(crowd->poller,
                            until < now + LOOK_NS ? until : now + LOOK_NS);
        for (int i = 0; i < ready; i++) {
            short events = 0;

            hear(context, crowd, poller_ready(crowd->poller, i, &events));
        }
    }
    return 0;
}

static void judge(struct context *context, struct result *result,
                  const struct crowd *crowd)
{
    char where[96];

    if (crowd->answered == crowd->count) {
        probe_diagnose(result, "clients are served at the same time");
        probe_ok(result, "%zu of %zu clients answered while all were there",
                 crowd->answered, crowd->count);
        return;
    }
    if (crowd->failed == 0 && crowd->answered == 1)
        probe_diagnose(result, "clients are served one after another");
    else if (crowd->answered > 0)
        probe_diagnose(result,
                       "not all are served at once: a limit, or a server "
                       "that cannot keep up");
    else if (crowd->failed == 0)
        probe_diagnose(result, "nobody has a whole answer");
    snprintf(where, sizeof where,
             "%zu of %zu clients answered while all were there",
             crowd->answered, crowd->count);
    if (crowd->failed > 0)
        probe_fault(context, result, where, &crowd->first_failed);
    else
        probe_bad(result, "%s", where);
}

static void try(struct context *context, struct crowd *crowd,
                struct result *result)
{
    int done = gather(context, crowd);

    if (done == 0) {
        speak(context, crowd);
        done = listen_to_all(context, crowd);
        if (done < 0)
            connection_fail(&crowd->first_failed, FAULT_STOPPED, 0);
    }
    if (done < 0)
        probe_fault(context, result, "", &crowd->first_failed);
    else
        judge(context, result, crowd);
    for (size_t i = 0; i < crowd->connected; i++)
        probe_close(&crowd->streams[i]);
}

void probe_concurrent(struct context *context, struct result *result)
{
    struct crowd crowd = {.count = context->options->clients};

    crowd.streams = calloc(crowd.count, sizeof *crowd.streams);
    crowd.poller = poller_open(crowd.count);
    if (crowd.streams != NULL && crowd.poller != NULL) {
        try(context, &crowd, result);
    } else {
        connection_fail(&crowd.first_failed, FAULT_LOCAL, errno);
        probe_fault(context, result, "", &crowd.first_failed);
    }
    poller_close(crowd.poller);
    free(crowd.streams);
}
