/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * trial: one question to the path, and its answer.
 *
 * Knows what all trials need: a connection, and words for what went wrong. Must
 * not know the trials.
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

int probe_connect(struct context *context, struct connection *connection)
{
    int64_t start = clock_ns();
    int64_t took = 0;
    int fd =
        connect_endpoint(&context->server.endpoints[context->server.chosen],
                         context->options->connect_timeout_ms);

    connection_init(connection, fd,
                    pattern_key(context->run, context->connections++));
    if (fd < 0)
        return connection_fail(connection, connect_fault(errno), errno);
    took = clock_ns() - start;
    histogram_record(&context->connect_times, took);
    if (took < context->quickest_ns)
        context->quickest_ns = took;
    return 0;
}

void probe_close(struct connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
}

void probe_diagnose(struct result *result, const char *words, ...)
{
    va_list list;

    va_start(list, words);
    vsnprintf(result->diagnosis, sizeof result->diagnosis, words, list);
    va_end(list);
}

void probe_ok(struct result *result, const char *words, ...)
{
    va_list list;

    result->verdict = PROBE_OK;
    va_start(list, words);
    vsnprintf(result->seen, sizeof result->seen, words, list);
    va_end(list);
}

void probe_bad(struct result *result, const char *words, ...)
{
    va_list list;

    result->verdict = PROBE_BAD;
    va_start(list, words);
    vsnprintf(result->seen, sizeof result->seen, words, list);
    va_end(list);
}

static const char *meaning_of_change(enum fault_change change)
{
    switch (change) {
    case CHANGE_LOST:
        return "bytes are lost on the way";
    case CHANGE_ADDED:
        return "something puts bytes in";
    case CHANGE_REPEATED:
        return "bytes are sent twice";
    case CHANGE_SWAPPED:
        return "bytes change places on the way";
    case CHANGE_GARBLED:
        return "what comes back is not an echo";
    case CHANGE_REPLACED:
    case CHANGE_UNKNOWN:
        break;
    }
    return "bytes are changed on the way";
}

static const char *meaning_of_lateness(const struct fault *fault)
{
    if (fault->sent == fault->offset)
        return "the other side never ends";
    if (fault->offset == 0 && fault->sent == 1)
        return "nothing comes back, or the last byte is held back or dropped";
    if (fault->offset == 0)
        return "nothing answers: no echo server, or a path that swallows bytes";
    if (fault->sent - fault->offset == 1)
        return "the last byte is held back or dropped";
    return "the echo stops short: something holds bytes back or drops them";
}

static const char *meaning_of_refusal(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return "nobody listens there";
    case ENOENT:
        return "there is no such socket: the server does not run, or has it "
               "elsewhere";
    case EACCES:
        return "this user may not connect to it";
    default:
        return "it cannot be reached: a filter, or no way there";
    }
}

static const char *meaning_of(const struct fault *fault)
{
    switch (fault->kind) {
    case FAULT_CONNECT:
        return meaning_of_refusal(fault->error);
    case FAULT_LATE:
        return meaning_of_lateness(fault);
    case FAULT_RESET:
        return "the connection is torn down: a limit, a failure or a middlebox";
    case FAULT_CLOSED:
        return "the other side ends before all is back";
    case FAULT_CHANGED:
        return meaning_of_change(fault->change);
    case FAULT_EXTRA:
        return "more comes back than was sent: something adds bytes";
    default:
        return "this side's own trouble";
    }
}

void probe_fault(struct context *context, struct result *result,
                 const char *where, const struct connection *connection)
{
    char text[FAULT_TEXT_MAX];

    fault_text(&connection->fault, text);
    probe_bad(result, "%s%s%s", where, *where != '\0' ? ": " : "", text);
    if (result->diagnosis[0] == '\0')
        probe_diagnose(result, "%s", meaning_of(&connection->fault));
    context->is_short |= connection->fault.kind == FAULT_LOCAL;
    if (connection->fault.kind == FAULT_STOPPED) {
        context->stopped = true;
        result->verdict = PROBE_SKIPPED;
        probe_diagnose(result, "interrupted");
    }
}

void probe_endpoint(struct context *context, size_t endpoint,
                    struct result *result)
{
    struct connection connection = {.fd = -1};
    char name[CONNECT_NAME_MAX];
    int64_t start = clock_ns();
    int fd = connect_endpoint(&context->server.endpoints[endpoint],
                              context->options->connect_timeout_ms);

    connect_name(&context->server, endpoint, name);
    if (fd >= 0) {
        probe_ok(result, "%s in %.3f ms", name,
                 (double)(clock_ns() - start) / 1e6);
        probe_diagnose(result, "it accepts connections");
        close(fd);
        return;
    }
    connection.fault.kind = errno == EINTR ? FAULT_STOPPED : FAULT_CONNECT;
    connection.fault.error = errno;
    probe_fault(context, result, name, &connection);
    if (connection.fault.error == EADDRNOTAVAIL ||
        connection.fault.error == EAFNOSUPPORT) {
        result->verdict = PROBE_SKIPPED;
        probe_diagnose(result, "this machine has no address of that family");
    }
}
