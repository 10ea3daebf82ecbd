/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * client: the life of one client's thread.
 */
#include "config.h"

#include "echod/client.h"

#include "common/clock.h"
#include "echod/echo.h"
#include "echod/log.h"
#include "echod/sendqueue.h"
#include "echod/signals.h"
#include "echod/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

static pthread_attr_t attributes; /* detached, with a small stack */
static int chunk_delay_ms;
static int idle_timeout_ms;

static int wait_for_delivery(struct client *client);

int client_init(int delay_ms, int timeout_ms)
{
    chunk_delay_ms = delay_ms;
    idle_timeout_ms = 3 * echo_half_limit(timeout_ms);
    thread_set_policy();
    return thread_attributes(&attributes);
}

int client_start(struct client *client)
{
    return thread_start(&attributes, client_thread, client);
}

void *client_thread(void *argument)
{
    struct client *client = argument;
    int64_t start_ms = clock_ms();
    struct echo echo = {.in_fd = client->fd,
                        .out_fd = client->fd,
                        .delay_ms = chunk_delay_ms,
                        .written = &client->written};
    int error = echo_until_eof(&echo) < 0 ? errno : 0;
    bool all_read = true;
    enum client_state state = CLIENT_OPEN;
    struct log_event event = {.kind = EVENT_CLOSE, .peer = &client->peer.any};

    if (error == 0)
        error = wait_for_delivery(client);
    if (error == EAGAIN) /* or the kernel would keep the echo, without limit */
        sendqueue_discard(client->fd);
    all_read = !sendqueue_has_input(client->fd);
    state = clients_close_fd(client, error == 0);
    log_set_end(&event, error, state, all_read);
    event.bytes = client->written;
    event.ms = clock_ms() - start_ms;
    log_event(&event); /* may wait for a reader of the log: close first */
    if (clients_remove(client))
        signals_notify();
    return NULL;
}

/* Keep the slot until the client has acknowledged its echo: after a close
 * nothing would limit or report what is still in the send queue, and input that
 * arrives then would destroy it. */
static int wait_for_delivery(struct client *client)
{
    struct sendqueue_wait wait = {.fd = client->fd,
                                  .timeout_ms = idle_timeout_ms};
    int unacked = sendqueue_unacked(client->fd, false);

    if (unacked > 0)
        wait.half_closed = clients_half_close(client);
    while (unacked > 0 && clients_state(client) != CLIENT_CUT)
        unacked = sendqueue_wait(&wait);
    if (unacked > 0) /* cut off; but all that is left may be the FIN */
        unacked = sendqueue_unacked(client->fd, true);
    if (unacked > 0)
        errno = ECANCELED;
    return unacked == 0 ? 0 : errno;
}
