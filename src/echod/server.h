/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * server: the accept loop, and the stop.
 */
#ifndef ECHOD_SERVER_H
#define ECHOD_SERVER_H

#include "echod/listen.h"

#include <stdbool.h>
#include <stddef.h>

struct server {
    struct listeners *listeners; /* closed before server_run() returns */
    size_t max_clients;
    int grace_ms; /* how long a stop waits for clients */
    bool verbose; /* also log connects */
};

/*
 * Serve until a signal asks for a stop, then stop: clients have grace_ms to
 * read the rest of their echo. signals_open(), clients_open() and
 * client_init() come before. Returns 0 after a stop that was asked for, -1
 * after a failure, which has been logged.
 */
int server_run(const struct server *server);

#endif
