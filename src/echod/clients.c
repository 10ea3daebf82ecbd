/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * roster: who is here, and the only mutex.
 *
 * Knows seats, and that a descriptor can be shut down and closed. Must not
 * know what is spoken on it, who decides to let somebody in, or threads other
 * than by the lock.
 */
#include "config.h"

#include "echod/clients.h"

#include "echod/perhost.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint32_t none = UINT32_MAX;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    struct client *slots;
    uint32_t used;       /* seats ever taken: those behind are untouched */
    uint32_t free;       /* the first free seat among them, or none */
    size_t notify_below; /* ring once fewer are here; 0: no bell is set */
    uint64_t past_bytes; /* of clients that have left */
    struct clients_totals totals;
} table;

int clients_open(size_t slots, size_t per_host)
{
    free(table.slots);
    memset(&table, 0, sizeof table);
    table.free = none;
    table.slots = calloc(slots, sizeof *table.slots);
    if (table.slots == NULL)
        return -1;
    return perhost_open(slots, per_host);
}

static size_t peer_size(const struct sockaddr *peer)
{
    if (peer->sa_family == AF_INET6)
        return sizeof(struct sockaddr_in6);
    if (peer->sa_family == AF_INET)
        return sizeof(struct sockaddr_in);
    return sizeof peer->sa_family;
}

/* A seat that was used before is warm; a fresh one costs memory. */
static uint32_t take_slot(void)
{
    uint32_t index = table.free;

    if (index == none)
        return table.used++;
    table.free = table.slots[index].next_free;
    return index;
}

struct client *clients_add(int fd, const struct sockaddr *peer)
{
    struct client *client = NULL;

    pthread_mutex_lock(&lock);
    if (perhost_add(peer)) {
        client = &table.slots[take_slot()];
        memcpy(&client->peer, peer, peer_size(peer));
        client->fd = fd;
        client->written = 0;
        client->state = CLIENT_SERVED;
        table.totals.now++;
        table.totals.clients++;
    }
    pthread_mutex_unlock(&lock);
    return client;
}

enum client_state clients_close(struct client *client)
{
    enum client_state state = CLIENT_SERVED;
    int fd = -1;

    pthread_mutex_lock(&lock);
    /* Before the close: once the client sees it, it may come again. */
    perhost_remove(&client->peer.any);
    fd = client->fd;
    client->fd = -1;
    state = client->state;
    table.totals.cut += state == CLIENT_CUT;
    pthread_mutex_unlock(&lock);
    close(fd);
    return state;
}

bool clients_remove(struct client *client)
{
    bool notify = false;

    pthread_mutex_lock(&lock);
    table.past_bytes += client->written;
    client->written = 0;
    client->next_free = table.free;
    table.free = (uint32_t)(client - table.slots);
    table.totals.now--;
    notify = table.totals.now < table.notify_below;
    if (notify)
        table.notify_below = 0;
    pthread_mutex_unlock(&lock);
    return notify;
}

enum client_state clients_state(struct client *client)
{
    enum client_state state = CLIENT_SERVED;

    pthread_mutex_lock(&lock);
    state = client->state;
    pthread_mutex_unlock(&lock);
    return state;
}

bool clients_below(size_t limit)
{
    bool below = false;

    pthread_mutex_lock(&lock);
    below = table.totals.now < limit;
    table.notify_below = below ? 0 : limit;
    pthread_mutex_unlock(&lock);
    return below;
}

void clients_shutdown(int how)
{
    pthread_mutex_lock(&lock);
    for (uint32_t i = 0; i < table.used; i++) {
        struct client *client = &table.slots[i];

        if (client->fd < 0)
            continue;
        client->state = how == SHUT_RD ? CLIENT_DRAINED : CLIENT_CUT;
        shutdown(client->fd, how);
    }
    pthread_mutex_unlock(&lock);
}

struct clients_totals clients_totals(void)
{
    struct clients_totals totals;

    pthread_mutex_lock(&lock);
    totals = table.totals;
    totals.bytes = table.past_bytes;
    for (uint32_t i = 0; i < table.used; i++)
        totals.bytes += table.slots[i].written;
    pthread_mutex_unlock(&lock);
    return totals;
}
