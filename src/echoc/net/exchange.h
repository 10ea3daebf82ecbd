/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * exchange: send and receive on one connection, blocking, with a timeout.
 *
 * Times are in ms. The functions return 0, or -1 with the connection's fault:
 * FAULT_LATE on a timeout, FAULT_STOPPED on an interrupt (see interrupt.h). The
 * fault tells silence from a timeout in which some bytes moved (is_slow).
 */
#ifndef ECHOC_NET_EXCHANGE_H
#define ECHOC_NET_EXCHANGE_H

#include "echoc/net/connection.h"

#include <stdbool.h>

struct exchange {
    int timeout_ms;
    /* false: the timeout is for the whole exchange. true: it restarts when
     * bytes move. */
    bool is_idle_timeout;
    /* With is_idle_timeout: the first bytes that move after limit_ms end the
     * exchange, unless they complete it. 0: no limit. */
    int limit_ms;
    unsigned char *buffer; /* CONNECTION_CHUNK bytes; the caller's */
    /* Called each time bytes have moved; may be NULL. */
    void (*on_progress)(const struct connection *connection);
};

/* Send until `end` bytes have been sent on the connection in total, and receive
 * until all of them have come back. */
int exchange_until(const struct exchange *exchange,
                   struct connection *connection, uint64_t end);

/* Half-close, then receive the missing bytes and the peer's EOF. */
int exchange_finish(const struct exchange *exchange,
                    struct connection *connection);

/* Send nothing for ms. FAULT_CLOSED, FAULT_RESET or FAULT_EXTRA if the peer
 * closes, resets or sends something meanwhile. */
int exchange_idle(const struct exchange *exchange,
                  struct connection *connection, int ms);

#endif
