/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * server: the accept loop: whom to let in, when to wait, how to stop.
 *
 * For the thread that calls; what a signal or a leaving client has to say
 * comes in through wakeup.
 */
#ifndef ECHOD_SERVER_H
#define ECHOD_SERVER_H

#include "echod/listen.h"

#include <stdbool.h>
#include <stddef.h>

struct server {
    struct listeners *listeners; /* closed and removed before it returns */
    size_t max_clients;
    int grace_ms;
    bool verbose;
};

/*
 * Serve until a signal says stop, then see the clients out. Wakeup, roster and
 * client must be open. Returns 0 stopped as asked, -1 a listener broke; what
 * there was to say has been reported.
 */
int server_run(const struct server *server);

#endif
