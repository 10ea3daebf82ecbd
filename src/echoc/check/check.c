/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * check: run the probes in order and print a row for each.
 *
 * The first rows are of the name and its endpoints; all other probes use the
 * first endpoint that accepts.
 */
#include "config.h"

#include "echoc/check/check.h"

#include "common/clock.h"
#include "echoc/check/cause.h"
#include "echoc/check/probe.h"
#include "echoc/check/table.h"
#include "echoc/interrupt.h"
#include "echoc/stats/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    probe_function *probe;
} probes[] = {
    {"silence", probe_silence},
    {"values", probe_values},
    {"sizes", probe_sizes},
    {"half-close", probe_half_close},
    {"end", probe_end},
    {"reset", probe_reset},
    {"small writes", probe_small_writes},
    {"round trips", probe_round_trips},
    {"clients", probe_clients},
    {"bulk", probe_bulk},
    {"idle", probe_idle},
    {"unused", probe_unused},
};
enum {
    PROBES = sizeof probes / sizeof probes[0],
    LEAVE_MS = 200,
    LEAVE_TRIES = 5,
    OPEN_TRIES = 2,
    DURATION_MAX = 9, /* reply timeouts, for all probes but idle */
    DURATION_LEAST_MS = 45000
};

struct check {
    const struct options *options;
    struct probe_context context;
    struct probe_result *results; /* of the endpoints and the probes */
    size_t count;                 /* of the results that were printed */
    int64_t start_ns;             /* of the probes */
    size_t bad;                   /* results */
    size_t accepting;             /* endpoints */
    const char *skipped; /* why the other probes are skipped, or NULL */
    bool skips_on;       /* the row before says it */
};

/* Nobody may read the output any more: check | head -1. */
static bool is_over(const struct check *check)
{
    return check->context.is_interrupted || ferror(stdout) != 0;
}

/* A bad result before this one has the same cause, and means the same. */
static bool was_said(const struct check *check,
                     const struct probe_result *result)
{
    for (size_t i = 0; i < check->count; i++)
        if (cause_is_same(&check->results[i], result) &&
            strcmp(check->results[i].diagnosis, result->diagnosis) == 0)
            return true;
    return false;
}

/* In text, what a result means is said if it is not ok, but not twice. */
static void print_row(struct check *check, const char *name,
                      const struct probe_result *result)
{
    bool is_known = was_said(check, result);

    check->bad += result->verdict == PROBE_BAD;
    if (result->verdict == PROBE_SKIPPED) {
        is_known = check->skips_on;
        check->skips_on = check->skipped != NULL;
    }
    if (check->options->json)
        table_json_row(name, result);
    else
        table_text_row(name, result,
                       check->options->explain ||
                           (result->verdict != PROBE_OK && !is_known));
}

static void print_resolved(struct check *check)
{
    size_t count = check->context.server.count;
    struct probe_result result = {0};

    probe_ok(&result, "the name resolves", "%zu address%s in %.3f ms", count,
             count == 1 ? "" : "es", check->context.resolve_ms);
    print_row(check, "resolve", &result);
}

/* All endpoints are probed before the first row is printed, since what a
 * failure means depends on the others. */
static void run_endpoints(struct check *check)
{
    struct probe_context *context = &check->context;
    struct server *server = &context->server;
    struct probe_result *results = check->results;
    size_t count = probe_endpoints(context, results);

    for (size_t i = 0; i < count; i++) {
        bool is_ok = results[i].verdict == PROBE_OK;
        bool is_first = check->accepting == 0;

        if (!is_ok && results[i].fault.kind != FAULT_RESET)
            continue;
        check->accepting++;
        if (is_first || (is_ok && results[server->chosen].verdict != PROBE_OK))
            server->chosen = i;
    }
    for (size_t i = 0; i < count && !is_over(check); i++) {
        if (check->accepting > 0 && results[i].verdict == PROBE_BAD)
            probe_excuse_endpoint(&server->endpoints[i],
                                  &server->endpoints[server->chosen],
                                  &results[i]);
        print_row(check, "connect", &results[i]);
        check->count++;
    }
}

