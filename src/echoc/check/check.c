/*
 * check: what does the path do to my bytes?
 *
 * Knows which trials there are, in which order, and the table. Must not know
 * how any of them is made.
 */
#include "config.h"

#include "echoc/check/check.h"

#include "common/clock.h"
#include "echoc/stats/json.h"
#include "echoc/check/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    void (*run)(struct site *site, struct answer *answer);
} trials[] = {
    {"silence", trial_silence},
    {"values", trial_values},
    {"sizes", trial_sizes},
    {"half-close", trial_half_close},
    {"end", trial_end},
    {"reset", trial_abort},
    {"small writes", trial_small_writes},
    {"round trips", trial_round_trips},
    {"clients", trial_crowd},
    {"bulk", trial_bulk},
    {"idle", trial_idle},
};

struct check {
    const struct options *options;
    struct site site;
    size_t bad;
    size_t connected; /* endpoints that accept */
};

static const char *const verdicts[] = {
    [TRIAL_OK] = "ok", [TRIAL_BAD] = "bad", [TRIAL_SKIPPED] = "skipped"};

/* A line is whole before the next trial begins, which may take a while. */
static void tell(struct check *check, const char *name,
                 const struct answer *answer)
{
    check->bad += answer->verdict == TRIAL_BAD;
    if (check->options->json) {
        json_object(NULL);
        json_text("name", name);
        json_text("verdict", verdicts[answer->verdict]);
        json_text("seen", answer->seen);
        json_text("means", answer->means);
        json_end();
        return;
    }
    printf("%-8s%-13s %s: %s\n",
           answer->verdict == TRIAL_BAD ? "BAD" : verdicts[answer->verdict],
           name, answer->seen, answer->means);
    fflush(stdout);
}

static void tell_resolved(struct check *check)
{
    struct answer answer = {0};

    trial_means(&answer, "the name is known");
    trial_ok(&answer, "%zu address%s in %.3f ms", check->site.target.count,
             check->site.target.count == 1 ? "" : "es", check->site.resolve_ms);
    tell(check, "resolve", &answer);
}

static void try_endpoints(struct check *check)
{
    struct site *site = &check->site;

    for (size_t i = 0; i < site->target.count && !site->stopped; i++) {
        struct answer answer = {0};

        trial_endpoint(site, i, &answer);
        tell(check, "connect", &answer);
        if (answer.verdict == TRIAL_OK && check->connected++ == 0)
            site->target.chosen = i;
    }
}

static void try_all(struct check *check)
{
    struct site *site = &check->site;

    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
        struct answer answer = {0};

        if (site->stopped)
            return;
        if (trials[i].run == trial_idle && check->options->idle_ms == 0)
            continue;
        trials[i].run(site, &answer);
        tell(check, trials[i].name, &answer);
    }
}

static void begin_json(const struct check *check)
{
    json_object(NULL);
    json_text("command", "check");
    json_text("address", check->site.target.text);
    json_array("trials");
}

static void end_json(const struct check *check)
{
    const struct site *site = &check->site;
    char name[TARGET_NAME_MAX];

    json_end();
    target_name(&site->target, name);
    json_text("endpoint", check->connected > 0 ? name : NULL);
    json_whole("bad", check->bad);
    json_bool("ok", check->connected > 0 && check->bad == 0 && !site->stopped);
    json_number("resolve_ms", site->resolve_ms);
    json_times("connect_ms", &site->connect_times);
    json_times("round_trip_ms", &site->round_trips);
    json_number("bytes_per_second", site->bytes_per_second);
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
    if (check->site.is_short)
        return STATUS_LOCAL;
    if (check->connected == 0 && check->bad == 0 && !check->site.stopped)
        status_say("%s: this machine has no address to try it from",
                   check->site.target.text);
    if (check->connected == 0)
        return STATUS_FAULT;
    return check->bad > 0 || check->site.stopped ? STATUS_FAULT : STATUS_OK;
}

enum status check_run(const struct options *options)
{
    static struct check check; /* too large for a stack */
    struct site *site = &check.site;
    int64_t start = clock_ns();
    enum status status = target_open(&site->target, options);

    if (status != STATUS_OK)
        return status;
    check.options = options;
    site->options = options;
    site->resolve_ms = (double)(clock_ns() - start) / 1e6;
    site->run = (uint64_t)start;
    site->quickest_ns = INT64_MAX;
    site->talk.timeout_ms = options->reply_timeout_ms;
    site->talk.patient = true;
    site->talk.room = malloc(STREAM_PIECE);
    if (site->talk.room == NULL) {
        status_say("cannot begin: %s", strerror(errno));
        status = STATUS_LOCAL;
    } else {
        status = status_descriptors(options->clients, 1);
        if (status == STATUS_OK)
            status = run(&check);
    }
    free(site->talk.room);
    target_close(&site->target);
    return status;
}
