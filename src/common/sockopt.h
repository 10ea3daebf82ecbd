/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * sockopt: what is set on a socket before it is served.
 *
 * Any thread may call these. The descriptors stay the caller's.
 */
#ifndef COMMON_SOCKOPT_H
#define COMMON_SOCKOPT_H

#include <stdbool.h>

/* An integer option; 0, or -1 with errno. */
int sockopt_set(int fd, int level, int name, int value);

/*
 * No read or write shall wait longer than ms (0: as long as it takes); one
 * that would fails with EAGAIN. SO_RCVTIMEO and SO_SNDTIMEO, socket(7).
 * Returns 0, or -1 with errno: ENOTSOCK.
 */
int sockopt_set_timeout(int fd, int ms);

/*
 * Small pieces go out at once (TCP_NODELAY), and a peer that vanished is found
 * out after two minutes of silence rather than two hours (SO_KEEPALIVE). What
 * cannot be had costs comfort, not service, so nothing is returned.
 */
void sockopt_tune_tcp(int fd);

/* Set or clear O_NONBLOCK; 0, or -1 with errno. */
int sockopt_set_blocking(int fd, bool blocking);

#endif