static void run_again(struct check *check, probe_function *probe,
                      struct probe_result *result)
{
    *result = (struct probe_result){0};
    probe_run(&check->context, probe, result);
}

static void wait_for_leave(void)
{
    interrupt_wait(-1, 0, clock_ns() + LEAVE_MS * PROBE_NS_PER_MS);
}

/* Try again if the connection was closed or reset. A server with a limit may
 * take a moment to see the end of the connection before. */
static void run_until_served(struct check *check, probe_function *probe,
                             struct probe_result *result, int tries)
{
    for (int i = 0; i < tries; i++) {
        if (!probe_is_unserved(&result->fault) ||
            result->fault.kind == FAULT_LATE)
            return;
        wait_for_leave();
        run_again(check, probe, result);
    }
}

/* The first try failed, a later one did not, with a silent connection open as
 * well. */
static void report_first(const struct probe_result *first,
                         struct probe_result *result)
{
    if (result->verdict == PROBE_BAD)
        return;
    *result = *first;
    if (first->fault.kind != FAULT_LATE)
        return;
    probe_bad(result, "the first answer was late or lost, a later one was not",
              "%.200s; the next try was answered", first->observed);
    result->cause = NULL;
}

/* Nothing has come back yet. The unused connection may be the reason, if it is
 * so with it, not so without it, and so again with another one. */
static void run_without_unused(struct check *check, probe_function *probe,
                               struct probe_result *result)
{
    struct probe_context *context = &check->context;
    struct probe_result first = *result;

    run_until_served(check, probe, result, OPEN_TRIES);
    if (context->has_answer) {
        report_first(&first, result);
        return;
    }
    probe_end_and_close(&context->unused);
    run_again(check, probe, result);
    run_until_served(check, probe, result, LEAVE_TRIES);
    if (!context->has_answer)
        return;
    wait_for_leave();
    if (probe_is_blocked(context))
        context->blocked = first;
    else
        report_first(&first, result);
}

static void run_probe(struct check *check, probe_function *probe,
                      struct probe_result *result)
{
    struct probe_context *context = &check->context;

    probe_run(context, probe, result);
    if (probe == probe_silence || probe == probe_clients ||
        !probe_is_unserved(&result->fault))
        return;
    if (!context->has_answer && context->unused.fd >= 0)
        run_without_unused(check, probe, result);
    else if (context->blocked.fault.kind != FAULT_NONE)
        run_until_served(check, probe, result, LEAVE_TRIES);
}

/* Returns why the probes that follow would only take time, or NULL. */
static const char *why_skip(const struct check *check,
                            const struct probe_result *last)
{
    const struct probe_context *context = &check->context;
    int64_t elapsed_ms = (clock_ns() - check->start_ns) / PROBE_NS_PER_MS;
    int64_t longest_ms =
        DURATION_MAX * (int64_t)check->options->reply_timeout_ms;

    if (longest_ms < DURATION_LEAST_MS)
        longest_ms = DURATION_LEAST_MS;
    if (!context->has_answer &&
        (last->fault.kind == FAULT_LATE || last->fault.kind == FAULT_CONNECT))
        return "nothing has come back so far";
    if (elapsed_ms > longest_ms)
        return "the probes before it took too long";
    return check->skipped;
}

/* If something has come back, idle is tried all the same, since it was asked
 * for, and unused, since it takes no time. */
static bool is_tried(const struct probe_context *context, size_t number)
{
    if (probes[number].probe == probe_unused)
        return context->has_answer || context->unused.fd >= 0;
    return probes[number].probe == probe_idle && context->has_answer;
}

static void run_probes(struct check *check)
{
    struct probe_context *context = &check->context;

    check->start_ns = clock_ns();
    for (size_t i = 0; i < PROBES && !is_over(check); i++) {
        struct probe_result *result = &check->results[check->count];
        bool is_idle = probes[i].probe == probe_idle;

        if (is_idle && check->options->idle_ms == 0)
            continue;
        if (check->skipped != NULL && !is_tried(context, i))
            probe_skipped(result, check->skipped, "not tried");
        else
            run_probe(check, probes[i].probe, result);
        print_row(check, probes[i].name, result);
        check->count++;
        check->skipped = why_skip(check, result);
    }
    probe_close(&context->unused);
}

