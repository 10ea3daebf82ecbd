/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * connect: look up the server's address and connect to it.
 */
#include "config.h"

#include "echoc/net/connect.h"

#include "common/clock.h"
#include "common/descriptors.h"
#include "common/sockopt.h"
#include "common/text.h"
#include "echoc/interrupt.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RETRY_NS = 10000000,
    SPARE_FDS = 16 /* for the resolver, output files and sanitizers */
};

#if defined IPPROTO_IP && !defined IP_BIND_ADDRESS_NO_PORT
#ifdef __linux__
#define IP_BIND_ADDRESS_NO_PORT 24 /* linux/in.h; ip(7) */
#endif
#endif

static void keep_family(struct server *server, int family)
{
    size_t kept = 0;

    for (size_t i = 0; i < server->count; i++)
        if (server->endpoints[i].address.any.sa_family == family)
            server->endpoints[kept++] = server->endpoints[i];
    server->count = kept;
}

int connect_resolve(struct server *server, const struct options *options,
                    char errmsg[ERRMSG_MAX])
{
    char why[ERRMSG_MAX];

    *server = (struct server){.text = options->address.text};
    if (address_resolve(&options->address, false, &server->endpoints,
                        &server->count, why) < 0)
        return errmsg_set(errmsg, "cannot look up %s", why);
    if (options->family != AF_UNSPEC)
        keep_family(server, options->family);
    if (server->count > 0)
        return 0;
    connect_free(server);
    return errmsg_set(errmsg, "cannot look up %s: it has no IPv%c address",
                      server->text, options->family == AF_INET ? '4' : '6');
}

void connect_free(struct server *server)
{
    free(server->endpoints);
    server->endpoints = NULL;
}

void connect_name(const struct server *server, size_t endpoint,
                  char name[CONNECT_NAME_MAX])
{
    const struct sockaddr *address = &server->endpoints[endpoint].address.any;

    if (address->sa_family != AF_UNIX) {
        address_format(address, name);
        return;
    }
    snprintf(name, CONNECT_NAME_MAX, "%s", server->text);
    text_mask_controls(name, strlen(name));
}

/* With these errors the next endpoint would fail as well. */
static bool is_out_of_resources(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS ||
           error == ENOMEM;
}

enum fault_kind connect_fault(int error)
{
    if (error == EINTR)
        return FAULT_STOPPED;
    if (is_out_of_resources(error) || error == EADDRNOTAVAIL)
        return FAULT_LOCAL;
    return FAULT_CONNECT;
}

int connect_any(struct server *server, int timeout_ms, struct fault *fault)
{
    *fault = (struct fault){.kind = FAULT_CONNECT};
    for (size_t i = 0; i < server->count && fault->kind == FAULT_CONNECT; i++) {
        size_t next = (server->chosen + i) % server->count;
        int fd = connect_endpoint(&server->endpoints[next], timeout_ms);

        if (fd >= 0) {
            server->chosen = next;
            fault->kind = FAULT_NONE;
            return fd;
        }
        fault->error = errno;
        /* Not local here: there may be no local address of this family. */
        if (errno != EADDRNOTAVAIL)
            fault->kind = connect_fault(errno);
    }
    return -1;
}

/* A Unix socket reports a full backlog at once, unlike TCP; see connect(2). */
static int start_until(const struct endpoint *to, int64_t deadline_ns)
{
    int fd = connect_start(to, NULL);

    while (fd < 0 && errno == EAGAIN && clock_ns() < deadline_ns) {
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
    int64_t deadline_ns = clock_ns() + timeout_ms * INT64_C(1000000);
    int fd = start_until(to, deadline_ns);
    int revents = 0;
    int error = 0;

    if (fd < 0)
        return -1;
    revents = interrupt_wait(fd, POLLOUT, deadline_ns);
    if (revents < 0)
        error = errno;
    else
        error = revents > 0 ? connect_result(fd, to) : ETIMEDOUT;
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

/* Where possible, let connect(2) choose the local port, not bind(2): then it
 * only has to be unique for this pair of addresses. */
static int bind_to(int fd, const struct endpoint *from)
{
#ifdef IP_BIND_ADDRESS_NO_PORT
    sockopt_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
#endif
    return bind(fd, &from->address.any, from->length);
}

static int bind_and_connect(int fd, const struct endpoint *to,
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

    if (fd >= 0 && bind_and_connect(fd, to, from) < 0) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static bool is_self_connected(int fd, const struct endpoint *to)
{
    struct endpoint local = {.length = sizeof local.address};
    struct endpoint peer = {.length = sizeof peer.address};

    if (to->address.any.sa_family == AF_UNIX ||
        getsockname(fd, &local.address.any, &local.length) < 0 ||
        address_port(&local.address.any) != address_port(&to->address.any))
        return false;
    return getpeername(fd, &peer.address.any, &peer.length) == 0 &&
           local.length == peer.length &&
           memcmp(&local.address, &peer.address, local.length) == 0;
}

int connect_result(int fd, const struct endpoint *to)
{
    int error = 0;
    socklen_t length = sizeof error;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        return errno;
    return error == 0 && is_self_connected(fd, to) ? ECONNREFUSED : error;
}

int connect_check_limit(size_t connections, size_t others,
                        char errmsg[ERRMSG_MAX])
{
    uint64_t needed = (uint64_t)connections + others + SPARE_FDS;
    uint64_t available = 0;

    descriptors_raise_limit();
    available = descriptors_left();
    if (available >= needed)
        return 0;
    return errmsg_set(errmsg,
                      "%zu clients: this process can have %" PRIu64
                      " more descriptors and needs %" PRIu64 " (RLIMIT_NOFILE)",
                      connections, available, needed);
}
