/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe: what the probes of the check command share: connecting, results, and
 * what a failed connection means for them.
 */
#include "config.h"

#include "echoc/check/probe.h"

#include "common/clock.h"
#include "echoc/check/cause.h"
#include "echoc/check/diagnosis.h"
#include "echoc/interrupt.h"
#include "echoc/net/connect.h"
#include "echoc/net/pattern.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUTS_MAX = 2, END_WAIT_MS = 100 };

int probe_connect(struct probe_context *context, struct connection *connection)
{
    const struct server *server = &context->server;
    int64_t start = clock_ns();
    int64_t elapsed = 0;
    int fd = connect_endpoint(server, server->chosen, context->connections);

    connection_init(connection, fd,
                    pattern_key(context->run_id, context->connections++));
    /* A reset may come so soon that connecting fails of it. */
    if (fd < 0)
        return connection_fail(
            connection,
            errno == ECONNRESET ? FAULT_RESET : connect_fault(errno), errno);
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

void probe_end_and_close(struct connection *connection)
{
    if (connection->fd >= 0 && connection->fault.kind == FAULT_NONE &&
        !connection->ended && shutdown(connection->fd, SHUT_WR) == 0)
        interrupt_wait(connection->fd, POLLIN,
                       clock_ns() + END_WAIT_MS * (int64_t)PROBE_NS_PER_MS);
    probe_close(connection);
}

int64_t probe_deadline(const struct probe_context *context)
{
    return clock_ns() + context->exchange.timeout_ms * (int64_t)PROBE_NS_PER_MS;
}

__attribute__((format(printf, 4, 0))) static void
fill(struct probe_result *result, enum probe_verdict verdict,
     const char *diagnosis, const char *format, va_list list)
{
    result->verdict = verdict;
    result->broke_at = PROBE_NO_OFFSET;
    snprintf(result->diagnosis, PROBE_TEXT_MAX, "%s", diagnosis);
    vsnprintf(result->observed, PROBE_TEXT_MAX, format, list);
}

int probe_ok(struct probe_result *result, const char *diagnosis,
             const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fill(result, PROBE_OK, diagnosis, format, list);
    va_end(list);
    return 0;
}

int probe_bad(struct probe_result *result, const char *diagnosis,
              const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fill(result, PROBE_BAD, diagnosis, format, list);
    va_end(list);
    return 0;
}

int probe_skipped(struct probe_result *result, const char *diagnosis,
                  const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fill(result, PROBE_SKIPPED, diagnosis, format, list);
    va_end(list);
    return 0;
}

static bool is_about_the_path(const struct fault *fault)
{
    return fault->kind != FAULT_STOPPED && fault->kind != FAULT_LOCAL &&
           !(fault->kind == FAULT_LATE && fault->is_slow);
}

/* One cause shows as two faults: a connection is closed or reset, and bytes are
 * added before those that are missing or after them. */
static void find_usual_cause(struct probe_result *result)
{
    const struct fault *fault = &result->fault;
    bool has_ended = fault->kind == FAULT_CLOSED || fault->kind == FAULT_RESET;
    bool has_stopped = fault->kind == FAULT_LATE && fault->offset > 0 &&
                       fault->sent > fault->offset;

    if (has_ended || has_stopped)
        result->broke_at = fault->offset;
    if (has_ended)
        result->cause = cause_ends;
    else if (fault->kind == FAULT_EXTRA ||
             (fault->kind == FAULT_CHANGED && fault->change == CHANGE_ADDED))
        result->cause = cause_adds;
}

/* where is empty, or says at which point of the probe the connection failed. */
static void report_fault(struct probe_result *result, const struct fault *fault,
                         const char *diagnosis, const char *where)
{
    bool is_usual = diagnosis == NULL || !is_about_the_path(fault);
    char text[FAULT_TEXT_MAX];

    fault_text(fault, text);
    probe_bad(result, is_usual ? diagnosis_of(fault) : diagnosis, "%s%s%s",
              where, *where != '\0' ? ": " : "", text);
    if (!is_about_the_path(fault))
        result->verdict = PROBE_SKIPPED;
    result->fault = *fault;
    result->is_usual = is_usual;
    if (fault->kind == FAULT_LATE && fault->sent - fault->offset == 1)
        result->cause = cause_last;
    else if (is_usual)
        find_usual_cause(result);
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

static bool is_timeout(const struct fault *fault)
{
    return (fault->kind == FAULT_LATE && !fault->is_slow) ||
           (fault->kind == FAULT_CONNECT && fault->error == ETIMEDOUT);
}

bool probe_is_unserved(const struct fault *fault)
{
    return fault->offset == 0 &&
           (fault->kind == FAULT_LATE || fault->kind == FAULT_CLOSED ||
            fault->kind == FAULT_RESET);
}

static void shorten(int *timeout_ms)
{
    if (*timeout_ms > PROBE_SHORT_MS)
        *timeout_ms = PROBE_SHORT_MS;
}

void probe_run(struct probe_context *context, probe_function *probe,
               struct probe_result *result)
{
    struct connection connection = {.fd = -1};
    const struct fault *fault = &connection.fault;

    if (probe(context, &connection, result) < 0)
        report_fault(result, fault, NULL, "");
    if (connection.received > 0)
        context->ended = NULL;
    cause_explain(context, result);
    context->is_interrupted |= fault->kind == FAULT_STOPPED;
    context->has_local_failure |= fault->kind == FAULT_LOCAL;
    context->has_answer |= connection.received > 0 ||
                           fault->kind == FAULT_CHANGED ||
                           fault->kind == FAULT_EXTRA;
    if (is_timeout(fault) && ++context->timeouts == TIMEOUTS_MAX) {
        shorten(&context->exchange.timeout_ms);
        shorten(&context->short_options.connect_timeout_ms);
        context->server.options = &context->short_options;
    }
    probe_end_and_close(&connection);
}
