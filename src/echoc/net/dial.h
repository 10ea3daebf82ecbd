/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * dial: an address -> a connected socket.
 *
 * Descriptors become the caller's: non-blocking, closed on exec, and for TCP
 * with TCP_NODELAY, so that small pieces are not held back.
 */
#ifndef ECHOC_NET_DIAL_H
#define ECHOC_NET_DIAL_H

#include "common/address.h"

/*
 * Start to connect. Returns a descriptor, which is writable once it is decided
 * (connect_result() tells how), or -1 with errno.
 */
int connect_start(const struct endpoint *to, const struct endpoint *from);

/*
 * How a decided connection turned out: 0, or an errno. A TCP socket may connect
 * to itself where nobody listens, when its own port happens to be the one it
 * looks for (RFC 9293, 3.5, simultaneous open), and would then echo its own
 * bytes: that is ECONNREFUSED.
 */
int connect_result(int fd, const struct endpoint *to);

/*
 * Start and wait, for timeout_ms at most. Returns a descriptor, or -1 with
 * errno: ETIMEDOUT, EINTR if interrupt_fd() became readable, and those of
 * connect(2).
 */
int connect_endpoint(const struct endpoint *to, int timeout_ms);

#endif
