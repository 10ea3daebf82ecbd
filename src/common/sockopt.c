/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * sockopt: socket options that both programs set.
 */
#include "config.h"

#include "common/sockopt.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/time.h>

enum { KEEP_IDLE_S = 60, KEEP_INTERVAL_S = 15, KEEP_PROBES = 4 };

int sockopt_stream(int family, bool blocking)
{
#if HAVE_DECL_SOCK_CLOEXEC && HAVE_DECL_SOCK_NONBLOCK
    int flags = SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK);

    return socket(family, SOCK_STREAM | flags, 0);
#else
    int fd = socket(family, SOCK_STREAM, 0);

    if (fd >= 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        sockopt_set_blocking(fd, blocking);
    }
    return fd;
#endif
}

int sockopt_set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

int sockopt_set_timeout(int fd, int ms)
{
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0)
        return -1;
    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

void sockopt_tune_tcp(int fd)
{
    sockopt_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    sockopt_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#if defined TCP_KEEPIDLE && defined TCP_KEEPINTVL && defined TCP_KEEPCNT
    sockopt_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
    sockopt_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S);
    sockopt_set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_PROBES);
#endif
}

int sockopt_set_blocking(int fd, bool blocking)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0)
        return -1;
    flags = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
    return fcntl(fd, F_SETFL, flags);
}
