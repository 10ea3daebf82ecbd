/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe: what the probes of the check command share: connecting, results, and
 * the diagnosis of each fault.
 */
#include "config.h"

#include "echoc/check/probe.h"

#include "common/clock.h"
#include "echoc/net/connect.h"
#include "echoc/net/pattern.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

int probe_connect(struct probe_context *context, struct connection *connection)
{
    const struct server *server = &context->server;
    int64_t start = clock_ns();
    int64_t elapsed = 0;
    int fd = connect_endpoint(server, server->chosen, context->connections);

    connection_init(connection, fd,
                    pattern_key(context->run_id, context->connections++));
    if (fd < 0)
        return connection_fail(connection, connect_fault(errno), errno);
    elapsed = clock_ns() - start;
    histogram_record(&context->connect_times, elapsed);
    if (elapsed < context->min_connect_ns)
        context->min_connect_ns = elapsed;
    return 0;
}

int probe_connect_and_echo(struct probe_context *context,
                           struct connection *connection, uint64_t bytes)
{
    if (probe_connect(context, connection) < 0)
        return -1;
    return exchange_until(&context->exchange, connection, bytes);
}

void probe_close(struct connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
}

int64_t probe_deadline(const struct probe_context *context)
{
    return clock_ns() +
           context->options->reply_timeout_ms * (int64_t)PROBE_NS_PER_MS;
}

int probe_ok(struct probe_result *result, const char *diagnosis,
             const char *format, ...)
{
    va_list list;

    result->verdict = PROBE_OK;
    snprintf(result->diagnosis, PROBE_TEXT_MAX, "%s", diagnosis);
    va_start(list, format);
    vsnprintf(result->observed, PROBE_TEXT_MAX, format, list);
    va_end(list);
    return 0;
}

int probe_bad(struct probe_result *result, const char *diagnosis,
              const char *format, ...)
{
    va_list list;

    result->verdict = PROBE_BAD;
    snprintf(result->diagnosis, PROBE_TEXT_MAX, "%s", diagnosis);
    va_start(list, format);
    vsnprintf(result->observed, PROBE_TEXT_MAX, format, list);
    va_end(list);
    return 0;
}

static const char *diagnose_change(enum fault_change change)
{
    switch (change) {
    case CHANGE_LOST:
        return "bytes are lost on the way";
    case CHANGE_ADDED:
        return "something inserts bytes";
    case CHANGE_REPEATED:
        return "bytes are repeated on the way";
    case CHANGE_SWAPPED:
        return "bytes are reordered on the way";
    case CHANGE_GARBLED:
        return "what comes back is not an echo";
    case CHANGE_REPLACED:
    case CHANGE_UNKNOWN:
        break;
    }
    return "bytes are changed on the way";
}

static const char *diagnose_late(const struct fault *fault)
{
    if (fault->sent == fault->offset)
        return "the other side never closes the connection";
    if (fault->offset == 0 && fault->sent == 1)
        return "nothing comes back, or the last byte is held back or dropped";
    if (fault->offset == 0)
        return "nothing answers: not an echo server, or the path drops every "
               "byte";
    if (fault->sent - fault->offset == 1)
        return "the last byte is held back or dropped";
    return "the echo stops short: something holds bytes back or drops them";
}

static const char *diagnose_connect(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return "nothing listens there";
    case ENOENT:
        return "there is no such socket: the server is not running, or uses "
               "another path";
    case EACCES:
        return "this user may not connect to the socket";
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return "this machine has no address of that family";
    default:
        return "unreachable: filtered, or no route";
    }
}

static const char *diagnose(const struct fault *fault)
{
    switch (fault->kind) {
    case FAULT_CONNECT:
        return diagnose_connect(fault->error);
    case FAULT_LATE:
        return diagnose_late(fault);
    case FAULT_RESET:
        return "something resets the connection: a limit, a failure or a "
               "middlebox";
    case FAULT_CLOSED:
        return "the other side closes before everything is back";
    case FAULT_CHANGED:
        return diagnose_change(fault->change);
    case FAULT_EXTRA:
        return "more comes back than was sent: something adds bytes";
    case FAULT_STOPPED:
        return "interrupted";
    default:
        return "a failure on this side";
    }
}

/* where is empty, or says at which point of the probe the connection failed. */
static void report_fault(struct probe_result *result, const struct fault *fault,
                         const char *diagnosis, const char *where)
{
    char text[FAULT_TEXT_MAX];

    fault_text(fault, text);
    if (diagnosis == NULL || fault->kind == FAULT_STOPPED)
        diagnosis = diagnose(fault);
    probe_bad(result, diagnosis, "%s%s%s", where, *where != '\0' ? ": " : "",
              text);
    if (fault->kind == FAULT_STOPPED)
        result->verdict = PROBE_SKIPPED;
}

int probe_fault(struct probe_result *result, const struct fault *fault,
                const char *diagnosis, const char *format, ...)
{
    char where[PROBE_TEXT_MAX - FAULT_TEXT_MAX];
    va_list list;

    va_start(list, format);
    vsnprintf(where, sizeof where, format, list);
    va_end(list);
    report_fault(result, fault, diagnosis, where);
    return 0;
}

void probe_run(struct probe_context *context, probe_function *probe,
               struct probe_result *result)
{
    struct connection connection = {.fd = -1};

    if (probe(context, &connection, result) < 0)
        report_fault(result, &connection.fault, NULL, "");
    context->is_interrupted |= connection.fault.kind == FAULT_STOPPED;
    context->has_local_failure |= connection.fault.kind == FAULT_LOCAL;
    probe_close(&connection);
}

void probe_endpoint(struct probe_context *context, size_t endpoint,
                    struct probe_result *result)
{
    struct fault fault = {.kind = FAULT_CONNECT};
    char name[CONNECT_NAME_MAX];
    int64_t start = clock_ns();
    int fd = connect_endpoint(&context->server, endpoint, 0);

    fault.error = errno;
    connect_name(&context->server, endpoint, name);
    if (fd >= 0) {
        probe_ok(result, "it accepts connections", "%s in %.3f ms", name,
                 (double)(clock_ns() - start) / 1e6);
        close(fd);
        return;
    }
    if (fault.error == EINTR) {
        fault.kind = FAULT_STOPPED;
        context->is_interrupted = true;
    }
    probe_fault(result, &fault, NULL, "%s", name);
    if (fault.error == EADDRNOTAVAIL || fault.error == EAFNOSUPPORT)
        result->verdict = PROBE_SKIPPED;
}
