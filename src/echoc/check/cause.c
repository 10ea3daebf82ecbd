/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * cause: what a probe found that explains the results of others, and which bad
 * results have one cause.
 */
#include "config.h"

#include "echoc/check/cause.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RIGHT_MAX = 2 };

const char cause_ends[] = "the other side ends the connections on its own";
const char cause_banner[] =
    "something sends a banner: a middlebox, or another kind of server";
const char cause_values[] = "some byte values are changed on the way";
const char cause_adds[] = "more comes back than was sent: something adds bytes";
const char cause_no_end[] = "the other side never closes after a half-close";
const char cause_resets[] = "the other side answers a half-close with a reset";
const char cause_mute[] = "some connections are not answered, others are";
const char cause_slow[] = "the server or the path is slow";
const char cause_last[] = "the last byte is held back or dropped";

/* The first bytes of a banner may be right, by chance. */
static bool is_banner(const struct probe_context *context,
                      const struct fault *fault)
{
    for (size_t right = 0; right <= RIGHT_MAX && right <= fault->offset;
         right++) {
        size_t size = fault->seen_size;

        if (right >= context->banner_size)
            return false;
        if (size > context->banner_size - right)
            size = context->banner_size - right;
        if (size > right &&
            memcmp(fault->seen, context->banner + right, size) == 0)
            return true;
    }
    return false;
}

static bool is_wrong(const struct fault *fault)
{
    return fault->kind == FAULT_CHANGED || fault->kind == FAULT_EXTRA;
}

static bool is_unserved(const struct fault *fault)
{
    return fault->kind == FAULT_CONNECT || probe_is_unserved(fault);
}

bool cause_explain(const struct probe_context *context,
                   struct probe_result *result)
{
    const struct fault *fault = &result->fault;
    bool is_mute = fault->kind == FAULT_LATE && fault->offset == 0 &&
                   fault->sent > 1 && context->has_answer;
    const char *cause = NULL;

    if (result->verdict != PROBE_BAD)
        return false;
    if (is_wrong(fault) && is_banner(context, fault))
        cause = cause_banner;
    else if (fault->kind == FAULT_CHANGED && context->values[fault->expected])
        cause = cause_values;
    else if (result->is_usual && context->ended != NULL)
        cause = is_unserved(fault) ? context->ended : NULL;
    else if (result->is_usual && result->cause == NULL && is_mute)
        cause = cause_mute;
    if (cause == NULL)
        return false;
    result->cause = cause;
    result->broke_at = PROBE_NO_OFFSET;
    snprintf(result->diagnosis, PROBE_TEXT_MAX, "%s", cause);
    return true;
}

static const char *cause_of(const struct probe_result *result)
{
    return result->cause != NULL ? result->cause : result->diagnosis;
}

bool cause_is_same(const struct probe_result *one,
                   const struct probe_result *other)
{
    return one->verdict == PROBE_BAD && other->verdict == PROBE_BAD &&
           strcmp(cause_of(one), cause_of(other)) == 0;
}

/* The first does not show enough to tell its cause from that of the other: so
 * few wrong bytes that they do not tell how they changed, or no byte at all. */
static bool may_be_same(const struct probe_result *one,
                        const struct probe_result *other)
{
    const struct fault *fault = &one->fault;

    if (one->verdict != PROBE_BAD || other->verdict != PROBE_BAD ||
        !one->is_usual)
        return false;
    if (fault->kind == FAULT_LATE)
        return fault->offset == 0 && other->is_usual &&
               other->fault.kind == FAULT_LATE &&
               (fault->sent == 1 ||
                (other->fault.offset > 0 && other->cause == NULL));
    return fault->kind == FAULT_CHANGED && fault->change == CHANGE_UNKNOWN &&
           one->cause == NULL && is_wrong(&other->fault);
}

/* Of the results with the same cause as this one. The offsets at which
 * connections broke are PROBE_NO_OFFSET if one of them has none, since that is
 * above all others. */
struct group {
    const struct probe_result *result;
    size_t count;
    uint64_t low, high;
};

static struct group find_group(const struct probe_result results[],
                               size_t count, const struct probe_result *result)
{
    struct group group = {.result = result, .low = PROBE_NO_OFFSET};

    for (size_t i = 0; i < count; i++) {
        uint64_t offset = results[i].broke_at;

        group.count += cause_is_same(&results[i], result) ||
                       may_be_same(&results[i], result);
        if (!cause_is_same(&results[i], result))
            continue;
        if (offset < group.low)
            group.low = offset;
        if (offset > group.high)
            group.high = offset;
    }
    return group;
}

size_t cause_find(const struct probe_result results[], size_t count,
                  char text[PROBE_TEXT_MAX])
{
    struct group most = {.count = 0};
    const char *cause = NULL;

    for (size_t i = 0; i < count; i++) {
        struct group group = find_group(results, count, &results[i]);

        if (group.count > most.count)
            most = group;
    }
    *text = '\0';
    if (most.count < 2)
        return most.count;
    cause = cause_of(most.result);
    if (most.high == PROBE_NO_OFFSET)
        snprintf(text, PROBE_TEXT_MAX, "%s", cause);
    else if (most.low == most.high)
        snprintf(text, PROBE_TEXT_MAX,
                 "%.200s, each time after %" PRIu64 " bytes", cause, most.low);
    else
        snprintf(text, PROBE_TEXT_MAX,
                 "%.200s, after %" PRIu64 " to %" PRIu64 " bytes", cause,
                 most.low, most.high);
    return most.count;
}
