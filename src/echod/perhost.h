/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * hosts: how many clients each address has.
 *
 * Not safe for two threads at once: the roster calls it with its lock held.
 */
#ifndef ECHOD_PERHOST_H
#define ECHOD_PERHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/*
 * Make room for so many addresses at once, each with at most limit clients; a
 * limit of 0 is none, and costs nothing. Returns 0, or -1 with errno. Called
 * again it starts afresh.
 */
int perhost_open(size_t hosts, size_t limit);

/*
 * One more client from this address, whatever its port; false if it has as
 * many as it may. IPv4 mapped into IPv6 counts as IPv4. A Unix peer has no
 * address and is never turned away.
 */
bool perhost_add(const struct sockaddr *peer);

/* One less; only after a perhost_add() that returned true. */
void perhost_remove(const struct sockaddr *peer);

#endif
