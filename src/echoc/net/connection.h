/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * connection: send the pattern on one connection, and compare what comes back.
 *
 * Only one thread may use a struct connection. The caller opens and closes the
 * descriptor, which must be non-blocking.
 */
#ifndef ECHOC_NET_CONNECTION_H
#define ECHOC_NET_CONNECTION_H

#include "echoc/net/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection {
    int fd;
    bool ended;          /* received EOF, with nothing missing */
    bool skip_diagnosis; /* do not call fault_diagnose(), which is slow */
    uint64_t key;        /* for the pattern */
    uint64_t sent;       /* bytes sent */
    uint64_t received;   /* bytes that came back correctly */
    struct fault fault;  /* the fault that broke it, or FAULT_NONE */
};

/* The most bytes that one call sends or receives; the size of their buffer. */
enum { CONNECTION_CHUNK = 256 * 1024 };

/* Start with a connected descriptor and the key of the pattern. */
void connection_init(struct connection *connection, int fd, uint64_t key);

/*
 * Send one chunk, ending at most `end` bytes after the start of the connection.
 * The buffer, CONNECTION_CHUNK bytes, is scratch memory. Returns the number of
 * bytes sent, 0 if the socket takes none now, or -1 with the fault.
 */
int64_t connection_send(struct connection *connection, uint64_t end,
                        void *buffer);

/*
 * Receive one chunk and compare it with what was sent. Returns the number of
 * bytes received, all of them correct; 0 if there is nothing to receive, or at
 * EOF with nothing missing (which sets `ended`); or -1 with the fault.
 */
int64_t connection_receive(struct connection *connection, void *buffer);

/* shutdown(2) the sending half. Returns 0, or -1 with the fault. */
int connection_half_close(struct connection *connection);

/* The number of bytes sent that have not come back. */
uint64_t connection_missing(const struct connection *connection);

/* The bytes that the socket holds and the peer has not acknowledged (TCP,
 * tcp(7) SIOCOUTQ) or not read (Unix); 0 where the kernel cannot tell. */
int connection_unacknowledged(const struct connection *connection);

/* Record a fault at the current offset. Returns -1. */
int connection_fail(struct connection *connection, enum fault_kind kind,
                    int error);

#endif
