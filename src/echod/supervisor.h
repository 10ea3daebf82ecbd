/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * supervisor: LISTEN_FDS and readiness.
 *
 * The protocols of sd_listen_fds(3) and sd_notify(3), which any supervisor may
 * speak. For the accept loop's thread alone: reads the environment.
 */
#ifndef ECHOD_SUPERVISOR_H
#define ECHOD_SUPERVISOR_H

/* Inherited listening sockets start at this descriptor. */
enum { SUPERVISOR_FIRST_FD = 3 };

/*
 * How many listening sockets were handed to this very process: 0 if none or to
 * another (LISTEN_PID); -1 with *why, which names the variable, if they are
 * not numbers.
 */
int supervisor_listeners(const char **why);

/*
 * Tell NOTIFY_SOCKET, if it is set, "READY=1" or "STOPPING=1". Waits a second
 * at most. Returns 0, also if it is not set; or -1 with errno.
 */
int supervisor_notify(const char *state);

#endif
