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

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

static void report_failure(struct probe_context *context,
                           struct probe_result *result, int error,
                           const char *name)
{
    struct fault fault = {.kind = FAULT_CONNECT, .error = error};
    bool has_no_address = error == EADDRNOTAVAIL || error == EAFNOSUPPORT;

    /* connect_fault() is about later connects, when EADDRNOTAVAIL means that
     * the local ports have run out. */
    if (!has_no_address)
        fault.kind = connect_fault(error);
    context->is_interrupted |= fault.kind == FAULT_STOPPED;
    context->has_local_failure |= fault.kind == FAULT_LOCAL;
    probe_fault(result, &fault, diagnosis_of_connect(error), "%s", name);
    if (has_no_address)
        result->verdict = PROBE_SKIPPED;
}

void probe_endpoint(struct probe_context *context, size_t endpoint,
                    struct probe_result *result)
{
    struct connection connection;
    char name[CONNECT_NAME_MAX];
    int64_t start = clock_ns();
    int fd = connect_endpoint(&context->server, endpoint, 0);
    int error = errno;

    connect_name(&context->server, endpoint, name);
    if (fd < 0) {
        report_failure(context, result, error, name);
        return;
    }
    probe_ok(result, "it accepts connections", "%s in %.3f ms", name,
             (double)(clock_ns() - start) / 1e6);
    connection_init(&connection, fd, 0);
    probe_end_and_close(&connection);
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
