/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * deadline: how long a client of a load may wait.
 */
#include "config.h"

#include "echoc/load/deadline.h"

#include "echoc/load/dial.h"

#include <errno.h>
#include <poll.h>

enum { NS_PER_MS = 1000000 };

/* What the peer acknowledges has moved, too. That takes a system call, so look
 * only when nothing else has moved for half of the timeout. */
static void note_acknowledged(const struct worker *worker,
                              struct client *client, int64_t timeout_ns)
{
    int unacknowledged = 0;

    if (worker->now_ns - client->moved_ns < timeout_ns / 2) {
        client->unacknowledged = 0;
        return;
    }
    unacknowledged = connection_unacknowledged(&client->connection);
    if (unacknowledged < client->unacknowledged)
        client->moved_ns = worker->now_ns;
    client->unacknowledged = unacknowledged;
}

static void cut_off(struct worker *worker, struct client *client)
{
    counters_add(&worker->counters.unfinished, client_pending(worker, client));
    if (worker->schedule.interval_ns > 0 && client->state == CLIENT_BUSY)
        histogram_record(&worker->counters.round_trips,
                         worker->now_ns - client->since_ns);
    client_close(worker, client);
}

/* When this process has been stopped for a while, more may be ready than the
 * poller reports at once. What has come is not late. Returns whether there was
 * anything, which has been handled. */
static bool handle_ready(struct worker *worker, struct client *client)
{
    struct pollfd pollfd = {.fd = client->connection.fd,
                            .events = client->events};

    if (poll(&pollfd, 1, 0) <= 0)
        return false;
    client_event(worker, client, pollfd.revents);
    return true;
}

void deadline_check(struct worker *worker, struct client *client)
{
    int64_t timeout_ns = worker->options->reply_timeout_ms * (int64_t)NS_PER_MS;

    if (dial_is_late(worker, client) && !handle_ready(worker, client))
        dial_fail(worker, client, ETIMEDOUT);
    if (client->state != CLIENT_BUSY && client->state != CLIENT_CLOSING)
        return;
    note_acknowledged(worker, client, timeout_ns);
    if (worker->now_ns - client->moved_ns >= timeout_ns) {
        if (!handle_ready(worker, client))
            client_fail(worker, client, FAULT_LATE, 0);
    } else if (worker->now_ns >= worker->cut_ns) {
        cut_off(worker, client);
    }
}
