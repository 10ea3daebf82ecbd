/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * supervisor: LISTEN_FDS and NOTIFY_SOCKET.
 *
 * The protocols of sd_listen_fds(3) and sd_notify(3), which any supervisor may
 * use. For the accept loop's thread only: they read the environment.
 */
#ifndef ECHOD_SUPERVISOR_H
#define ECHOD_SUPERVISOR_H

#include "common/errmsg.h"

/* Inherited listening sockets start at this descriptor. */
enum { SUPERVISOR_FIRST_FD = 3 };

/*
 * How many listening sockets this process inherited: 0 if none, or if they are
 * another process's (LISTEN_PID); -1 with errmsg if a variable is not a number.
 */
int supervisor_listeners(char errmsg[ERRMSG_MAX]);

/*
 * Send "READY=1" or "STOPPING=1" to NOTIFY_SOCKET, if it is set. Waits for 1 s
 * at most. A failure is logged: the service goes on without.
 */
void supervisor_notify(const char *state);

#endif
