/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * server: the accept loop: whom to let in, when to wait, how to stop.
 *
 * Knows the policy, and asks the leaves to carry it out. Must not know how a
 * client is served, how an address is bound, or how a line is written.
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

/* At most BURST newcomers before signals are looked at again. The last wait
 * is for clients that were cut off, which takes them no time. */
enum {
    BURST = 256,
    PAUSE_MIN_MS = 10,
    PAUSE_MAX_MS = 1000,
    LAST_WAIT_MS = 2000
};

struct loop {
    const struct server *server;
    struct pollfd *pollfds; /* wakeup's, then one for each listener */
    int64_t start;
    int stops; /* signals to stop, so far */
    uint64_t refused;
    bool starved;        /* a table is full, and it has been said */
    int pause_ms;        /* 0: the last newcomer was let in */
    int64_t pause_until; /* until then the listeners are left alone */
};

static void report_state(const struct loop *loop,
                         void (*report)(const struct log_totals *))
{
    struct clients_totals here = clients_totals();
    struct log_totals totals = {.now = here.now,
                                .clients = here.clients,
                                .refused = loop->refused,
                                .cut = here.cut,
                                .bytes = here.bytes,
                                .ms = clock_ms() - loop->start};

    report(&totals);
}

/* A table is full: say so once, and leave the listeners alone for a while. */
static void starve(struct loop *loop, int error, const char *then)
{
    if (!loop->starved)
        log_accept_error(log_strerror(error), then);
    loop->starved = true;
    if (loop->pause_ms == 0)
        loop->pause_ms = PAUSE_MIN_MS;
    else if (clock_left(loop->pause_until) > 0)
        return;
    else if (loop->pause_ms < PAUSE_MAX_MS / 2)
        loop->pause_ms *= 2;
    else
        loop->pause_ms = PAUSE_MAX_MS;
    loop->pause_until = clock_ms() + loop->pause_ms;
}

/* Nobody waits any more, and the last one was let in. */
static void recover(struct loop *loop)
{
    if (!loop->starved || loop->pause_ms > 0)
        return;
    loop->starved = false;
    log_accept_error("over", "accepting again");
}

static void admit(struct loop *loop, int fd, const struct sockaddr *address)
{
    struct client *client = clients_add(fd, address);
    int error = 0;

    if (client == NULL) {
        loop->refused++;
        log_refuse(address, "too many clients from its address");
        close(fd);
        return;
    }
    if (loop->server->verbose)
        log_connect(address);
    error = client_start(client);
    if (error == 0) {
        loop->pause_ms = 0;
        return;
    }
    loop->refused++;
    clients_close(client);
    clients_remove(client);
    starve(loop, error, "closing newcomers until a thread can be had");
}

static void starve_of(struct loop *loop, int error)
{
    bool descriptors = error == EMFILE || error == ENFILE;

    starve(loop, error,
           descriptors ? "waiting for a free descriptor" : "waiting");
}

/* Accept what is waiting while there is a free slot. Returns -1 if the listener
 * is broken. */
static int admit_waiting(struct loop *loop, const struct listener *listener)
{
    struct endpoint peer;

    for (int i = 0; i < BURST && clients_below(loop->server->max_clients);
         i++) {
        int fd = listen_accept(listener, &peer);

        if (fd >= 0) {
            admit(loop, fd, &peer.address.any);
            continue;
        }
        if (listen_is_broken(errno)) {
            log_accept_error(log_strerror(errno), "the listener is broken");
            return -1;
        }
        if (errno == EAGAIN)
            recover(loop);
        else
            starve_of(loop, errno);
        return 0;
    }
    return 0;
}

/* The ms for which to leave the listeners alone. Any departure is a reason to
 * try again at once. */
static int pause_left(const struct loop *loop)
{
    int ms = loop->pause_ms > 0 ? clock_left(loop->pause_until) : 0;

    return ms > 0 && !clients_below(clients_totals().now) ? ms : 0;
}

/* Poll the listeners only while there is room: the kernel's backlog holds the
 * newcomers, nobody is turned away, and nothing spins. poll(2) passes over a
 * descriptor of -1. */
static void wait_for_news(struct loop *loop, struct signals *signals)
{
    const struct listeners *listeners = loop->server->listeners;
    int pause = pause_left(loop);
    bool is_room = pause == 0 && clients_below(loop->server->max_clients);

    for (size_t i = 0; i < listeners->count; i++)
        loop->pollfds[1 + i] = (struct pollfd){
            .fd = is_room ? listeners->list[i].fd : -1, .events = POLLIN};
    signals_wait(loop->pollfds, 1 + listeners->count, pause > 0 ? pause : -1,
                 signals);
    if (signals->notified)
        loop->pause_until = 0;
    if (signals->totals)
        report_state(loop, log_totals);
}

/* Newcomers before the stop: who was there when the signal came is served. */
static int serve_until_stop(struct loop *loop)
{
    struct signals signals = {0};

    while (signals.stops == 0) {
        wait_for_news(loop, &signals);
        for (size_t i = 0; i < loop->server->listeners->count; i++)
            if (loop->pollfds[1 + i].revents != 0 &&
                admit_waiting(loop, &loop->server->listeners->list[i]) < 0)
                return -1;
    }
    loop->stops = signals.stops;
    return 0;
}

/* Wait until the last client has left, for ms at most, or for another signal
 * to stop. */
static void wait_for_last(struct loop *loop, int ms)
{
    int64_t until = clock_ms() + ms;
    struct signals signals = {0};

    while (!clients_below(1) && clock_left(until) > 0 && signals.stops == 0) {
        signals_wait(loop->pollfds, 1, clock_left(until), &signals);
        if (signals.totals)
            report_state(loop, log_totals);
    }
}

/* SHUT_RD first: what was received is echoed, and the copy loops end. */
static void drain(struct loop *loop)
{
    supervisor_notify("STOPPING=1");
    listen_close(loop->server->listeners);
    clients_shutdown(SHUT_RD);
    wait_for_last(loop, loop->stops > 1 ? 0 : loop->server->grace_ms);
    if (!clients_below(1)) {
        clients_shutdown(SHUT_RDWR);
        wait_for_last(loop, LAST_WAIT_MS);
    }
    report_state(loop, log_stop);
}

int server_run(const struct server *server)
{
    struct loop loop = {.server = server, .start = clock_ms()};
    int result = -1;

    loop.pollfds = calloc(1 + server->listeners->count, sizeof *loop.pollfds);
    if (loop.pollfds == NULL) {
        log_warn("cannot serve: %s", log_strerror(errno));
        return -1;
    }
    result = serve_until_stop(&loop);
    drain(&loop);
    free(loop.pollfds);
    return result;
}
