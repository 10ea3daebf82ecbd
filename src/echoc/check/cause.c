/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * cause: which bad results of a check have one cause.
 *
 * Two results have the same cause if it has the same words.
 */
#include "config.h"

#include "echoc/check/cause.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool causes_add(struct causes *causes, const struct probe_result *result)
{
    const char *text =
        result->cause != NULL ? result->cause : result->diagnosis;
    struct cause *cause = causes->list;
    struct cause *end = cause + causes->count;

    while (cause < end && strcmp(cause->text, text) != 0)
        cause++;
    if (cause == end) {
        if (causes->count == CAUSES_MAX)
            return false;
        causes->count++;
        snprintf(cause->text, sizeof cause->text, "%s", text);
        snprintf(cause->diagnosis, sizeof cause->diagnosis, "%s",
                 result->diagnosis);
        cause->low = cause->high = result->broke_at;
    }
    /* PROBE_NO_OFFSET is above all offsets, so it stays once it is there. */
    if (result->broke_at < cause->low)
        cause->low = result->broke_at;
    if (result->broke_at > cause->high)
        cause->high = result->broke_at;
    return cause->results++ > 0 &&
           strcmp(cause->diagnosis, result->diagnosis) == 0;
}

size_t causes_find(const struct causes *causes, char text[PROBE_TEXT_MAX])
{
    const struct cause *most = &causes->list[0];

    for (size_t i = 1; i < causes->count; i++)
        if (causes->list[i].results > most->results)
            most = &causes->list[i];
    if (most->results < 2)
        *text = '\0';
    else if (most->high == PROBE_NO_OFFSET)
        snprintf(text, PROBE_TEXT_MAX, "%s", most->text);
    else if (most->low == most->high)
        snprintf(text, PROBE_TEXT_MAX,
                 "%.200s, each time after %" PRIu64 " bytes", most->text,
                 most->low);
    else
        snprintf(text, PROBE_TEXT_MAX,
                 "%.200s, after %" PRIu64 " to %" PRIu64 " bytes", most->text,
                 most->low, most->high);
    return most->results;
}
