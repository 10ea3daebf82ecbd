/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * shared: what the workers of a load decide together: when the measurement
 * begins, who sends the messages of -n, and when the load is over.
 *
 * All times are of clock_ns(). Any thread may call these functions.
 */
#ifndef ECHOC_LOAD_SHARED_H
#define ECHOC_LOAD_SHARED_H

#include "echoc/options.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shared {
    const struct options *options;
    _Atomic int64_t start_ns;     /* of the measured time; 0: not yet known */
    _Atomic int64_t connected_ns; /* when a connect last succeeded */
    _Atomic int64_t up_ns;        /* when a client was last seen connected */
    atomic_size_t tried;          /* clients whose first connect has ended */
    atomic_bool has_connected;    /* a client has connected */
    atomic_bool is_hopeless;
    atomic_bool stop;          /* end the load early */
    atomic_size_t finished;    /* workers whose thread is about to return */
    _Atomic uint64_t left;     /* -n: messages that any client may take */
    _Atomic uint64_t reserved; /* -n: messages kept for one client each */
};

/* Before the first worker starts. */
void shared_init(struct shared *shared, const struct options *options,
                 int64_t now_ns);

/* A client's first connect has ended; one has connected; one is connected. */
void shared_note_tried(struct shared *shared);
void shared_note_connected(struct shared *shared, int64_t now_ns);
void shared_note_up(struct shared *shared, int64_t now_ns);

/* When the measured time began, or 0. It begins when all clients have tried to
 * connect, or have had the time to; with --churn and --hold at once. */
int64_t shared_start(struct shared *shared, int64_t now_ns);

/*
 * -n: whether a client may send a message. Its first message is kept for each
 * client, as far as they go, so that fast ones leave some for the others; not
 * with --churn. is_kept is this client's: shared_keep() sets it at the start.
 * shared_release() gives the message to the others.
 */
bool shared_keep(const struct shared *shared, uint32_t client);
bool shared_take(struct shared *shared, bool *is_kept);
void shared_release(struct shared *shared, bool *is_kept);

/* Whether the load is over, apart from its time: stopped, all messages of -n
 * taken, or hopeless: no client has been able to connect or, with -n, which has
 * no limit of time, none has been connected for the sum of both timeouts. */
bool shared_is_over(struct shared *shared, int64_t now_ns);

#endif
