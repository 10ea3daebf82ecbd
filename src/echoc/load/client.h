/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * client: one client of a load, a state machine on a non-blocking socket.
 *
 * Only the worker's thread may call these functions. They count in
 * worker->counters. A failure of this process sets worker->error; any other
 * fault closes the connection, and the client may connect again at retry_ns.
 */
#ifndef ECHOC_LOAD_CLIENT_H
#define ECHOC_LOAD_CLIENT_H

#include "echoc/load/worker.h"
#include "echoc/net/connection.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum client_state {
    CLIENT_CLOSED,
    CLIENT_CONNECTING, /* connect(2) is in progress */
    CLIENT_IDLE,       /* connected, without a message */
    CLIENT_BUSY,       /* sends a message or waits for its echo */
    CLIENT_CLOSING     /* has half-closed and waits for the server to close */
};

struct client {
    struct connection connection;
    enum client_state state;
    short events;        /* that the poller watches */
    bool has_echo;       /* an echo came back on this connection */
    bool is_served;      /* an echo ever came back */
    bool is_last;        /* --hold: this is the message at the end */
    bool is_queued;      /* in worker->queue */
    bool has_tried;      /* its first connect has ended */
    unsigned failures;   /* to connect, in a row */
    uint32_t number;     /* among all clients of the load */
    size_t slot;         /* among those of the worker */
    struct client *next; /* in worker->queue */
    uint64_t begun; /* messages; --rate takes the next one's time from it */
    uint64_t message_end; /* as connection.sent */
    uint64_t echoed;      /* --stream: messages, on this connection */
    int64_t connect_ns;   /* when the last connect was started */
    int64_t full_ns;      /* since when a Unix socket's backlog is full, or 0 */
    int64_t since_ns;     /* when the latency of the message begins */
    int64_t moved_ns;     /* when bytes last came, or the wait for them began */
    int64_t retry_ns;     /* CLOSED: no connect before this time */
};

/* Start to connect. The client must be CLOSED. */
void client_connect(struct worker *worker, struct client *client);

/* Handle what the poller reported. */
void client_event(struct worker *worker, struct client *client, short events);

/* If the client is IDLE, begin its next message if that is due, or close if
 * there is none. To be called when its message becomes due (--rate) and when
 * the phase of the worker changes. */
void client_advance(struct worker *worker, struct client *client);

/* Fail if the timeout of the state has passed. */
void client_check_timeout(struct worker *worker, struct client *client);

/* Close the connection, if there is one. This does not count as a fault. */
void client_close(struct worker *worker, struct client *client);

/* --rate: the clock_ns() at which the client's next message is due. */
int64_t client_due_ns(const struct worker *worker, const struct client *client);

#endif
