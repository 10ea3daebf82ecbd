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
    DURATION_MAX = 9, /* reply timeouts, for all probes but idle */
    DURATION_LEAST_MS = 45000
};

struct check {
    const struct options *options;
    struct probe_context context;
    struct causes causes;
    int64_t start_ns;    /* of the probes */
    size_t bad;          /* results */
    size_t accepting;    /* endpoints */
    const char *skipped; /* why the other probes are skipped, or NULL */
    bool skips_on;       /* the row before says it */
};

/* Nobody may read the output any more: check | head -1. */
static bool is_over(const struct check *check)
{
    return check->context.is_interrupted || ferror(stdout) != 0;
}

/* In text, what a result means is said if it is not ok, but not twice. */
static void print_row(struct check *check, const char *name,
                      const struct probe_result *result)
{
    bool is_known = false;

    if (result->verdict == PROBE_BAD) {
        check->bad++;
        is_known = causes_add(&check->causes, result);
    }
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
static void run_endpoints(struct check *check, struct probe_result *results)
{
    struct probe_context *context = &check->context;
    struct server *server = &context->server;
    size_t count = probe_endpoints(context, results);

    for (size_t i = 0; i < count; i++)
        if (results[i].verdict == PROBE_OK && check->accepting++ == 0)
            server->chosen = i;
    for (size_t i = 0; i < count && !is_over(check); i++) {
        if (check->accepting > 0 && results[i].verdict == PROBE_BAD)
            probe_excuse_endpoint(&server->endpoints[i],
                                  &server->endpoints[server->chosen],
                                  &results[i]);
        print_row(check, "connect", &results[i]);
    }
}

/* Nothing came back on the connection that failed. */
static bool was_not_served(const struct probe_result *result)
{
    enum fault_kind kind = result->fault.kind;

    return result->fault.offset == 0 &&
           (kind == FAULT_LATE || kind == FAULT_CLOSED || kind == FAULT_RESET);
}

static void run_again(struct check *check, probe_function *probe,
                      struct probe_result *result)
{
    *result = (struct probe_result){0};
    probe_run(&check->context, probe, result);
}

/* A server with a limit may take a moment to see the end of the connection
 * before. */
static void run_until_served(struct check *check, probe_function *probe,
                             struct probe_result *result)
{
    for (int i = 0; i < LEAVE_TRIES; i++) {
        if (!was_not_served(result) || result->fault.kind == FAULT_LATE)
            return;
        interrupt_wait(-1, 0, clock_ns() + LEAVE_MS * PROBE_NS_PER_MS);
        run_again(check, probe, result);
    }
}

/* If nothing has come back yet, the unused connection may be the reason: run
 * the probe again without it. */
static void run_probe(struct check *check, probe_function *probe,
                      struct probe_result *result)
{
    struct probe_context *context = &check->context;
    struct probe_result first;

    probe_run(context, probe, result);
    if (probe == probe_silence || probe == probe_clients ||
        !was_not_served(result))
        return;
    first = *result;
    if (!context->has_answer && context->unused.fd >= 0) {
        probe_end_and_close(&context->unused);
        run_again(check, probe, result);
        run_until_served(check, probe, result);
        if (context->has_answer)
            context->blocked = first;
    } else if (context->blocked.fault.kind != FAULT_NONE)
        run_until_served(check, probe, result);
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
        struct probe_result result = {0};
        bool is_idle = probes[i].probe == probe_idle;

        if (is_idle && check->options->idle_ms == 0)
            continue;
        if (check->skipped != NULL && !is_tried(context, i))
            probe_skipped(&result, check->skipped, "not tried");
        else
            run_probe(check, probes[i].probe, &result);
        print_row(check, probes[i].name, &result);
        check->skipped = why_skip(check, &result);
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

static enum status run(struct check *check, struct probe_result *results)
{
    char cause[PROBE_TEXT_MAX];
    size_t explained = 0;

    if (check->options->json)
        begin_json(check);
    print_resolved(check);
    run_endpoints(check, results);
    if (check->accepting > 0)
        run_probes(check);
    explained = causes_find(&check->causes, cause);
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
    struct probe_result *results = NULL; /* of the endpoints */
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
    results = calloc(context->server.count, sizeof *results);
    if (context->exchange.buffer == NULL || results == NULL)
        status_warn("cannot begin: %s", strerror(errno));
    else if (connect_check_limit(options->clients, 2, errmsg) < 0)
        status_cannot_begin(options, STATUS_LOCAL, errmsg);
    else
        status = run(&check, results);
    free(results);
    free(context->exchange.buffer);
    connect_free(&context->server);
    return status;
}
