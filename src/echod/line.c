/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * line: one line of the log, as text for a person or as a JSON object.
 *
 * Knows the two forms. Must not know which events there are, or where a line
 * goes.
 */
#include "config.h"

#include "echod/line.h"

#include "common/text.h"

#include <stdio.h>
#include <time.h>

__attribute__((format(printf, 2, 0))) static void
add_list(struct line *line, const char *words, va_list list)
{
    size_t room = sizeof line->text - line->length;
    int length = vsnprintf(line->text + line->length, room, words, list);

    if (length > 0)
        line->length += (size_t)length < room ? (size_t)length : room - 1;
}

__attribute__((format(printf, 2, 3))) static void add(struct line *line,
                                                      const char *words, ...)
{
    va_list list;

    va_start(list, words);
    add_list(line, words, list);
    va_end(list);
}

void line_start(struct line *line, bool is_json, const char *event)
{
    struct timespec now;
    struct tm utc;

    line->is_json = is_json;
    line->length = 0;
    if (!is_json)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    add(line, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\"",
        utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
        utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000);
    line_member(line, "event", event);
}

void line_words_list(struct line *line, const char *words, va_list list)
{
    if (!line->is_json)
        add_list(line, words, list);
}

void line_words(struct line *line, const char *words, ...)
{
    va_list list;

    va_start(list, words);
    line_words_list(line, words, list);
    va_end(list);
}

void line_member(struct line *line, const char *name, const char *value)
{
    char out[TEXT_JSON_MAX];
    size_t length = 0;

    if (!line->is_json || value == NULL)
        return;
    add(line, ",\"%s\":\"", name);
    while ((length = text_to_json(&value, out)) > 0)
        add(line, "%.*s", (int)length, out);
    add(line, "\"");
}

void line_count(struct line *line, const char *name, uint64_t value)
{
    if (line->is_json)
        add(line, ",\"%s\":%" PRIu64, name, value);
}

void line_seconds(struct line *line, int64_t ms)
{
    if (line->is_json)
        add(line, ",\"seconds\":" LINE_SECONDS, LINE_SECONDS_OF(ms));
}

/* A word of the command line may hold anything, but the line stays one. There
 * is room for its end: vsnprintf(3) kept a byte for its '\0'. */
void line_end(struct line *line)
{
    text_mask_controls(line->text, line->length);
    if (line->is_json)
        add(line, "}");
    line->text[line->length++] = '\n';
}
