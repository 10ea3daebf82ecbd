/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * roster: who is here, and the only mutex.
 *
 * Every client has a seat, from the accept loop's clients_add() to its own
 * thread's clients_remove(). The concurrency contract:
 *
 *  - The accept loop's thread joins, looks and shuts down; a client's thread
 *    touches its own seat alone. All of them may call at any time.
 *  - A seat's descriptor belongs to the roster from join to hang-up, and
 *    shutdown(2) on it happens under the lock. Hanging up takes it out of the
 *    seat under that lock and closes it after: by then nobody else knows the
 *    number, so a recycled one is never hit, and the others need not wait for
 *    the close.
 *  - Only the accept loop's thread opens descriptors, so there are never more
 *    of them than seats.
 *  - The roster outlives every thread: it is never freed.
 */
#ifndef ECHOD_CLIENTS_H
#define ECHOD_CLIENTS_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* What the server has done to a client: nothing, SHUT_RD, SHUT_RDWR. */
enum client_state { CLIENT_SERVED, CLIENT_DRAINED, CLIENT_CUT };

/* One client. Its thread may read fd and peer and add to written; the rest is
 * the roster's. Kept small: it is part of what an idle client costs. */
struct client {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } peer;
    int fd; /* -1 once hung up, and in a free seat */
    _Atomic uint64_t written;
    uint32_t next_free;
    enum client_state state;
};

struct clients_totals {
    size_t now;
    uint64_t clients; /* that ever joined */
    uint64_t cut;     /* that left after SHUT_RDWR */
    uint64_t bytes;
};

/*
 * Set up so many seats, and at most per_host clients from one address (0: no
 * limit). Returns 0, or -1 with errno. Called again, with nobody seated, it
 * starts afresh.
 */
int clients_open(size_t slots, size_t per_host);

/*
 * Seat a client. Only while clients_below() says there is room. Takes over fd;
 * or returns NULL, with fd still the caller's, if the peer's host has its fill.
 */
struct client *clients_add(int fd, const struct sockaddr *peer);

/* Close the client's descriptor; from then on its host may have another in its
 * place. Returns what had been done to it before. */
enum client_state clients_close(struct client *client);

/* Give up a seat that has hung up. True: ring for the accept loop. */
bool clients_remove(struct client *client);

/* What has been done to this client so far. */
enum client_state clients_state(struct client *client);

/*
 * Whether fewer than limit clients are here. If not, the one that makes it so
 * will be told to ring: looking and setting the bell are one step, so that no
 * departure falls between.
 */
bool clients_below(size_t limit);

/* shutdown(2) every client: SHUT_RD drains, SHUT_RDWR cuts. */
void clients_shutdown(int how);

struct clients_totals clients_totals(void);

#endif
