/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * client: one client's thread: set up, echo, report, leave.
 *
 * Knows the life of a thread that serves one seat. Must not know listeners,
 * other clients, or when and why the server stops.
 */
#include "config.h"

#include "echod/client.h"

#include "common/clock.h"
#include "echod/echo.h"
#include "echod/sendqueue.h"
#include "echod/signals.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

/* What the thread needs beyond the system's minimum, which already has room
 * for the thread structure and a signal frame: the first buffer, and a line
 * of the report through printf(3), some 6 KiB when measured. */
enum { STACK_OURS = 4 * 1024 + CLIENT_STACK_EXTRA };

static pthread_attr_t attributes;
static int delay_ms;

size_t client_stack_size(void)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (least > 0 ? (size_t)least : 64 * 1024) + STACK_OURS;

    return (size + page - 1) / page * page;
}

/* Threads inherit it. Where many clients are busy, a thread that wakes lets the
 * one that runs finish its piece: fewer switches for each. sched(7) */
static void schedule_in_batches(void)
{
#ifdef SCHED_BATCH
    struct sched_param parameter = {.sched_priority = 0};

    if (sched_getscheduler(0) == SCHED_OTHER)
        sched_setscheduler(0, SCHED_BATCH, &parameter);
#endif
}

int client_open(int delay)
{
    int error = pthread_attr_init(&attributes);

    delay_ms = delay;
    schedule_in_batches();
    if (error == 0)
        error =
            pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (error == 0)
        error = pthread_attr_setstacksize(&attributes, client_stack_size());
    return error;
}

struct log_close client_outcome(int echoed, int error, enum client_state state,
                                bool all_delivered)
{
    if (state == CLIENT_CUT)
        return (struct log_close){.end = END_STOPPED,
                                  .error = "cut off by the stop"};
    if (echoed < 0 && error == EAGAIN)
        return (struct log_close){.end = END_TIMEOUT, .error = "timed out"};
    if (echoed < 0)
        return (struct log_close){.end = END_ERROR,
                                  .error = log_strerror(error)};
    if (state == CLIENT_SERVED)
        return (struct log_close){.end = END_EOF};
    return (struct log_close){
        .end = END_STOPPED,
        .error = all_delivered ? NULL : "stopped while it was sending"};
}

void *client_run(void *argument)
{
    struct client *client = argument;
    int64_t start = clock_ms();
    struct echo echo = {.in_fd = client->fd,
                        .out_fd = client->fd,
                        .delay_ms = delay_ms,
                        .written = &client->written};
    int echoed = echo_until_eof(&echo);
    int error = errno;
    bool settled = true;
    struct log_close close;

    if (echoed == 0 && clients_state(client) == CLIENT_DRAINED)
        settled = sendqueue_drain(client->fd);
    close = client_outcome(echoed, error, clients_close(client), settled);
    close.peer = &client->peer.any;
    close.bytes = client->written;
    close.ms = clock_ms() - start;
    log_close(&close);
    if (clients_remove(client))
        signals_notify();
    return NULL;
}

int client_start(struct client *client)
{
    pthread_t thread;

    return pthread_create(&thread, &attributes, client_run, client);
}
