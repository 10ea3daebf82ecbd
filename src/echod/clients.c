/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * clients: the table of connected clients, and the only mutex.
 */
#include "config.h"

#include "echod/clients.h"

#include "echod/perhost.h"
#include "echod/sendqueue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint32_t none = UINT32_MAX;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    struct client *slots;
    uint32_t used;       /* slots ever used: memory beyond is untouched */
    uint32_t first_free; /* of the used slots, or none */
    size_t notify_below; /* 0: nobody asked */
    uint64_t past_bytes; /* of clients that were removed */
    struct clients_totals totals;
} table;

int clients_open(size_t slots, size_t per_host, int ipv6_prefix)
{
    free(table.slots);
    memset(&table, 0, sizeof table);
    table.first_free = none;
    table.slots = calloc(slots, sizeof *table.slots);
    if (table.slots == NULL)
        return -1;
    return perhost_open(slots, per_host, ipv6_prefix);
}

static size_t peer_size(const struct sockaddr *peer)
{
    if (peer->sa_family == AF_INET6)
        return sizeof(struct sockaddr_in6);
    if (peer->sa_family == AF_INET)
        return sizeof(struct sockaddr_in);
    return sizeof peer->sa_family;
}

/* Prefer a slot that was used before: a fresh one may touch a new page. */
static struct client *take_slot(void)
{
    uint32_t slot = table.first_free;

    if (slot == none)
        return &table.slots[table.used++];
    table.first_free = table.slots[slot].next_free;
    return &table.slots[slot];
}

struct client *clients_add(int fd, const struct sockaddr *peer)
{
    struct client *client = NULL;

    pthread_mutex_lock(&mutex);
    if (perhost_add(peer)) {
        client = take_slot();
        memcpy(&client->peer, peer, peer_size(peer));
        client->fd = fd;
        client->written = 0;
        client->state = CLIENT_OPEN;
        client->in_perhost = true;
        table.totals.now++;
        table.totals.clients++;
    } else {
        table.totals.refused++;
    }
    pthread_mutex_unlock(&mutex);
    return client;
}

static void leave_host(struct client *client)
{
    if (client->in_perhost)
        perhost_remove(&client->peer.any);
    client->in_perhost = false;
}

/* A client that sees the end of its connection may connect again at once: so
 * with the mutex, without which the accept loop cannot add it. */
bool clients_half_close(struct client *client)
{
    bool is_open = false;

    pthread_mutex_lock(&mutex);
    is_open = client->state == CLIENT_OPEN;
    if (is_open) {
        shutdown(client->fd, SHUT_WR);
        if (sendqueue_bytes(client->fd) <= SENDQUEUE_FIN)
            leave_host(client);
    }
    pthread_mutex_unlock(&mutex);
    return is_open;
}

enum client_state clients_close_fd(struct client *client, bool has_echo)
{
    enum client_state state = CLIENT_OPEN;
    int fd = -1;

    pthread_mutex_lock(&mutex);
    /* Before the close: a client that sees the close may connect again. */
    leave_host(client);
    fd = client->fd;
    client->fd = -1;
    state = client->state;
    if (state == CLIENT_CUT && has_echo)
        state = CLIENT_DRAINING;
    table.totals.cut += state == CLIENT_CUT;
    pthread_mutex_unlock(&mutex);
    close(fd);
    return state;
}

bool clients_remove(struct client *client)
{
    bool notify = false;

    pthread_mutex_lock(&mutex);
    table.past_bytes += client->written;
    client->written = 0;
    client->next_free = table.first_free;
    table.first_free = (uint32_t)(client - table.slots);
    table.totals.now--;
    notify = table.totals.now < table.notify_below;
    if (notify)
        table.notify_below = 0;
    pthread_mutex_unlock(&mutex);
    return notify;
}

void clients_refuse(struct client *client)
{
    clients_close_fd(client, false);
    clients_remove(client); /* the accept loop calls this: notify nobody */
    pthread_mutex_lock(&mutex);
    table.totals.clients--;
    table.totals.refused++;
    pthread_mutex_unlock(&mutex);
}

enum client_state clients_state(struct client *client)
{
    enum client_state state = CLIENT_OPEN;

    pthread_mutex_lock(&mutex);
    state = client->state;
    pthread_mutex_unlock(&mutex);
    return state;
}

size_t clients_count(void)
{
    size_t count = 0;

    pthread_mutex_lock(&mutex);
    count = table.totals.now;
    pthread_mutex_unlock(&mutex);
    return count;
}

void clients_notify_below(size_t limit)
{
    pthread_mutex_lock(&mutex);
    table.notify_below = table.totals.now < limit ? 0 : limit;
    pthread_mutex_unlock(&mutex);
}

void clients_shutdown(int how)
{
    pthread_mutex_lock(&mutex);
    for (uint32_t i = 0; i < table.used; i++) {
        struct client *client = &table.slots[i];

        if (client->fd < 0)
            continue;
        client->state = how == SHUT_RD ? CLIENT_DRAINING : CLIENT_CUT;
        shutdown(client->fd, how);
    }
    pthread_mutex_unlock(&mutex);
}

struct clients_totals clients_totals(void)
{
    struct clients_totals totals;

    pthread_mutex_lock(&mutex);
    totals = table.totals;
    totals.bytes = table.past_bytes;
    for (uint32_t i = 0; i < table.used; i++)
        totals.bytes += table.slots[i].written;
    pthread_mutex_unlock(&mutex);
    return totals;
}
