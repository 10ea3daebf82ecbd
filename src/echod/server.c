/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * server: the accept loop, and the stop.
 */
#include "config.h"

#include "echod/server.h"

#include "common/clock.h"
#include "echod/client.h"
#include "echod/clients.h"
#include "echod/log.h"
#include "echod/signals.h"
#include "echod/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ACCEPTS_MAX = 256, /* on one listener, before signals are looked at again */
    BACKOFF_MIN_MS = 10,
    BACKOFF_MAX_MS = 1000,
    CUT_WAIT_MS = 2000 /* for the threads of clients that were cut off */
};

/* When descriptors or memory run out, the listeners stay ready: without a pause
 * the loop would spin. A client that leaves ends the pause early. */
struct backoff {
    bool reported;
    int ms;           /* the last pause; 0 after a client was started */
    int64_t until_ms; /* the end of the pause */
};

struct loop {
    const struct server *server;
    struct pollfd *pollfds; /* the first is for signals, then the listeners */
    struct backoff backoff;
    int64_t start_ms;
};

static void wait_for_events(struct loop *loop, struct signals *signals);
static int accept_clients(struct loop *loop, const struct listener *listener);
static void add_client(struct loop *loop, int fd, const struct sockaddr *peer);
static int accept_failed(struct backoff *backoff, int error);
static void back_off(struct backoff *backoff, int error, const char *action);
static void stop(struct loop *loop, int stops);
static void wait_for_clients(struct loop *loop, int ms, bool until_signal);
static void log_totals(const struct loop *loop, enum log_kind kind);

int server_run(const struct server *server)
{
    const struct listeners *listeners = server->listeners;
    struct loop loop = {.server = server, .start_ms = clock_ms()};
    struct signals signals = {.stops = 0};
    int result = 0;

    loop.pollfds = calloc(1 + listeners->count, sizeof *loop.pollfds);
    if (loop.pollfds == NULL) {
        log_warn("cannot serve: %s", log_strerror(errno));
        listen_close(server->listeners);
        return -1;
    }
    while (signals.stops == 0 && result == 0) {
        wait_for_events(&loop, &signals);
        /* Also after a stop signal: what was waiting is served. */
        for (size_t i = 0; i < listeners->count && result == 0; i++)
            if (loop.pollfds[1 + i].revents != 0)
                result = accept_clients(&loop, &listeners->list[i]);
    }
    stop(&loop, signals.stops);
    free(loop.pollfds);
    return signals.failed ? -1 : result;
}

/* At the limit the listeners are not polled (poll(2) ignores a descriptor of
 * -1): connections wait in the backlog until a client leaves. In a pause the
 * limit is the present number of clients: only one that leaves makes room. */
static void wait_for_events(struct loop *loop, struct signals *signals)
{
    const struct listeners *listeners = loop->server->listeners;
    int pause_ms = clock_left(loop->backoff.until_ms);
    size_t limit = pause_ms > 0 ? clients_count() : loop->server->max_clients;
    bool can_accept = false;

    clients_notify_below(limit); /* ask first, then count */
    can_accept = clients_count() < limit;
    for (size_t i = 0; i < listeners->count; i++)
        loop->pollfds[1 + i] = (struct pollfd){
            .fd = can_accept ? listeners->list[i].fd : -1, .events = POLLIN};
    signals_wait(loop->pollfds, 1 + listeners->count,
                 pause_ms > 0 ? pause_ms : -1, signals);
    if (signals->notified)
        loop->backoff.until_ms = 0; /* but not ms: the next pause is longer */
    if (signals->totals)
        log_totals(loop, EVENT_TOTALS);
}

/* Accept the connections that are waiting, and start a thread for each. Returns
 * -1 if the listener is broken, which ends the server. */
