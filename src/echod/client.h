/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * client: one client's thread: set up, echo, report, leave.
 */
#ifndef ECHOD_CLIENT_H
#define ECHOD_CLIENT_H

#include "echod/clients.h"
#include "echod/log.h"

/*
 * Prepare the threads to come, which the caller will start: every piece is held
 * back for delay_ms. On Linux the caller and its threads become SCHED_BATCH,
 * unless they have a policy of their own. Returns 0, or an error number as
 * pthread functions do.
 */
int client_open(int delay_ms);

/*
 * Serve a seat in a detached thread of its own, which hangs up, reports and
 * leaves by itself. Returns 0, or an error number and the seat is still the
 * caller's: EAGAIN when the process cannot have another thread.
 */
int client_start(struct client *client);

/* What that thread runs, with a seat as its argument. */
void *client_run(void *client);

/*
 * How a stream ended, in a report's terms. echoed is what echo_until_eof()
 * returned, with its errno; all_delivered matters only for a drained one.
 */
struct log_close client_outcome(int echoed, int error, enum client_state state,
                                bool all_delivered);

/* A thread's stack in bytes, guard page not counted. */
size_t client_stack_size(void);

#endif
