/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * sendqueue: what was written to a socket but has not reached the peer.
 *
 * Any thread may call these on a descriptor of its own.
 */
#ifndef ECHOD_SENDQUEUE_H
#define ECHOD_SENDQUEUE_H

#include <stdbool.h>

/*
 * The bytes that the peer has not acknowledged (TCP, tcp(7) SIOCOUTQ) or not
 * read (Unix sockets); 0 where the kernel cannot tell. Keeps errno.
 */
int sendqueue_bytes(int fd);

/*
 * Wait until the peer has acknowledged everything, or the connection is over.
 * To close a TCP socket that has unread input resets the connection, which
 * destroys what is still in the queue (RFC 1122, 4.2.2.13): so wait before the
 * close. Returns whether all input has been read. A Unix socket keeps what was
 * written, and takes nothing after SHUT_RD: true at once.
 */
bool sendqueue_drain(int fd);

/*
 * Wait until the connection is over in both directions (reset, or shut down),
 * at most ms milliseconds. Returns whether it is over.
 */
bool sendqueue_wait_hangup(int fd, int ms);

#endif
