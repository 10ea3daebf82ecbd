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

int client_init(int delay_ms)
{
    chunk_delay_ms = delay_ms;
    thread_set_policy();
    return thread_attributes(&attributes);
}

int client_start(struct client *client)
{
    pthread_t thread;

    return pthread_create(&thread, &attributes, client_thread, client);
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
    bool all_echoed = true;
    enum client_state state = CLIENT_OPEN;
    struct log_event event = {.kind = EVENT_CLOSE, .peer = &client->peer.any};

    /* After SHUT_RD the client may still send, and a close would reset it. */
    if (error == 0 && clients_state(client) == CLIENT_DRAINING)
        all_echoed = sendqueue_drain(client->fd);
    state = clients_close_fd(client);
    log_set_end(&event, error, state, all_echoed);
    event.bytes = client->written;
    event.ms = clock_ms() - start_ms;
    log_event(&event); /* may wait for a reader of the log: close first */
    if (clients_remove(client))
        signals_notify();
    return NULL;
}
