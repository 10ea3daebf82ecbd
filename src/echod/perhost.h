/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * perhost: how many clients each address has.
 *
 * Not thread-safe: the client table calls it with its mutex held.
 */
#ifndef ECHOD_PERHOST_H
#define ECHOD_PERHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/*
 * Make space for count addresses at once, each with at most max_clients; 0
 * means no limit, and allocates nothing. Returns 0, or -1 with errno. Called
 * again, it starts over.
 */
int perhost_open(size_t count, size_t max_clients);

/*
 * Count one more client of this address, whatever its port. Returns false if
 * the address is at its limit. An IPv4 address mapped into IPv6 (RFC 4291,
 * 2.5.5.2) counts as IPv4. A Unix socket has no address and no limit.
 */
bool perhost_add(const struct sockaddr *peer);

/* Count one less, after a perhost_add() that returned true. */
void perhost_remove(const struct sockaddr *peer);

#endif
