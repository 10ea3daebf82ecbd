/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * client: the life of one client's thread.
 */
#ifndef ECHOD_CLIENT_H
#define ECHOD_CLIENT_H

#include "echod/clients.h"

/* Prepare for clients; each chunk they send is held back for delay_ms. A client
 * that has sent everything has timeout_ms for each step of its echo (0: no
 * limit); before, the time limits of its socket apply. Returns 0, or an error
 * number as pthread functions do. */
int client_init(int delay_ms, int timeout_ms);

/*
 * Serve a client in a detached thread, which closes the connection, reports and
 * removes the client from the table. Returns 0; or an error number as
 * pthread_create(3) does, EAGAIN when the process cannot have another thread,
 * and the client stays the caller's.
 */
int client_start(struct client *client);

/* What that thread runs, with the struct client as its argument. Public for the
 * test that measures the stack. */
void *client_thread(void *argument);

#endif