static void begin_json(const struct check *check)
{
    options_json(check->options);
    json_string("address", check->context.server.text);
    json_array("trials");
}

static void end_json(const struct check *check, const char *cause)
{
    const struct probe_context *context = &check->context;
    char name[CONNECT_NAME_MAX];

    json_end();
    connect_name(&context->server, context->server.chosen, name);
    json_string("endpoint", check->accepting > 0 ? name : NULL);
    json_integer("bad", check->bad);
    json_string("cause", *cause != '\0' ? cause : NULL);
    json_bool("ok", check->accepting > 0 && check->bad == 0 &&
                        !context->is_interrupted &&
                        !context->has_local_failure);
    json_number("resolve_ms", context->resolve_ms);
    json_times("connect_ms", &context->connect_times);
    json_times("round_trip_ms", &context->round_trips);
    json_integer("bulk_bytes", context->bulk_bytes);
    json_number("bytes_per_second", context->bytes_per_second);
    json_end();
}

static enum status check_status(const struct check *check)
{
    const struct probe_context *context = &check->context;

    if (context->has_local_failure)
        return STATUS_LOCAL;
    if (context->is_interrupted || (check->bad > 0 && check->accepting > 0))
        return STATUS_FAULT;
    if (check->bad > 0)
        return STATUS_UNREACHED;
    if (check->accepting > 0)
        return STATUS_OK;
    /* Every endpoint was skipped. */
    status_warn("%s: this machine has no address of its family",
                context->server.text);
    return STATUS_UNREACHED;
}

static enum status run(struct check *check)
{
    char cause[PROBE_TEXT_MAX];
    size_t explained = 0;

    if (check->options->json)
        begin_json(check);
    print_resolved(check);
    run_endpoints(check);
    if (check->accepting > 0)
        run_probes(check);
    /* A later probe may explain an earlier one. */
    for (size_t i = 0; i < check->count; i++)
        cause_explain(&check->context, &check->results[i]);
    explained = cause_find(check->results, check->count, cause);
    if (check->options->json)
        end_json(check, cause);
    else
        table_text_end(cause, explained, check->bad);
    return check_status(check);
}

static void init(struct check *check, const struct options *options)
{
    struct probe_context *context = &check->context;

    check->options = options;
    context->options = options;
    context->run_id = (uint64_t)clock_ns();
    context->min_connect_ns = INT64_MAX;
    context->unused.fd = -1;
    context->short_options = *options;
    context->exchange.timeout_ms = options->reply_timeout_ms;
    context->exchange.limit_ms = options->reply_timeout_ms;
    context->exchange.is_idle_timeout = true;
}

enum status check_run(const struct options *options)
{
    static struct check check; /* too large for a stack */
    struct probe_context *context = &check.context;
    int64_t start = clock_ns();
    enum status status = STATUS_LOCAL;
    char errmsg[ERRMSG_MAX];

    init(&check, options);
    status = connect_resolve(&context->server, options, errmsg);
    if (status != STATUS_OK)
        return status_cannot_begin(options, status, errmsg);
    status = STATUS_LOCAL;
    context->resolve_ms = (double)(clock_ns() - start) / 1e6;
    context->exchange.buffer = malloc(CONNECTION_CHUNK);
    check.results =
        calloc(context->server.count + PROBES, sizeof *check.results);
    if (context->exchange.buffer == NULL || check.results == NULL)
        status_warn("cannot begin: %s", strerror(errno));
    else if (connect_check_limit(options->clients, 2, errmsg) < 0)
        status_cannot_begin(options, STATUS_LOCAL, errmsg);
    else
        status = run(&check);
    free(check.results);
    free(context->exchange.buffer);
    connect_free(&context->server);
    return status;
}
