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
#include "echoc/check/probe.h"
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
};
enum { PROBES = sizeof probes / sizeof probes[0] };

struct check {
    const struct options *options;
    struct probe_context context;
    size_t bad;       /* results */
    size_t accepting; /* endpoints */
};

static void print_json_row(const char *name, const struct probe_result *result)
{
    static const char *const verdicts[] = {
        [PROBE_OK] = "ok", [PROBE_BAD] = "bad", [PROBE_SKIPPED] = "skipped"};

    json_object(NULL);
    json_string("name", name);
    json_string("verdict", verdicts[result->verdict]);
    json_string("seen", result->observed);
    json_string("means", result->diagnosis);
    json_end();
}

static void print_text_row(const char *name, const struct probe_result *result)
{
    static const char *const verdicts[] = {
        [PROBE_OK] = "ok", [PROBE_BAD] = "BAD", [PROBE_SKIPPED] = "skipped"};

    printf("%-8s%-13s %s: %s\n", verdicts[result->verdict], name,
           result->observed, result->diagnosis);
    fflush(stdout); /* the next probe may take a while */
}

static void print_row(struct check *check, const char *name,
                      const struct probe_result *result)
{
    if (result->verdict == PROBE_BAD)
        check->bad++;
    if (check->options->json)
        print_json_row(name, result);
    else
        print_text_row(name, result);
}

static void print_resolved(struct check *check)
{
    size_t count = check->context.server.count;
    struct probe_result result = {0};

    probe_ok(&result, "the name resolves", "%zu address%s in %.3f ms", count,
             count == 1 ? "" : "es", check->context.resolve_ms);
    print_row(check, "resolve", &result);
}

static void probe_endpoints(struct check *check)
{
    struct probe_context *context = &check->context;

    for (size_t i = 0; i < context->server.count; i++) {
        struct probe_result result = {0};

        if (context->is_interrupted)
            return;
        probe_endpoint(context, i, &result);
        print_row(check, "connect", &result);
        if (result.verdict == PROBE_OK && check->accepting++ == 0)
            context->server.chosen = i;
    }
}

static void run_probes(struct check *check)
{
    for (size_t i = 0; i < PROBES; i++) {
        struct probe_result result = {0};

        if (check->context.is_interrupted)
            return;
        if (probes[i].probe == probe_idle && check->options->idle_ms == 0)
            continue;
        probe_run(&check->context, probes[i].probe, &result);
        print_row(check, probes[i].name, &result);
    }
}

static void begin_json(const struct check *check)
{
    options_json(check->options);
    json_string("address", check->context.server.text);
    json_array("trials");
}

static void end_json(const struct check *check)
{
    const struct probe_context *context = &check->context;
    char name[CONNECT_NAME_MAX];

    json_end();
    connect_name(&context->server, context->server.chosen, name);
    json_string("endpoint", check->accepting > 0 ? name : NULL);
    json_integer("bad", check->bad);
    json_bool("ok", check->accepting > 0 && check->bad == 0 &&
                        !context->is_interrupted);
    json_number("resolve_ms", context->resolve_ms);
    json_times("connect_ms", &context->connect_times);
    json_times("round_trip_ms", &context->round_trips);
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
    if (check->options->json)
        begin_json(check);
    print_resolved(check);
    probe_endpoints(check);
    if (check->accepting > 0)
        run_probes(check);
    if (check->options->json)
        end_json(check);
    else if (check->bad > 0)
        printf("%zu bad\n", check->bad);
    return check_status(check);
}

enum status check_run(const struct options *options)
{
    static struct check check; /* too large for a stack */
    struct probe_context *context = &check.context;
    int64_t start = clock_ns();
    enum status status = STATUS_OK;
    char errmsg[ERRMSG_MAX];

    status = connect_resolve(&context->server, options, errmsg);
    if (status != STATUS_OK)
        return status_cannot_begin(options, status, errmsg);
    status = STATUS_LOCAL;
    check.options = options;
    context->options = options;
    context->resolve_ms = (double)(clock_ns() - start) / 1e6;
    context->run_id = (uint64_t)start;
    context->min_connect_ns = INT64_MAX;
    context->exchange.timeout_ms = options->reply_timeout_ms;
    context->exchange.is_idle_timeout = true;
    context->exchange.limit_ms = options->reply_timeout_ms;
    context->exchange.buffer = malloc(CONNECTION_CHUNK);
    if (context->exchange.buffer == NULL)
        status_warn("cannot begin: %s", strerror(errno));
    else if (connect_check_limit(options->clients, 1, errmsg) < 0)
        status_cannot_begin(options, STATUS_LOCAL, errmsg);
    else
        status = run(&check);
    free(context->exchange.buffer);
    connect_free(&context->server);
    return status;
}
