/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * client: one of the many of a load.
 *
 * A client is a state, and what moves it on: events of its descriptor, the
 * hand of its worker, time. All of one shift belong to one thread.
 */
#ifndef ECHOC_LOAD_CLIENT_H
#define ECHOC_LOAD_CLIENT_H

#include "echoc/net/connect.h"
#include "echoc/net/connection.h"
#include "echoc/net/poller.h"
#include "echoc/options.h"
#include "echoc/stats/counters.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum client_state {
    CLIENT_CLOSED, /* no connection; its worker dials again, or it is done */
    CLIENT_CONNECTING,
    CLIENT_IDLE,   /* connected, and nothing under way */
    CLIENT_BUSY,   /* a message is under way */
    CLIENT_CLOSING /* has said all; waits for what is missing and the end */
};

struct client {
    struct connection connection;
    enum client_state state;
    short events;      /* that are watched */
    bool has_echo;     /* on this connection */
    bool served;       /* ever */
    bool said_last;    /* --hold: the round trip at the end */
    bool queued;       /* its crew is to dial it */
    bool tried;        /* its first connection is decided */
    unsigned failures; /* to connect, in a row */
    uint32_t number;   /* among all clients; for keys and sources */
    size_t slot;       /* among those of the shift */
    uint64_t turn; /* --rate: messages begun, which gives the next one's time */
    uint64_t end;  /* where the message under way ends */
    uint64_t pieces; /* --stream: pieces that came back */
    int64_t dialled_ns;
    int64_t asked_ns; /* a Unix socket's backlog is full: since when; 0 */
    int64_t since_ns; /* when the message was due, or was begun */
    int64_t moved_ns; /* when something last moved */
    int64_t again_ns; /* AWAY: not before */
};

/* What the clients of one worker share. */
struct shift {
    const struct options *options;
    const struct server *server;
    struct poller *poller;
    struct counters *counters;
    unsigned char *room; /* CONNECTION_CHUNK bytes */
    uint64_t run;        /* for keys */
    size_t clients;
    uint64_t left;      /* messages that may yet be sent */
    bool gathering;     /* nobody begins before all are there */
    bool ending;        /* nobody begins any more */
    int local_error;    /* an errno that ends it all; 0: none */
    int64_t now_ns;     /* the worker's, about now */
    int64_t start_ns;   /* when it began; the schedule, too, but for */
    int64_t phase_ns;   /* --rate: by how much other shifts are before */
    int64_t arrived_ns; /* the last connect that was made */
    int64_t ended_ns;   /* when ending was set */
    double interval_ns; /* --rate: between the shift's messages; 0: none */
    int64_t echo_ns;    /* the last echo */
};

/* Dial. */
void client_dial(struct shift *shift, struct client *client);

/* Something is ready. */
void client_event(struct shift *shift, struct client *client, short events);

/* See whether there is something to begin, or to end; for one that rests, when
 * its time may have come, and for all when gathering is over or ending set. */
void client_prompt(struct shift *shift, struct client *client);

/* See whether it has waited too long. */
void client_look(struct shift *shift, struct client *client);

/* Hang up, whatever is under way; it is no fault. */
void client_drop(struct shift *shift, struct client *client);

#endif
