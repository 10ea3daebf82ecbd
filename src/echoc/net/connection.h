/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * stream: one connection's bytes, sent and proven to come back.
 *
 * A struct stream is one thread's. The descriptor is non-blocking, and the
 * caller's to open and close.
 */
#ifndef ECHOC_NET_CONNECTION_H
#define ECHOC_NET_CONNECTION_H

#include "echoc/net/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection {
    int fd;
    bool ended;         /* the other side's clean end has come */
    bool brief;         /* nobody asks how a byte came to be another */
    uint64_t key;       /* of the pattern */
    uint64_t sent;      /* bytes; the offset of the next to send */
    uint64_t received;  /* bytes that came back right; ditto */
    struct fault fault; /* FAULT_NONE, or what ended it */
};

enum { CONNECTION_CHUNK = 256 * 1024 }; /* room for one read or write */

/* Begin with a connected descriptor. */
void connection_open(struct connection *connection, int fd, uint64_t key);

/*
 * Send up to a total of upto bytes, a piece at most; room is CONNECTION_CHUNK bytes
 * of the caller's to make them in. Returns how many were taken, 0 if none can
 * be now, or -1 with the fault.
 */
int64_t connection_send(struct connection *connection, uint64_t end,
                        void *room);

/*
 * Receive what is there, a piece at most, and hold it against what was sent.
 * Returns how many bytes came back right; 0 if nothing is there now, or the
 * end has come and nothing is missing (then ended is set); or -1 with the
 * fault.
 */
int64_t connection_receive(struct connection *connection, void *room);

/* No more will be sent: shutdown(2) of that half. Returns 0, or -1 with the
 * fault. */
int connection_half_close(struct connection *connection);

/* What was sent and has not come back yet. */
uint64_t connection_missing(const struct connection *connection);

/* Set a fault; for callers that find one themselves. Returns -1. */
int connection_fail(struct connection *connection, enum fault_kind kind,
                    int error);

#endif
