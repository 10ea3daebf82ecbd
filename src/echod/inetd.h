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
 * Whether fd is the very socket that is descriptor 0, as under inetd(8): a
 * message there would reach a client as if it were echoed.
 */
bool inetd_is_client(int fd);

/* With --inetd: also if it is the socket or pipe that descriptor 1 is. */
bool inetd_has_client(int fd);

/*
 * Serve descriptors 0 and 1 until end of file, and report. Returns 0 if all
 * came back, -1 if not, or if the descriptors cannot be used as asked for;
 * what there was to say has been reported.
 */
int inetd_run(int timeout_ms, int delay_ms);

#endif
