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
    bool is_waiting;     /* for a place in the backlog of a Unix socket */
    bool has_tried;      /* its first connect has ended */
    bool is_kept;        /* -n: a message is kept for it; see shared.h */
    unsigned failures;   /* to connect, in a row */
    int unacknowledged;  /* bytes, as deadline_check() last saw them */
    uint32_t number;     /* among all clients of the load */
    size_t slot;         /* among those of the worker */
    struct client *next; /* in worker->queue */
    uint64_t begun; /* messages; --rate takes the next one's time from it */
    uint64_t message_end; /* as connection.sent */
    uint64_t echoed;      /* --stream: messages, on this connection */
    int64_t connect_ns;   /* when the last connect was started */
    int64_t since_ns;     /* when the latency of the message begins */
    int64_t moved_ns;     /* when bytes last moved, or the wait began */
    int64_t ready_ns;     /* from then on its next message could begin */
    int64_t retry_ns;     /* CLOSED: no connect before this time */
};

/* Handle what the poller reported. */
void client_event(struct worker *worker, struct client *client, short events);

/* If the client is IDLE, begin its next message if that is due, or close if
 * there is none. To be called when its message becomes due (--rate) and when
 * the phase of the worker changes. */
void client_advance(struct worker *worker, struct client *client);

/* Start with a descriptor that connects, or with -1, and the key of the
 * pattern. */
void client_open(struct worker *worker, struct client *client, int fd,
                 uint64_t key);

/* Close the connection, if there is one. This does not count as a fault. */
void client_close(struct worker *worker, struct client *client);

/* Count a fault, and close. */
void client_fail(struct worker *worker, struct client *client,
                 enum fault_kind kind, int error);

/* The number of messages that were begun on the connection and are not echoed
 * yet. */
uint64_t client_pending(const struct worker *worker,
                        const struct client *client);

/* --rate: whether the client's next message is due; without, always. */
bool client_is_due(const struct worker *worker, const struct client *client,
                   int64_t now_ns);

/* --rate: record the messages that are due and not sent, with the latency that
 * they have at least. Returns their number. */
uint64_t client_count_unsent(struct worker *worker,
                             const struct client *client);

#endif
