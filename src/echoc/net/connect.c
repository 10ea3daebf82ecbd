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
#include "echoc/net/dscp.h"
#include "echoc/net/lookup.h"

#include <arpa/inet.h>
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

/* The nth source of a family, counted in rotation, or NULL if there is none. */
static const struct endpoint *find_source(const struct options *options,
                                          int family, uint64_t n)
{
    const struct endpoint *found[OPTIONS_SOURCES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < options->source_count; i++)
        if (options->sources[i].address.any.sa_family == family)
            found[count++] = &options->sources[i];
    return count > 0 ? found[n % count] : NULL;
}

static bool is_of_family(const struct options *options, int family)
{
    return options->family == AF_UNSPEC || family == options->family;
}

static bool has_source(const struct options *options, int family)
{
    return options->source_count == 0 ||
           find_source(options, family, 0) != NULL;
}

/* Keep the endpoints whose family passes. Returns whether there is one. */
static bool keep_endpoints(struct server *server,
                           bool (*passes)(const struct options *, int family))
{
    size_t kept = 0;

    for (size_t i = 0; i < server->count; i++)
        if (passes(server->options, server->endpoints[i].address.any.sa_family))
            server->endpoints[kept++] = server->endpoints[i];
    server->count = kept;
    return kept > 0;
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

/* So that an endpoint of the other family is tried soon if the path of one is
 * broken. */
static void interleave_families(struct endpoint *endpoints, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        sa_family_t family = endpoints[i - 1].address.any.sa_family;
        size_t next = i;

        while (next < count && endpoints[next].address.any.sa_family == family)
            next++;
        if (next < count) {
            struct endpoint moved = endpoints[next];

            memmove(&endpoints[i + 1], &endpoints[i],
                    (next - i) * sizeof moved);
            endpoints[i] = moved;
        }
    }
}

static int try_to_bind(const struct endpoint *source)
{
    int fd = sockopt_stream(source->address.any.sa_family, true);
    int result = fd < 0 ? -1 : bind_to(fd, source);
    int error = errno;

    if (fd >= 0)
        close(fd);
    errno = error;
    return result;
}

/* That an address of --bind is not of this host is found here, and not when it
 * would look like a lack of local ports. */
static int check_sources(const struct options *options, char *errmsg)
{
    for (size_t i = 0; i < options->source_count; i++) {
        const struct endpoint *source = &options->sources[i];
        char name[INET6_ADDRSTRLEN] = "?";
        int error = 0;

        if (try_to_bind(source) == 0)
            continue;
        error = errno;
        if (source->address.any.sa_family == AF_INET)
            inet_ntop(AF_INET, &source->address.in.sin_addr, name, sizeof name);
        else
            inet_ntop(AF_INET6, &source->address.in6.sin6_addr, name,
                      sizeof name);
        return errmsg_set(errmsg, "--bind=%s: %s", name, strerror(error));
    }
    return 0;
}

enum status connect_resolve(struct server *server,
                            const struct options *options,
                            char errmsg[ERRMSG_MAX])
{
    char why[ERRMSG_MAX];
    enum status status = STATUS_OK;

    *server =
        (struct server){.options = options, .text = options->address.text};
    status = lookup_run(&options->address, options->connect_timeout_ms,
                        &server->endpoints, &server->count, why);
    if (status != STATUS_OK) {
        errmsg_set(errmsg, "cannot look up %s", why);
        return status;
    }
    if (!keep_endpoints(server, is_of_family)) {
        errmsg_set(errmsg, "cannot look up %s: it has no IPv%c address",
                   server->text, options->family == AF_INET ? '4' : '6');
        status = STATUS_UNREACHED;
    } else if (!keep_endpoints(server, has_source)) {
        errmsg_set(errmsg, "--bind: not of the same family as the server");
        status = STATUS_LOCAL;
    } else {
        interleave_families(server->endpoints, server->count);
        status = check_sources(options, errmsg) < 0 ? STATUS_LOCAL : STATUS_OK;
    }
    if (status != STATUS_OK)
        connect_free(server);
    return status;
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

/* A Unix socket reports a full backlog at once, unlike TCP; see connect(2). */
static int start_until(const struct server *server, size_t endpoint,
                       uint64_t turn, int64_t deadline_ns)
{
    int fd = connect_start(server, endpoint, turn);

    while (fd < 0 && errno == EAGAIN && clock_ns() < deadline_ns) {
        if (interrupt_wait(-1, 0, clock_ns() + RETRY_NS) < 0)
            return -1;
        fd = connect_start(server, endpoint, turn);
    }
    if (fd < 0 && errno == EAGAIN)
        errno = ETIMEDOUT;
    return fd;
}

int connect_endpoint(const struct server *server, size_t endpoint,
                     uint64_t turn)
{
    int64_t deadline_ns =
        clock_ns() + server->options->connect_timeout_ms * INT64_C(1000000);
    int fd = start_until(server, endpoint, turn, deadline_ns);
    int revents = 0;
    int error = 0;

    if (fd < 0)
        return -1;
    revents = interrupt_wait(fd, POLLOUT, deadline_ns);
    if (revents < 0)
        error = errno;
    else
        error = revents > 0 ? connect_result(fd, &server->endpoints[endpoint])
                            : ETIMEDOUT;
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

static int bind_and_connect(int fd, const struct server *server,
                            const struct endpoint *to, uint64_t turn)
{
    const struct options *options = server->options;
    int family = to->address.any.sa_family;
    const struct endpoint *from = find_source(options, family, turn);

    if (family != AF_UNIX)
        sockopt_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (options->dscp >= 0 && dscp_set(fd, family, options->dscp) < 0)
        return -1;
    if (from != NULL && bind_to(fd, from) < 0)
        return -1;
    if (connect(fd, &to->address.any, to->length) == 0)
        return 0;
    return errno == EINPROGRESS || errno == EINTR ? 0 : -1;
}

int connect_start(const struct server *server, size_t endpoint, uint64_t turn)
{
    const struct endpoint *to = &server->endpoints[endpoint];
    int fd = sockopt_stream(to->address.any.sa_family, false);

    if (fd >= 0 && bind_and_connect(fd, server, to, turn) < 0) {
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
