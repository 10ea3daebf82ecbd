/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * log_line: an event or a warning as a line of text or JSON.
 *
 * A line ends with its only newline: other control characters, which a path may
 * hold, are masked or escaped. What does not fit is cut off. Nothing here
 * allocates, and any thread may call it.
 */
#ifndef ECHOD_LOG_LINE_H
#define ECHOD_LOG_LINE_H

#include "echod/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Small enough for the stack of a client's thread, and large enough for a Unix
 * socket's path in which every byte is escaped. */
struct log_line {
    size_t length;
    char text[1024]; /* without '\0' */
};

/* Make the line of an event. lost is the number of lines that were lost so far,
 * for EVENT_TOTALS and EVENT_STOP. with_time: the line begins with the time. */
void log_line_text(struct log_line *line, const struct log_event *event,
                   unsigned long lost, bool with_time);

/* The same as a JSON object, which always has the time. */
void log_line_json(struct log_line *line, const struct log_event *event,
                   unsigned long lost);

/* Make the line of a message for standard error: "echod: " and the message. */
__attribute__((format(printf, 3, 0))) void
log_line_warning(struct log_line *line, bool with_time, const char *format,
                 va_list list);

#endif
