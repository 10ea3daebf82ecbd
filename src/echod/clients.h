/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * clients: the table of connected clients, and the only mutex.
 *
 * Each client has a slot in the table from clients_add(), in the accept loop,
 * to clients_remove(), at the end of its own thread. The concurrency contract:
 *
 *  - The accept loop adds, counts and shuts down clients. A client's thread
 *    touches its own slot only. Every function but clients_open() may be called
 *    at any time.
 *  - A client's descriptor belongs to the table until clients_close_fd(), and
 *    shutdown(2) on it happens with the mutex held. clients_close_fd() takes
 *    the number out of the slot with the mutex held and closes it afterwards:
 *    by then no other thread knows the number, so a descriptor that is reused
 *    is never shut down by mistake, and no thread waits for another's close(2),
 *    in which the kernel may do work for the peer.
 *  - Only the accept loop's thread opens descriptors for clients, so there are
 *    never more of them than slots.
 *  - The table outlives every thread: it is never freed.
 */
#ifndef ECHOD_CLIENTS_H
#define ECHOD_CLIENTS_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* What a stop has done to a client. */
enum client_state {
    CLIENT_OPEN,     /* nothing */
    CLIENT_DRAINING, /* SHUT_RD: it gets the echo of what was received */
    CLIENT_CUT       /* SHUT_RDWR: it gets nothing more */
};

/* One slot. The client's thread may read fd and peer and add to written; the
 * rest is private to the table. Kept small: each idle client costs one. */
struct client {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } peer;
    int fd; /* -1 once closed, and in a free slot */
    _Atomic uint64_t written;
    uint32_t next_free; /* in the list of free slots */
    enum client_state state;
    bool in_perhost; /* it counts for its address */
};

struct clients_totals {
    size_t now;
    uint64_t clients; /* ever added and not refused */
    uint64_t refused; /* by clients_add() and clients_refuse() */
    uint64_t cut;     /* ended by SHUT_RDWR before they had their echo */
    uint64_t bytes;
};

/*
 * Allocate the slots, and allow at most per_host clients (0: no limit) from one
 * host, as perhost.h counts it. Returns 0, or -1 with errno. Called again while
 * the table is empty, it starts over.
 */
int clients_open(size_t slots, size_t per_host, int ipv6_prefix);

/*
 * Add a client; there must be a free slot. The table takes over fd. Returns
 * NULL, and fd stays the caller's, if the peer's address is at its limit.
 */
struct client *clients_add(int fd, const struct sockaddr *peer);

/*
 * shutdown(2) with SHUT_WR, unless a stop drains the client: after both SHUT_RD
 * and SHUT_WR, TCP answers what the client sends with a reset. If the client
 * has acknowledged its echo by then, its address may have another client before
 * it can see the end of the connection. Returns whether it was shut down.
 */
bool clients_half_close(struct client *client);

/* Close a client's descriptor. From then on its address may have another
 * client. Returns what a stop had done to it before: a client that has its
 * whole echo was not cut off, but drained. */
enum client_state clients_close_fd(struct client *client, bool has_echo);

/* Free the slot of a client whose descriptor is closed. Returns true if the
 * accept loop asked, by clients_notify_below(), to be notified of it: the
 * caller does that, without the mutex. */
bool clients_remove(struct client *client);

/* Close and remove a client that no thread serves. */
void clients_refuse(struct client *client);

enum client_state clients_state(struct client *client);

/* The number of clients in the table. Only the accept loop adds clients, so
 * between two of its calls the number can only fall. */
size_t clients_count(void);

/*
 * Ask to be notified, once, when fewer than limit clients are left; if there
 * are fewer already, ask for nothing. Ask first and count afterwards: then no
 * client can leave unnoticed in between.
 */
void clients_notify_below(size_t limit);

/* shutdown(2) every client: SHUT_RD drains, SHUT_RDWR cuts off. */
void clients_shutdown(int how);

struct clients_totals clients_totals(void);

#endif
