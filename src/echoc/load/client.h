/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * client: one client of a load, a state machine on a non-blocking socket.
 *
 * Everything here is for the thread of the worker that the client belongs to.
 * What happens is counted in worker->counters. A failure on this side sets
 * worker->error; any other fault only closes the connection, and the client is
 * to connect again at retry_ns.
 */
#ifndef ECHOC_LOAD_CLIENT_H
#define ECHOC_LOAD_CLIENT_H

#include "echoc/load/worker.h"
#include "echoc/net/connection.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum client_state {
    CLIENT_CLOSED,     /* no connection: not yet, between two, or no more */
    CLIENT_CONNECTING, /* connect(2) is in progress */
    CLIENT_IDLE,       /* connected; the next message is not due */
    CLIENT_BUSY,       /* a message is being sent, or its echo is awaited */
    CLIENT_CLOSING     /* half-closed; the server's end is awaited */
};

struct client {
    struct connection connection;
    enum client_state state;
    short events;         /* that the poller watches */
    bool has_echo;        /* an echo came back on this connection */
    bool is_served;       /* an echo ever came back */
    bool is_last;         /* --hold: the message at the end was begun */
    bool is_queued;       /* in worker->queue */
    bool has_tried;       /* its first connect has ended */
    unsigned failures;    /* to connect, in a row */
    uint32_t number;      /* among all clients of the load */
    size_t slot;          /* among those of the worker */
    struct client *next;  /* in worker->queue */
    uint64_t begun;       /* messages; gives the time of the next with --rate */
    uint64_t message_end; /* offset in the connection */
    uint64_t chunks;      /* --stream: echoed on this connection */
    int64_t connect_ns;   /* when the last connect was started */
    int64_t full_ns;  /* since when a Unix socket's backlog is full; 0: not */
    int64_t since_ns; /* what the message's latency counts from */
    int64_t moved_ns; /* when bytes last came back, or the wait began */
    int64_t retry_ns; /* CLOSED: no connect before this */
};

/* Start to connect; for a client that is CLOSED. */
void client_connect(struct worker *worker, struct client *client);

/* Handle what the poller reported. */
void client_event(struct worker *worker, struct client *client, short events);

/* If IDLE, begin the next message or close, where it is time to. Call it when a
 * message has become due, and for all clients when the phase changes. */
void client_advance(struct worker *worker, struct client *client);

/* Fail if it has waited for longer than its timeout. */
void client_check_timeout(struct worker *worker, struct client *client);

/* Close the connection, if there is one; this is no fault. */
void client_close(struct worker *worker, struct client *client);

/* --rate: when the client's next message is due, of clock_ns(). */
int64_t client_due_ns(const struct worker *worker, const struct client *client);

#endif
