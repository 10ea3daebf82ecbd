/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * delivery: what has been written to a descriptor but is still on its way.
 *
 * Any thread may call these, on a descriptor that is its own.
 */
#ifndef ECHOD_SENDQUEUE_H
#define ECHOD_SENDQUEUE_H

#include <stdbool.h>

/*
 * The bytes that the peer has not acknowledged (TCP) or not read (Unix
 * sockets); 0 also where the kernel does not tell. Keeps errno.
 */
int sendqueue_bytes(int fd);

/*
 * Whether that has changed since the last look, which *last remembers; 0 at
 * first. Keeps errno.
 */
bool sendqueue_changed(int fd, int *last);

/*
 * Let ms milliseconds pass, fewer only if the connection is over in both
 * directions: reset, or shut down. Returns whether it is over.
 */
bool sendqueue_hold(int fd, int ms);

/*
 * Wait until nothing is pending or the connection is over. There is no call
 * that blocks for this without closing first, so it looks every few ms.
 */
void sendqueue_wait(int fd);

#endif
