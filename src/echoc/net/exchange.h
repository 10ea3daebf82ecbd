/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * talk: one stream, blocking, with an end to every wait.
 *
 * Times are in ms. Every function returns 0, or -1 with the stream's fault:
 * FAULT_LATE when the time is up, FAULT_STOPPED when interrupted.
 */
#ifndef ECHOC_NET_EXCHANGE_H
#define ECHOC_NET_EXCHANGE_H

#include "echoc/net/connection.h"

/* What talking needs besides the stream: memory, and patience. */
struct exchange {
    int timeout_ms;
    bool patient; /* the time is since something moved, not for the whole,
                     ten times, and longer if that is 10 kB/s */
    unsigned char *room; /* CONNECTION_CHUNK bytes, the caller's */
    void (*moved)(
        const struct connection *connection); /* after each; may be NULL */
};

/* Send up to a total of upto bytes, and receive until all is back. */
int exchange_until(const struct exchange *exchange,
                   struct connection *connection, uint64_t end);

/* Half-close, and receive what is missing and the other side's end. */
int exchange_finish(const struct exchange *exchange,
                    struct connection *connection);

/*
 * Let so much time pass with nothing to say; an end or a byte that nobody asked
 * for is a fault: FAULT_CLOSED, RESET or EXTRA.
 */
int exchange_silence(const struct exchange *exchange,
                     struct connection *connection, int ms);

#endif
