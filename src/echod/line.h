/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * line: one line of the log, as text for a person or as a JSON object.
 *
 * A struct line lives on its thread's stack; nothing allocates. What does not
 * fit is cut off, and the line still ends.
 */
#ifndef ECHOD_LINE_H
#define ECHOD_LINE_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for a listener's line whose path is all escapes. */
struct line {
    bool is_json;
    size_t length;
    char text[1024]; /* no '\0' */
};

/* Milliseconds as seconds for printf(3), without its floating point, which
 * would take more of every client's stack. */
#define LINE_SECONDS "%" PRId64 ".%03d"
#define LINE_SECONDS_OF(ms) (ms) / 1000, (int)((ms) % 1000)

/* Start it; in JSON with the time (RFC 3339, UTC, ms) and the event. */
void line_start(struct line *line, bool is_json, const char *event);

/* What only a text line says. */
void line_words(struct line *line, const char *words, ...)
    __attribute__((format(printf, 2, 3)));
void line_words_list(struct line *line, const char *words, va_list list)
    __attribute__((format(printf, 2, 0)));

/* What only a JSON line says; a value of NULL is left out. */
void line_member(struct line *line, const char *name, const char *value);
void line_count(struct line *line, const char *name, uint64_t value);
void line_seconds(struct line *line, int64_t ms); /* "seconds" */

/* End it, with '\n'; control characters before that become '?'. */
void line_end(struct line *line);

#endif
