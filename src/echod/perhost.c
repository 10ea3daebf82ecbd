/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * perhost: how many clients each host has.
 *
 * A chained hash table of fixed size: a client can make it neither grow nor
 * allocate.
 */
#include "config.h"

#include "echod/perhost.h"

#include "echod/siphash.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_GETRANDOM
#include <sys/random.h>
#endif

enum { ADDRESS = 16 }; /* bytes */

struct host {
    unsigned char address[ADDRESS]; /* the prefix of IPv6, or mapped IPv4 */
    size_t clients;
    struct host *next; /* in its chain, or in the free list */
};

static struct host *hosts; /* all of them */
static struct host **chains;
static size_t chain_count; /* a power of two */
static struct host *free_hosts;
static size_t limit;
static int prefix; /* bits of an IPv6 address */
static unsigned char key[SIPHASH_KEY];

/* Without getrandom(2), or where a kernel or a filter refuses it. */
static int read_urandom(void)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    ssize_t count = -1;

    if (fd < 0)
        return -1;
    count = read(fd, key, sizeof key);
    close(fd);
    return count == sizeof key ? 0 : -1;
}

/* A client that knew the key could choose addresses that share a chain. */
static int make_key(void)
{
#ifdef HAVE_GETRANDOM
    if (getrandom(key, sizeof key, 0) == sizeof key)
        return 0;
#endif
    return read_urandom();
}

int perhost_open(size_t count, size_t max_clients, int ipv6_prefix)
{
    free(hosts);
    free(chains);
    hosts = NULL;
    chains = NULL;
    free_hosts = NULL;
    limit = max_clients;
    prefix = ipv6_prefix;
    if (limit == 0)
        return 0;
    if (make_key() < 0)
        return -1;
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
    return 0;
}

static void clear_after_prefix(unsigned char address[ADDRESS])
{
    int whole = prefix / CHAR_BIT;
    int bits = prefix % CHAR_BIT;

    if (bits > 0)
        address[whole++] &= (unsigned char)(0xff << (CHAR_BIT - bits));
    memset(address + whole, 0, (size_t)(ADDRESS - whole));
}

/* Returns false for a peer that has no address. */
static bool get_address(const struct sockaddr *peer,
                        unsigned char address[ADDRESS])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (peer->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)peer;

        memcpy(address, mapped, sizeof mapped);
        memcpy(address + sizeof mapped, &in->sin_addr, 4);
    } else if (peer->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)peer;

        memcpy(address, &in6->sin6_addr, ADDRESS);
        if (memcmp(address, mapped, sizeof mapped) != 0)
            clear_after_prefix(address);
    } else {
        return false;
    }
    return true;
}

static struct host **find_chain(const unsigned char address[ADDRESS])
{
    return &chains[siphash(key, address, ADDRESS) & (chain_count - 1)];
}

/* Where the host of the address is linked, or the NULL at the chain's end. */
static struct host **find_entry(const unsigned char address[ADDRESS])
{
    struct host **entry = find_chain(address);

    while (*entry != NULL && memcmp((*entry)->address, address, ADDRESS) != 0)
        entry = &(*entry)->next;
    return entry;
}

bool perhost_add(const struct sockaddr *peer)
{
    unsigned char address[ADDRESS];
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
    unsigned char address[ADDRESS];
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

size_t perhost_longest_chain(void)
{
    size_t longest = 0;

    for (size_t i = 0; i < chain_count; i++) {
        size_t length = 0;

        for (const struct host *host = chains[i]; host; host = host->next)
            length++;
        if (length > longest)
            longest = length;
    }
    return longest;
}
