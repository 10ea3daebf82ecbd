/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * perhost: how many clients each host has.
 *
 * Not thread-safe: the client table calls it with its mutex held.
 */
#ifndef ECHOD_PERHOST_H
#define ECHOD_PERHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/*
 * Make space for count hosts at once, each with at most max_clients; 0 means no
 * limit, and allocates nothing. A host is an IPv4 address, or all IPv6
 * addresses with the same first ipv6_prefix bits (1 to 128): a site gets at
 * least a /64, from which each of its machines can take any address (RFC 6177,
 * RFC 8981). Returns 0, or -1 with errno. Called again, it starts over.
 */
int perhost_open(size_t count, size_t max_clients, int ipv6_prefix);

/*
 * Count one more client of this address's host, whatever its port. Returns
 * false if the host is at its limit. An IPv4 address mapped into IPv6 (RFC
 * 4291, 2.5.5.2) counts as IPv4. A Unix socket has no address and no limit.
 */
bool perhost_add(const struct sockaddr *peer);

/* Count one less, after a perhost_add() that returned true. */
void perhost_remove(const struct sockaddr *peer);

/* The hosts in the longest chain of the table. Public for the test. */
size_t perhost_longest_chain(void);

#endif
