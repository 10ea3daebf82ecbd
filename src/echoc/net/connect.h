/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * connect: look up the server's address and connect to it.
 *
 * Every descriptor returned here is the caller's to close. It is non-blocking
 * and close-on-exec, and a TCP socket has TCP_NODELAY set.
 */
#ifndef ECHOC_NET_CONNECT_H
#define ECHOC_NET_CONNECT_H

#include "common/address.h"
#include "common/errmsg.h"
#include "echoc/net/fault.h"
#include "echoc/options.h"
#include "echoc/status.h"

#include <stddef.h>
#include <stdint.h>

/* The server's address, what it resolves to, and how to connect to it. */
struct server {
    const struct options *options;
    const char *text; /* the address as typed; not copied */
    struct endpoint *endpoints;
    size_t count;
    /* Of race_connect(): */
    size_t chosen;      /* index of the endpoint that accepted last */
    int64_t connect_ns; /* how long that took, without the endpoints before */
};

enum { CONNECT_NAME_MAX = ADDRESS_TEXT_MAX + 256 };

/*
 * Resolve the address, no longer than for the connect timeout; drop endpoints
 * that are not of the address family asked for or have no address of --bind,
 * and check that these can be bound to. The endpoints are in the resolver's
 * order, but the families take turns (RFC 8305, 4).
 * Returns STATUS_OK with at least one endpoint, or another status with errmsg.
 * After success, connect_free() releases the list. The options are not copied.
 */
enum status connect_resolve(struct server *server,
                            const struct options *options,
                            char errmsg[ERRMSG_MAX]);
void connect_free(struct server *server);

/* Write an endpoint as text; a Unix socket as its path. */
void connect_name(const struct server *server, size_t endpoint,
                  char name[CONNECT_NAME_MAX]);

/*
 * Connect to one endpoint. Returns a descriptor, or -1 with errno: ETIMEDOUT,
 * EINTR if interrupt_fd() became readable, or an error of connect(2). `turn` is
 * the number of the connection: the addresses of --bind that are of the
 * endpoint's family take turns.
 */
int connect_endpoint(const struct server *server, size_t endpoint,
                     uint64_t turn);

/*
 * Start a non-blocking connect to one endpoint. Returns a descriptor that
 * becomes writable once the result is known, or -1 with errno. EAGAIN: the
 * backlog of a Unix socket is full.
 */
int connect_start(const struct server *server, size_t endpoint, uint64_t turn);

/*
 * The result of a connect once its descriptor is writable: 0 or an errno.
 * A TCP socket that has connected to itself (simultaneous open, RFC 9293,
 * 3.5), as can happen on a local port nobody listens on, gives ECONNREFUSED.
 */
int connect_result(int fd, const struct endpoint *to);

/*
 * Classify the errno of a connect to an endpoint that has accepted before.
 * FAULT_LOCAL: no descriptor, memory or local port. FAULT_STOPPED: EINTR.
 * Anything else: FAULT_CONNECT.
 */
enum fault_kind connect_fault(int error);

/*
 * Raise the soft limit on descriptors, and check that this process can have
 * the given numbers of connections and of other descriptors open. Returns 0, or
 * -1 with errmsg.
 */
int connect_check_limit(size_t connections, size_t others,
                        char errmsg[ERRMSG_MAX]);

#endif
