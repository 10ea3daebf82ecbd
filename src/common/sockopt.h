/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * sockopt: socket options that both programs set.
 *
 * Any thread may call these. The descriptors stay the caller's.
 */
#ifndef COMMON_SOCKOPT_H
#define COMMON_SOCKOPT_H

#include <stdbool.h>
#include <sys/socket.h>

/* Not every system has the flag. Both programs ignore SIGPIPE besides. */
#if !HAVE_DECL_MSG_NOSIGNAL
#undef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* A new stream socket, which exec(3) closes. Returns -1 with errno as socket(2)
 * does. */
int sockopt_stream(int family, bool blocking);

/* setsockopt(2) of an integer option. Returns 0, or -1 with errno. */
int sockopt_set(int fd, int level, int name, int value);

/*
 * Limit each read and write to ms milliseconds (0: no limit); then they fail
 * with EAGAIN. SO_RCVTIMEO and SO_SNDTIMEO, socket(7). Returns 0, or -1 with
 * errno: ENOTSOCK.
 */
int sockopt_set_timeout(int fd, int ms);

/*
 * Send small writes at once (TCP_NODELAY), and detect a peer that has vanished
 * after two minutes rather than two hours (SO_KEEPALIVE), tcp(7). A failure is
 * ignored: the connection works without.
 */
void sockopt_tune_tcp(int fd);

/* Set or clear O_NONBLOCK. Returns 0, or -1 with errno. */
int sockopt_set_blocking(int fd, bool blocking);

#endif
