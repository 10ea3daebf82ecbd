/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * deadline: how long a client of a load may wait.
 *
 * Only the worker's thread may call this.
 */
#ifndef ECHOC_LOAD_DEADLINE_H
#define ECHOC_LOAD_DEADLINE_H

#include "echoc/load/client.h"

/*
 * To be called about every 100 ms. A connect that takes longer than the connect
 * timeout fails, and so does a connection on which nothing has moved for the
 * reply timeout: nothing came back, the socket took nothing, and the peer
 * acknowledged nothing of what the socket holds. After worker->cut_ns a
 * connection that moves is closed, and its messages count as unfinished.
 */
void deadline_check(struct worker *worker, struct client *client);

#endif
