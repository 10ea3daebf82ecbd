/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * turn: what is next for a client that has nothing under way.
 *
 * Knows the modes and the schedule. Must not know sockets.
 */
#include "config.h"

#include "echoc/load/turn.h"

int64_t turn_due(const struct shift *shift, const struct client *client)
{
    uint64_t message = client->turn * shift->clients + client->slot;

    return shift->start_ns + shift->phase_ns +
           (int64_t)((double)message * shift->interval_ns);
}

static bool is_done(const struct shift *shift, const struct client *client)
{
    if (shift->ending)
        return shift->options->mode != OPTIONS_HOLD || client->said_last ||
               !client->has_echo;
    return shift->options->mode == OPTIONS_CHURN && client->has_echo;
}

static bool is_due(const struct shift *shift, const struct client *client,
                   int64_t now_ns)
{
    if (shift->ending)
        return true; /* the last one of --hold */
    if (shift->gathering)
        return false;
    if (shift->options->mode == OPTIONS_HOLD)
        return !client->has_echo;
    return shift->interval_ns == 0 || turn_due(shift, client) <= now_ns;
}

enum turn turn_next(const struct shift *shift, const struct client *client,
                    int64_t now_ns)
{
    if (is_done(shift, client))
        return TURN_LEAVE;
    return is_due(shift, client, now_ns) ? TURN_BEGIN : TURN_REST;
}
