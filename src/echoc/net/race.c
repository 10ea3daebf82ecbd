/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * race: connect to the endpoint of a server that accepts first.
 */
#include "config.h"

#include "echoc/net/race.h"

#include "common/clock.h"
#include "echoc/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

enum {
    ATTEMPTS_MAX = 16,   /* at once; a timeout of 4 s has no more */
    DELAY_NS = 250000000 /* RFC 8305, 8: the recommended value */
};

struct attempt {
    size_t endpoint;
    int fd;
    int64_t start_ns;
};

struct race {
    struct server *server;
    uint64_t turn;
    struct fault *fault;
    size_t begun;    /* endpoints that were tried, or are */
    int64_t next_ns; /* when the next one is due */
    size_t count;    /* attempts under way */
    struct attempt attempts[ATTEMPTS_MAX];
};

static bool is_without_route(int error)
{
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT ||
           error == ENETUNREACH;
}

/* An endpoint failed; the next one need not wait. */
static void note_failure(struct race *race, int error)
{
    struct fault *fault = race->fault;

    race->next_ns = clock_ns();
    if (fault->error != 0 && is_without_route(error))
        return;
    fault->error = error;
    /* Not local here: there may be no local address of this family. */
    fault->kind = error == EADDRNOTAVAIL ? FAULT_CONNECT : connect_fault(error);
    /* Without descriptors or memory the others would fail, too. */
    if (fault->kind == FAULT_LOCAL)
        race->begun = race->server->count;
}

static bool may_begin(const struct race *race)
{
    return race->begun < race->server->count && race->count < ATTEMPTS_MAX;
}

static void begin_next(struct race *race)
{
    struct server *server = race->server;
    struct attempt *attempt = &race->attempts[race->count];

    attempt->endpoint = (server->chosen + race->begun++) % server->count;
    attempt->start_ns = clock_ns();
    attempt->fd = connect_start(server, attempt->endpoint, race->turn);
    race->next_ns = attempt->start_ns + DELAY_NS;
    if (attempt->fd < 0)
        note_failure(race, errno);
    else
        race->count++;
}

static void remove_attempt(struct race *race, size_t i, int error)
{
    close(race->attempts[i].fd);
    race->attempts[i] = race->attempts[--race->count];
    note_failure(race, error);
}

static int64_t deadline_of(const struct race *race,
                           const struct attempt *attempt)
{
    return attempt->start_ns +
           race->server->options->connect_timeout_ms * INT64_C(1000000);
}

/* Wait for a result, a timeout or the time to begin another attempt. Returns
 * -1 after an interrupt. */
static int wait_for_events(const struct race *race, struct pollfd *pollfds)
{
    int64_t wakeup_ns = may_begin(race) ? race->next_ns : INT64_MAX;

    for (size_t i = 0; i < race->count; i++) {
        const struct attempt *attempt = &race->attempts[i];
        int64_t deadline_ns = deadline_of(race, attempt);

        pollfds[INTERRUPT_POLLFDS + i] =
            (struct pollfd){.fd = attempt->fd, .events = POLLOUT};
        if (deadline_ns < wakeup_ns)
            wakeup_ns = deadline_ns;
    }
    return interrupt_poll(pollfds, INTERRUPT_POLLFDS + race->count, wakeup_ns);
}

/* Returns the descriptor of an attempt that has connected, or -1. From the last
 * attempt to the first, since remove_attempt() moves the last. */
static int find_winner(struct race *race, const struct pollfd *pollfds)
{
    struct server *server = race->server;
    int64_t now_ns = clock_ns();

    for (size_t i = race->count; i-- > 0;) {
        struct attempt *attempt = &race->attempts[i];
        int error = 0;

        if (pollfds[INTERRUPT_POLLFDS + i].revents != 0)
            error = connect_result(attempt->fd,
                                   &server->endpoints[attempt->endpoint]);
        else if (now_ns >= deadline_of(race, attempt))
            error = ETIMEDOUT;
        else
            continue;
        if (error != 0) {
            remove_attempt(race, i, error);
            continue;
        }
        server->chosen = attempt->endpoint;
        server->connect_ns = now_ns - attempt->start_ns;
        return attempt->fd;
    }
    return -1;
}

static int run(struct race *race)
{
    struct pollfd pollfds[INTERRUPT_POLLFDS + ATTEMPTS_MAX];
    int fd = -1;

    while (fd < 0 && (race->count > 0 || may_begin(race))) {
        if (may_begin(race) &&
            (race->count == 0 || clock_ns() >= race->next_ns)) {
            begin_next(race);
            continue;
        }
        if (wait_for_events(race, pollfds) < 0) {
            race->fault->kind = connect_fault(errno);
            race->fault->error = errno;
            return -1;
        }
        fd = find_winner(race, pollfds);
    }
    return fd;
}

/* With a single endpoint there is none to race against; it may be a Unix
 * socket, whose backlog needs other care. */
static int connect_only(struct server *server, uint64_t turn,
                        struct fault *fault)
{
    int64_t start_ns = clock_ns();
    int fd = connect_endpoint(server, 0, turn);

    server->connect_ns = clock_ns() - start_ns;
    if (fd >= 0)
        return fd;
    fault->error = errno;
    fault->kind = errno == EADDRNOTAVAIL ? FAULT_CONNECT : connect_fault(errno);
    return -1;
}

int race_connect(struct server *server, uint64_t turn, struct fault *fault)
{
    struct race race = {.server = server, .turn = turn, .fault = fault};
    int fd = -1;

    *fault = (struct fault){.kind = FAULT_CONNECT};
    fd = server->count == 1 ? connect_only(server, turn, fault) : run(&race);
    for (size_t i = 0; i < race.count; i++)
        if (race.attempts[i].fd != fd)
            close(race.attempts[i].fd);
    if (fd >= 0)
        *fault = (struct fault){.kind = FAULT_NONE};
    return fd;
}