static int accept_clients(struct loop *loop, const struct listener *listener)
{
    size_t max = loop->server->max_clients;

    for (int i = 0; i < ACCEPTS_MAX && clients_count() < max; i++) {
        struct endpoint peer;
        int fd = listen_accept(listener, &peer);

        if (fd < 0)
            return accept_failed(&loop->backoff, errno);
        add_client(loop, fd, &peer.address.any);
    }
    return 0;
}

static void add_client(struct loop *loop, int fd, const struct sockaddr *peer)
{
    struct client *client = clients_add(fd, peer);
    int error = 0;

    if (client == NULL) {
        LOG_EVENT(EVENT_REFUSE, .peer = peer,
                  .error = "too many clients from its address");
        close(fd);
        return;
    }
    if (loop->server->verbose)
        LOG_EVENT(EVENT_CONNECT, .peer = peer);
    error = client_start(client);
    if (error != 0) {
        clients_refuse(client);
        back_off(&loop->backoff, error,
                 "closing new connections until a thread is available");
        LOG_EVENT(EVENT_REFUSE, .peer = peer, .error = log_strerror(error));
    } else {
        loop->backoff.until_ms = loop->backoff.ms = 0;
    }
}

static int accept_failed(struct backoff *backoff, int error)
{
    bool no_descriptor = error == EMFILE || error == ENFILE;

    if (listen_is_broken(error)) {
        LOG_EVENT(EVENT_ACCEPT, .error = log_strerror(error),
                  .action = "the listener is broken");
        return -1;
    }
    if (error != EAGAIN) {
        back_off(backoff, error,
                 no_descriptor ? "waiting for a free descriptor" : "waiting");
    } else if (backoff->reported && backoff->ms == 0) {
        /* No connection is waiting, and the last one got its thread. */
        backoff->reported = false;
        LOG_EVENT(EVENT_ACCEPT, .error = "over", .action = "accepting again");
    }
    return 0;
}

/* Report a shortage once, and pause: 10 ms, doubled each time up to 1 s. */
static void back_off(struct backoff *backoff, int error, const char *action)
{
    if (!backoff->reported)
        LOG_EVENT(EVENT_ACCEPT, .error = log_strerror(error), .action = action);
    backoff->reported = true;
    if (clock_left(backoff->until_ms) > 0)
        return; /* set by the connection or the listener before */
    backoff->ms = backoff->ms == 0 ? BACKOFF_MIN_MS : 2 * backoff->ms;
    if (backoff->ms > BACKOFF_MAX_MS)
        backoff->ms = BACKOFF_MAX_MS;
    backoff->until_ms = clock_ms() + backoff->ms;
}

/* SHUT_RD first: what was received is echoed, and the copy loops end. A second
 * signal, or the end of the grace, cuts off the clients that are left. */
static void stop(struct loop *loop, int stops)
{
    supervisor_notify("STOPPING=1");
    listen_close(loop->server->listeners);
    clients_shutdown(SHUT_RD);
    wait_for_clients(loop, stops > 1 ? 0 : loop->server->grace_ms, true);
    if (clients_count() > 0) {
        clients_shutdown(SHUT_RDWR);
        wait_for_clients(loop, CUT_WAIT_MS, false);
    }
    log_totals(loop, EVENT_STOP);
}

/* Wait for the last client to leave, for ms at most; with until_signal, not
 * beyond another signal to stop. */
static void wait_for_clients(struct loop *loop, int ms, bool until_signal)
{
    int64_t until_ms = clock_ms() + ms;
    struct signals signals = {.stops = 0};

    clients_notify_below(1);
    while (clients_count() > 0 && clock_left(until_ms) > 0 &&
           !(until_signal && signals.stops > 0)) {
        signals_wait(loop->pollfds, 1, clock_left(until_ms), &signals);
        if (signals.totals)
            log_totals(loop, EVENT_TOTALS);
    }
}

static void log_totals(const struct loop *loop, enum log_kind kind)
{
    struct clients_totals totals = clients_totals();

    LOG_EVENT(kind, .totals = &totals, .ms = clock_ms() - loop->start_ms);
}
