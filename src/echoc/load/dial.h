/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * dial: how a client of a load connects.
 *
 * Only the worker's thread may call these functions. A connect that fails is
 * counted, and the client is CLOSED again.
 */
#ifndef ECHOC_LOAD_DIAL_H
#define ECHOC_LOAD_DIAL_H

#include "echoc/load/client.h"

#include <stdbool.h>

/* Queue a client, which is CLOSED and not queued yet. Those that come first
 * connect first. */
void dial_enqueue(struct worker *worker, struct client *client);

/* Whether a queued client may connect: not before worker->full_ns. */
bool dial_is_due(const struct worker *worker);

/* Let the queued clients connect, as many as may at once. They become
 * CONNECTING. */
void dial_queued(struct worker *worker);

/* The descriptor of a CONNECTING client is ready. Returns whether the client is
 * IDLE now. */
bool dial_finish(struct worker *worker, struct client *client, int64_t now_ns);

/* Whether the client is CONNECTING and the timeout has passed. */
bool dial_is_late(const struct worker *worker, const struct client *client);

/* Give up the connect of a client that is CONNECTING, with an errno. */
void dial_fail(struct worker *worker, struct client *client, int error);

#endif
