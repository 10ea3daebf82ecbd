/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * inetd: one client, on standard input and output.
 */
#ifndef ECHOD_INETD_H
#define ECHOD_INETD_H

#include <stdbool.h>

/*
 * Whether fd is the socket that is also descriptor 0, as under inetd(8): what
 * is written to it reaches the client.
 */
bool inetd_is_stdin_socket(int fd);

/* With --inetd: the same, or the socket or pipe that is descriptor 1. */
bool inetd_reaches_client(int fd);

/*
 * Serve descriptors 0 and 1 until end of file, and report. Returns 0 if
 * everything was echoed; or -1 if not, or if the descriptors do not take the
 * time limit, which has been logged.
 */
int inetd_run(int timeout_ms, int delay_ms);

#endif
