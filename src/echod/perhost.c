/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * hosts: how many clients each address has.
 *
 * Knows a chained hash table of fixed size, so that neither memory nor time
 * depends on who calls. Must not know seats, descriptors or threads.
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
    struct host *next; /* in its chain, or among the free */
};

static struct host *hosts; /* all of them */
static struct host **chains;
static size_t chain_count; /* a power of two */
static struct host *free_hosts;
static size_t limit;
static uint64_t seed;

int perhost_open(size_t count, size_t wanted)
{
    free(hosts);
    free(chains);
    hosts = NULL;
    chains = NULL;
    free_hosts = NULL;
    limit = wanted;
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
    /* Where the loader put things, and when: enough that nobody outside can
     * choose addresses that share a chain. */
    seed = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15 ^ (uintptr_t)hosts;
    return 0;
}

static bool address_of(const struct sockaddr *peer, unsigned char address[16])
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

/* Two rounds of multiply and fold. */
static struct host **chain_of(const unsigned char address[16])
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

/* The link that holds the address, or the empty one at the chain's end. */
static struct host **find(const unsigned char address[16])
{
    struct host **link = chain_of(address);

    while (*link != NULL && memcmp((*link)->address, address, 16) != 0)
        link = &(*link)->next;
    return link;
}

bool perhost_add(const struct sockaddr *peer)
{
    unsigned char address[16];
    struct host **link = NULL;

    if (limit == 0 || !address_of(peer, address))
        return true;
    link = find(address);
    if (*link == NULL) {
        struct host *host = free_hosts;

        free_hosts = host->next;
        *host = (struct host){.clients = 0};
        memcpy(host->address, address, sizeof host->address);
        *link = host;
    }
    if ((*link)->clients == limit)
        return false;
    (*link)->clients++;
    return true;
}

void perhost_remove(const struct sockaddr *peer)
{
    unsigned char address[16];
    struct host **link = NULL;
    struct host *host = NULL;

    if (limit == 0 || !address_of(peer, address))
        return;
    link = find(address);
    host = *link;
    if (--host->clients > 0)
        return;
    *link = host->next;
    host->next = free_hosts;
    free_hosts = host;
}
