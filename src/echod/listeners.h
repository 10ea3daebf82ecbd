/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * listeners: addresses -> listening sockets.
 *
 * For the accept loop's thread alone. What goes wrong is written into the
 * caller's why, a line that names the address.
 */
#ifndef ECHOD_LISTENERS_H
#define ECHOD_LISTENERS_H

#include "echod/listener.h"

#include <stdbool.h>
#include <stddef.h>

enum { LISTENERS_WHY_MAX = 544 };

struct listeners {
    struct listener *at; /* malloc'd; freed by listeners_close() */
    size_t count;
    int timeout_ms; /* for every accepted socket; 0: none */
    bool reuseport;
};

/*
 * Listen on every endpoint an address has; they share a port, also one that
 * the system chose. An endpoint of a family or host that this machine is not
 * is passed over as long as there is another. Returns how many were passed
 * over, with why telling of the last; or -1 with why, and none of them open.
 */
int listeners_open(struct listeners *listeners, const struct address *address,
                   char why[LISTENERS_WHY_MAX]);

/* Take over count listening sockets that start at descriptor first. Returns 0,
 * or -1 with why. */
int listeners_adopt(struct listeners *listeners, int first, int count,
                    char why[LISTENERS_WHY_MAX]);

/* Close them all. Returns 0, or -1 with why if a Unix socket's file could not
 * be removed. */
int listeners_close(struct listeners *listeners, char why[LISTENERS_WHY_MAX]);

#endif
