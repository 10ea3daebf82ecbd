/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * perhost: how many clients each address has.
 *
 * A chained hash table of fixed size: a client can make it neither grow nor
 * allocate.
 */
#include "config.h"

#include "echod/perhost.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct host {
    unsigned char address[16]; /* IPv6, or IPv4 mapped into it */
    size_t clients;
    struct host *next; /* in its chain, or in the free list */
};

static struct host *hosts; /* all of them */
static struct host **chains;
static size_t chain_count; /* a power of two */
static struct host *free_hosts;
static size_t limit;
static uint64_t seed;

int perhost_open(size_t count, size_t max_clients)
{
    free(hosts);
    free(chains);
    hosts = NULL;
    chains = NULL;
    free_hosts = NULL;
    limit = max_clients;
    if (limit == 0)
        return 0;
    for (chain_count = 1; chain_count < count;)
        chain_count *= 2;
    hosts = calloc(count, sizeof *hosts);
    chains = calloc(chain_count, sizeof(struct host *));
    if (hosts == NULL || chains == NULL)
        return -1;
    for (size_t i = count; i > 0; i--) {
        hosts[i - 1].next = free_hosts;
        free_hosts = &hosts[i - 1];
    }
    /* The time and an address chosen by the loader, so that a client cannot
     * choose addresses that share a chain. */
    seed = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15 ^ (uintptr_t)hosts;
    return 0;
}

/* Returns false for a peer that has no address. */
static bool get_address(const struct sockaddr *peer, unsigned char address[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (peer->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)peer;

        memcpy(address, mapped, sizeof mapped);
        memcpy(address + 12, &in->sin_addr, 4);
    } else if (peer->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)peer;

        memcpy(address, &in6->sin6_addr, 16);
    } else {
        return false;
    }
    return true;
}

static struct host **find_chain(const unsigned char address[16])
{
    uint64_t half[2];
    uint64_t hash = seed;

    memcpy(half, address, sizeof half);
    for (int i = 0; i < 2; i++) {
        hash = (hash ^ half[i]) * 0xd6e8feb86659fd93;
        hash ^= hash >> 32;
    }
    return &chains[hash & (chain_count - 1)];
}

/* Where the host of the address is linked, or the NULL at the chain's end. */
static struct host **find_entry(const unsigned char address[16])
{
    struct host **entry = find_chain(address);

    while (*entry != NULL && memcmp((*entry)->address, address, 16) != 0)
        entry = &(*entry)->next;
    return entry;
}

bool perhost_add(const struct sockaddr *peer)
{
    unsigned char address[16];
    struct host **entry = NULL;

    if (limit == 0 || !get_address(peer, address))
        return true;
    entry = find_entry(address);
    if (*entry == NULL) {
        struct host *host = free_hosts;

        free_hosts = host->next;
        *host = (struct host){.clients = 0};
        memcpy(host->address, address, sizeof host->address);
        *entry = host;
    }
    if ((*entry)->clients == limit)
        return false;
    (*entry)->clients++;
    return true;
}

void perhost_remove(const struct sockaddr *peer)
{
    unsigned char address[16];
    struct host **entry = NULL;
    struct host *host = NULL;

    if (limit == 0 || !get_address(peer, address))
        return;
    entry = find_entry(address);
    host = *entry;
    if (--host->clients > 0)
        return;
    *entry = host->next;
    host->next = free_hosts;
    free_hosts = host;
}
