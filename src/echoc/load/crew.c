/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * crew: the clients of one worker, and who of them is next.
 *
 * Knows the order in which clients dial, are prompted and are looked at. Must
 * not know when a load begins or ends.
 */
#include "config.h"

#include "echoc/load/crew.h"

#include "common/clock.h"
#include "echoc/load/turn.h"

#include <stdlib.h>

enum {
    DIALLING_MAX = 256, /* more at once would overflow most backlogs */
    TICK_NS = 100000000
};

static void enqueue(struct crew *crew, struct client *client)
{
    size_t count = crew->shift.clients;

    client->queued = true;
    crew->queue[(crew->queue_first + crew->queue_length++) % count] =
        client->slot;
}

static struct client *dequeue(struct crew *crew)
{
    struct client *client = &crew->clients[crew->queue[crew->queue_first]];

    client->queued = false;
    crew->queue_first = (crew->queue_first + 1) % crew->shift.clients;
    crew->queue_length--;
    return client;
}

/* Who has to wait, after a fault or for its turn, does so outside the queue,
 * where it would keep others waiting; crew_look() or crew_prompt_due() finds
 * it. A churning client's message begins with its call, so it has its time. */
static void enqueue_if_due(struct crew *crew, struct client *client)
{
    const struct shift *shift = &crew->shift;
    bool is_paced =
        shift->options->mode == OPTIONS_CHURN && shift->interval_ns > 0;

    if (client->state == CLIENT_CLOSED && !client->queued && !shift->ending &&
        client->again_ns <= shift->now_ns &&
        (!is_paced || turn_due(shift, client) <= shift->now_ns))
        enqueue(crew, client);
}

static void decide(struct crew *crew, struct client *client)
{
    crew->tried += !client->tried;
    client->tried = true;
}

/* After everything that may have moved a client on. */
static void follow(struct crew *crew, struct client *client,
                   enum client_state before)
{
    if (before == CLIENT_CONNECTING && client->state != CLIENT_CONNECTING) {
        crew->dialling--;
        decide(crew, client);
    }
    if (before != CLIENT_CLOSED && client->state == CLIENT_CLOSED)
        crew->gone += crew->shift.ending;
    enqueue_if_due(crew, client);
}

static bool may_dial(const struct crew *crew)
{
    return crew->queue_length > 0 && crew->dialling < DIALLING_MAX &&
           crew->shift.local_error == 0;
}

void crew_dial(struct crew *crew)
{
    while (may_dial(crew)) {
        struct client *client = dequeue(crew);

        client_dial(&crew->shift, client);
        if (client->state == CLIENT_CONNECTING)
            crew->dialling++;
        else
            decide(crew, client);
    }
}

static void prompt(struct crew *crew, struct client *client)
{
    enum client_state before = client->state;

    client_prompt(&crew->shift, client);
    follow(crew, client, before);
}

void crew_prompt_all(struct crew *crew)
{
    for (size_t i = 0; i < crew->shift.clients; i++)
        prompt(crew, &crew->clients[i]);
}

/* The schedule goes round the clients, one message each. Nobody needs telling
 * twice, however many of its messages have become due. */
void crew_prompt_due(struct crew *crew)
{
    const struct shift *shift = &crew->shift;
    int64_t passed_ns = shift->now_ns - shift->start_ns - shift->phase_ns;
    uint64_t due = 0;

    if (shift->interval_ns == 0 || shift->gathering || shift->ending ||
        passed_ns < 0)
        return;
    due = (uint64_t)((double)passed_ns / shift->interval_ns) + 1;
    if (due > crew->prompted + shift->clients)
        crew->prompted = due - shift->clients;
    while (crew->prompted < due)
        prompt(crew, &crew->clients[crew->prompted++ % shift->clients]);
}

void crew_event(struct crew *crew, size_t slot, short events)
{
    struct client *client = &crew->clients[slot];
    enum client_state before = client->state;

    client_event(&crew->shift, client, events);
    follow(crew, client, before);
}

void crew_end(struct crew *crew)
{
    crew->shift.gathering = false;
    crew->shift.ending = true;
    crew->shift.ended_ns = crew->shift.now_ns;
    for (size_t i = 0; i < crew->shift.clients; i++)
        crew->gone += crew->clients[i].state == CLIENT_CLOSED;
    crew->queue_length = 0;
    /* The last round trips of --hold are beyond any count. */
    crew->shift.left = UINT64_MAX;
    crew_prompt_all(crew);
}

/* When interrupted, nobody waits for connections that are not there yet. */
void crew_look(struct crew *crew, bool stop)
{
    if (crew->shift.now_ns < crew->tick_ns)
        return;
    crew->tick_ns = crew->shift.now_ns + TICK_NS;
    for (size_t i = 0; i < crew->shift.clients; i++) {
        struct client *client = &crew->clients[i];
        enum client_state before = client->state;

        if (stop && before == CLIENT_CONNECTING)
            client_drop(&crew->shift, client);
        else
            client_look(&crew->shift, client);
        follow(crew, client, before);
    }
}

int64_t crew_next(const struct crew *crew)
{
    const struct shift *shift = &crew->shift;
    int64_t next = crew->tick_ns;
    int64_t due = next;

    if (shift->interval_ns > 0 && !shift->gathering && !shift->ending)
        due = shift->start_ns + shift->phase_ns +
              (int64_t)((double)crew->prompted * shift->interval_ns);
    if (due < next)
        next = due;
    return may_dial(crew) ? 0 : next;
}

int crew_open(struct crew *crew, uint32_t first)
{
    struct shift *shift = &crew->shift;

    shift->poller = poller_open(shift->clients);
    shift->room = malloc(CONNECTION_CHUNK);
    crew->clients = calloc(shift->clients, sizeof *crew->clients);
    crew->queue = calloc(shift->clients, sizeof *crew->queue);
    if (shift->poller == NULL || shift->room == NULL || crew->clients == NULL ||
        crew->queue == NULL)
        return -1;
    for (size_t i = 0; i < shift->clients; i++) {
        crew->clients[i].slot = i;
        crew->clients[i].number = first + (uint32_t)i;
        enqueue_if_due(crew, &crew->clients[i]);
    }
    return 0;
}

void crew_close(struct crew *crew)
{
    struct shift *shift = &crew->shift;

    if (crew->clients != NULL && shift->poller != NULL)
        for (size_t i = 0; i < shift->clients; i++)
            client_drop(shift, &crew->clients[i]);
    poller_close(shift->poller);
    free(shift->room);
    free(crew->clients);
    free(crew->queue);
}
