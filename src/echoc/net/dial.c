/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * dial: an address -> a connected socket.
 *
 * Knows connect(2). Must not know what the connection is for.
 */
#include "config.h"

#include "echoc/net/dial.h"

#include "common/clock.h"
#include "common/sockopt.h"
#include "echoc/interrupt.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RETRY_NS = 10000000 };

#if defined IPPROTO_IP && !defined IP_BIND_ADDRESS_NO_PORT
#ifdef __linux__
#define IP_BIND_ADDRESS_NO_PORT 24 /* linux/in.h; ip(7) */
#endif
#endif

/* A port need only be free for the pair of addresses, not for the local one
 * alone; so connect(2) shall choose it, where bind(2) can leave it open. */
static int bind_to(int fd, const struct endpoint *from)
{
#ifdef IP_BIND_ADDRESS_NO_PORT
    sockopt_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
#endif
    return bind(fd, &from->address.any, from->length);
}

static int prepare(int fd, const struct endpoint *to,
                   const struct endpoint *from)
{
    if (to->address.any.sa_family != AF_UNIX)
        sockopt_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (from != NULL && bind_to(fd, from) < 0)
        return -1;
    if (connect(fd, &to->address.any, to->length) == 0)
        return 0;
    return errno == EINPROGRESS || errno == EINTR ? 0 : -1;
}

int connect_start(const struct endpoint *to, const struct endpoint *from)
{
    int fd = socket(to->address.any.sa_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0 && prepare(fd, to, from) < 0) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static bool is_itself(int fd, const struct endpoint *to)
{
    struct endpoint here = {.length = sizeof here.address};
    struct endpoint there = {.length = sizeof there.address};

    if (to->address.any.sa_family == AF_UNIX ||
        getsockname(fd, &here.address.any, &here.length) < 0 ||
        address_port(&here.address.any) != address_port(&to->address.any))
        return false;
    return getpeername(fd, &there.address.any, &there.length) == 0 &&
           here.length == there.length &&
           memcmp(&here.address, &there.address, here.length) == 0;
}

int connect_result(int fd, const struct endpoint *to)
{
    int error = 0;
    socklen_t length = sizeof error;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        return errno;
    return error == 0 && is_itself(fd, to) ? ECONNREFUSED : error;
}

static int wait_for(int fd, const struct endpoint *to, int64_t until_ns)
{
    int ready = interrupt_wait(fd, POLLOUT, until_ns);

    if (ready > 0)
        errno = connect_result(fd, to);
    else if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0 && errno == 0 ? fd : -1;
}

/* A Unix socket whose backlog is full says so at once, connect(2). */
static int start_until(const struct endpoint *to, int64_t until_ns)
{
    int fd = connect_start(to, NULL);

    while (fd < 0 && errno == EAGAIN && clock_ns() < until_ns) {
        if (interrupt_wait(-1, 0, clock_ns() + RETRY_NS) < 0)
            return -1;
        fd = connect_start(to, NULL);
    }
    if (fd < 0 && errno == EAGAIN)
        errno = ETIMEDOUT;
    return fd;
}

int connect_endpoint(const struct endpoint *to, int timeout_ms)
{
    int64_t until_ns = clock_ns() + timeout_ms * (int64_t)1000000;
    int fd = start_until(to, until_ns);

    if (fd >= 0 && wait_for(fd, to, until_ns) < 0) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}
