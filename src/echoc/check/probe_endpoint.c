/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_endpoint: does each address of the name accept connections?
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/check/diagnosis.h"
#include "echoc/check/probe.h"
#include "echoc/interrupt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { AT_ONCE = 32 };

static void report_failure(struct probe_context *context,
                           struct probe_result *result, int error,
                           const char *name)
{
    struct fault fault = {.kind = FAULT_CONNECT, .error = error};
    bool has_no_address = error == EADDRNOTAVAIL || error == EAFNOSUPPORT;

    /* connect_fault() is about later connects, when EADDRNOTAVAIL means that
     * the local ports have run out. */
    if (error == ECONNRESET)
        fault.kind = FAULT_RESET; /* it was accepted, and reset at once */
    else if (!has_no_address)
        fault.kind = connect_fault(error);
    context->is_interrupted |= fault.kind == FAULT_STOPPED;
    context->has_local_failure |= fault.kind == FAULT_LOCAL;
    probe_fault(result, &fault,
                error == ECONNRESET ? NULL : diagnosis_of_connect(error), "%s",
                name);
    if (has_no_address)
        result->verdict = PROBE_SKIPPED;
}

/* The connects that are under way at the same time. */
struct attempts {
    size_t first; /* the endpoint of the first */
    size_t count;
    size_t open;      /* those without a result */
    size_t accepted;  /* connections that are closed at the end */
    int fds[AT_ONCE]; /* of those */
    int64_t start_ns[AT_ONCE];
    struct pollfd pollfds[INTERRUPT_POLLFDS + AT_ONCE];
};

/* The pollfd of an attempt with a result has no descriptor. */
static void end(struct probe_context *context, struct attempts *attempts,
                size_t i, int error, struct probe_result *result)
{
    struct pollfd *pollfd = &attempts->pollfds[INTERRUPT_POLLFDS + i];
    int64_t elapsed_ns = clock_ns() - attempts->start_ns[i];
    char name[CONNECT_NAME_MAX];

    connect_name(&context->server, attempts->first + i, name);
    attempts->open--;
    if (error != 0) {
        report_failure(context, result, error, name);
        if (pollfd->fd >= 0)
            close(pollfd->fd);
    } else {
        probe_ok(result, "it accepts connections", "%s in %.3f ms", name,
                 (double)elapsed_ns / 1e6);
        attempts->fds[attempts->accepted++] = pollfd->fd;
    }
    pollfd->fd = -1;
}

/* When none is timed any more, since the server's end may take a moment. */
static void close_accepted(const struct attempts *attempts)
{
    struct connection connection;

    for (size_t i = 0; i < attempts->accepted; i++) {
        connection_init(&connection, attempts->fds[i], 0);
        probe_end_and_close(&connection);
    }
}

/* Only a Unix socket gives EAGAIN, which is the only endpoint then. */
static void begin(struct probe_context *context, struct attempts *attempts,
                  size_t i, struct probe_result *result)
{
    const struct server *server = &context->server;
    struct pollfd *pollfd = &attempts->pollfds[INTERRUPT_POLLFDS + i];

    attempts->open++;
    attempts->start_ns[i] = clock_ns();
    pollfd->events = POLLOUT;
    pollfd->fd = connect_start(server, attempts->first + i, 0);
    if (pollfd->fd < 0 && errno == EAGAIN)
        pollfd->fd = connect_endpoint(server, attempts->first + i, 0);
    if (pollfd->fd < 0)
        end(context, attempts, i, errno, result);
}

/* After an interrupt or the deadline, for those without a result. */
static void end_all(struct probe_context *context, struct attempts *attempts,
                    int error, struct probe_result results[])
{
    for (size_t i = 0; i < attempts->count; i++)
        if (attempts->pollfds[INTERRUPT_POLLFDS + i].fd >= 0)
            end(context, attempts, i, error, &results[i]);
}

static void wait_for_all(struct probe_context *context,
                         struct attempts *attempts, int64_t deadline_ns,
                         struct probe_result results[])
{
    const struct endpoint *endpoints = context->server.endpoints;

    while (attempts->open > 0) {
        int ready =
            interrupt_poll(attempts->pollfds,
                           INTERRUPT_POLLFDS + attempts->count, deadline_ns);
        int error = ready < 0 ? errno : ETIMEDOUT;

        for (size_t i = 0; i < attempts->count; i++) {
            const struct pollfd *pollfd =
                &attempts->pollfds[INTERRUPT_POLLFDS + i];

            if (pollfd->fd >= 0 && pollfd->revents != 0)
                end(context, attempts, i,
                    connect_result(pollfd->fd, &endpoints[attempts->first + i]),
                    &results[i]);
        }
        if (ready <= 0)
            end_all(context, attempts, error, results);
    }
}

size_t probe_endpoints(struct probe_context *context,
                       struct probe_result results[])
{
    const struct server *server = &context->server;
    int64_t timeout_ns =
        server->options->connect_timeout_ms * (int64_t)PROBE_NS_PER_MS;
    size_t done = 0;

    while (done < server->count && !context->is_interrupted) {
        size_t left = server->count - done;
        struct attempts attempts = {.first = done,
                                    .count = left < AT_ONCE ? left : AT_ONCE};

        for (size_t i = 0; i < attempts.count; i++)
            begin(context, &attempts, i, &results[done + i]);
        wait_for_all(context, &attempts, clock_ns() + timeout_ns,
                     &results[done]);
        close_accepted(&attempts);
        done += attempts.count;
    }
    return done;
}

static bool is_loopback(const struct endpoint *endpoint)
{
    const struct sockaddr *any = &endpoint->address.any;

    if (any->sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&endpoint->address.in6.sin6_addr);
    return any->sa_family == AF_INET &&
           ntohl(endpoint->address.in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

void probe_excuse_endpoint(const struct endpoint *failed,
                           const struct endpoint *accepting,
                           struct probe_result *result)
{
    const char *why = NULL;

    if (result->fault.error == ECONNREFUSED && is_loopback(failed) &&
        is_loopback(accepting))
        why = "nothing listens there, but on another loopback address";
    else if (result->fault.error == ENETUNREACH)
        why = "this machine has no route to it, but to another address";
    if (why == NULL)
        return;
    result->verdict = PROBE_SKIPPED;
    snprintf(result->diagnosis, PROBE_TEXT_MAX, "%s", why);
}
