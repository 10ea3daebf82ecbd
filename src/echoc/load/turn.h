/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * turn: what is next for a client that has nothing under way.
 *
 * Decides and changes nothing.
 */
#ifndef ECHOC_LOAD_TURN_H
#define ECHOC_LOAD_TURN_H

#include "echoc/load/client.h"

#include <stdint.h>

enum turn { TURN_REST, TURN_BEGIN, TURN_LEAVE };

enum turn turn_next(const struct shift *shift, const struct client *client,
                    int64_t now_ns);

/* When its next message is due, of clock_ns(); with --rate only. The schedule
 * goes round the clients, one message each. */
int64_t turn_due(const struct shift *shift, const struct client *client);

#endif
