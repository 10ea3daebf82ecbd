/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * check: what does the path do to my bytes?
 *
 * Knows which trials there are, in which order, and the table. Must not know
 * how any of them is made.
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
    void (*run)(struct context *context, struct result *result);
} trials[] = {
    {"silence", probe_silence},
    {"values", probe_values},
    {"sizes", probe_sizes},
    {"half-close", probe_half_close},
    {"end", probe_end},
    {"reset", probe_abort},
    {"small writes", probe_small_writes},
    {"round trips", probe_round_trips},
    {"clients", probe_concurrent},
    {"bulk", probe_bulk},
    {"idle", probe_idle},
};

struct check {
    const struct options *options;
    struct context context;
    size_t bad;
    size_t connected; /* endpoints that accept */
};

static const char *const verdicts[] = {
    [PROBE_OK] = "ok", [PROBE_BAD] = "bad", [PROBE_SKIPPED] = "skipped"};

/* A line is whole before the next trial begins, which may take a while. */
static void tell(struct check *check, const char *name,
                 const struct result *result)
{
    check->bad += result->verdict == PROBE_BAD;
    if (check->options->json) {
        json_object(NULL);
        json_text("name", name);
        json_text("verdict", verdicts[result->verdict]);
        json_text("seen", result->seen);
        json_text("means", result->diagnosis);
        json_end();
        return;
    }
    printf("%-8s%-13s %s: %s\n",
           result->verdict == PROBE_BAD ? "BAD" : verdicts[result->verdict],
           name, result->seen, result->diagnosis);
    fflush(stdout);
}

static void tell_resolved(struct check *check)
{
    struct result result = {0};

    probe_diagnose(&result, "the name is known");
    probe_ok(&result, "%zu address%s in %.3f ms", check->context.server.count,
             check->context.server.count == 1 ? "" : "es",
             check->context.resolve_ms);
    tell(check, "resolve", &result);
}

static void try_endpoints(struct check *check)
{
    struct context *context = &check->context;

    for (size_t i = 0; i < context->server.count && !context->stopped; i++) {
        struct result result = {0};

        probe_endpoint(context, i, &result);
        tell(check, "connect", &result);
        if (result.verdict == PROBE_OK && check->connected++ == 0)
            context->server.chosen = i;
    }
}

static void try_all(struct check *check)
{
    struct context *context = &check->context;

    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
        struct result result = {0};

        if (context->stopped)
            return;
        if (trials[i].run == probe_idle && check->options->idle_ms == 0)
            continue;
        trials[i].run(context, &result);
        tell(check, trials[i].name, &result);
    }
}

static void begin_json(const struct check *check)
{
    json_object(NULL);
    json_text("command", "check");
    json_text("address", check->context.server.text);
    json_array("trials");
}

static void end_json(const struct check *check)
{
    const struct context *context = &check->context;
    char name[CONNECT_NAME_MAX];

    json_end();
    connect_name(&context->server, context->server.chosen, name);
    json_text("endpoint", check->connected > 0 ? name : NULL);
    json_whole("bad", check->bad);
    json_bool("ok",
              check->connected > 0 && check->bad == 0 && !context->stopped);
    json_number("resolve_ms", context->resolve_ms);
    json_times("connect_ms", &context->connect_times);
    json_times("round_trip_ms", &context->round_trips);
    json_number("bytes_per_second", context->bytes_per_second);
    json_end();
}

static enum status run(struct check *check)
{
    const struct options *options = check->options;

    if (options->json)
        begin_json(check);
    tell_resolved(check);
    try_endpoints(check);
    if (check->connected > 0)
        try_all(check);
    if (options->json)
        end_json(check);
    else if (check->bad > 0)
        printf("%zu bad\n", check->bad);
    if (check->context.is_short)
        return STATUS_LOCAL;
    if (check->connected == 0 && check->bad == 0 && !check->context.stopped)
        status_warn("%s: this machine has no address to try it from",
                    check->context.server.text);
    if (check->connected == 0)
        return STATUS_FAULT;
    return check->bad > 0 || check->context.stopped ? STATUS_FAULT : STATUS_OK;
}

enum status check_run(const struct options *options)
{
    static struct check check; /* too large for a stack */
    struct context *context = &check.context;
    int64_t start = clock_ns();
    enum status status = STATUS_LOCAL;
    char errmsg[ERRMSG_MAX];

    if (connect_resolve(&context->server, options, errmsg) < 0) {
        status_warn("%s", errmsg);
        return STATUS_FAULT;
    }
    check.options = options;
    context->options = options;
    context->resolve_ms = (double)(clock_ns() - start) / 1e6;
    context->run = (uint64_t)start;
    context->quickest_ns = INT64_MAX;
    context->exchange.timeout_ms = options->reply_timeout_ms;
    context->exchange.is_idle_timeout = true;
    context->exchange.buffer = malloc(CONNECTION_CHUNK);
    if (context->exchange.buffer == NULL) {
        status_warn("cannot begin: %s", strerror(errno));
    } else if (connect_check_limit(options->clients, 1, errmsg) < 0) {
        status_warn("%s", errmsg);
    } else {
        status = run(&check);
    }
    free(context->exchange.buffer);
    connect_free(&context->server);
    return status;
}
