/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * log_line: an event or a warning as a line of text or JSON.
 */
#include "config.h"

#include "echod/log_line.h"

#include "common/address.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* Milliseconds as seconds. The floating point of printf(3) would need more
 * stack in every client's thread. */
#define SECONDS "%" PRId64 ".%03d"
#define SECONDS_OF(ms) (ms) / 1000, (int)((ms) % 1000)

__attribute__((format(printf, 2, 0))) static void
add_list(struct log_line *line, const char *format, va_list list)
{
    size_t left = sizeof line->text - line->length;
    int length = vsnprintf(line->text + line->length, left, format, list);

    if (length > 0)
        line->length += (size_t)length < left ? (size_t)length : left - 1;
}

__attribute__((format(printf, 2, 3))) static void add(struct log_line *line,
                                                      const char *format, ...)
{
    va_list list;

    va_start(list, format);
    add_list(line, format, list);
    va_end(list);
}

/* The time in UTC with milliseconds, RFC 3339. Such lines can be sorted, also
 * when the clocks go back in autumn; and localtime_r(3) may read a file. */
static void add_time(struct log_line *line)
{
    struct timespec now;
    struct tm utc;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    add(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", utc.tm_year + 1900,
        utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
        now.tv_nsec / 1000000);
}

/* A path may hold any byte, but the line must stay one line. There is always
 * space for the newline: vsnprintf(3) left a byte for its '\0'. */
static void end_line(struct log_line *line, const char *end)
{
    text_mask_controls(line->text, line->length);
    add(line, "%s", end);
    line->text[line->length++] = '\n';
}

/*
 * Text
 */

static void begin_text(struct log_line *line, bool with_time)
{
    line->length = 0;
    if (!with_time)
        return;
    add_time(line);
    add(line, " ");
}

static const char *peer_name(const struct sockaddr *peer,
                             char text[ADDRESS_TEXT_MAX])
{
    if (peer == NULL)
        return "standard output";
    address_format(peer, text);
    return text;
}

static void add_text_close(struct log_line *line, const struct log_event *event,
                           const char *peer)
{
    const char *error = event->error;

    if (error != NULL)
        add(line, "error: %s (", error);
    add(line, "wrote %" PRIu64 " bytes to %s in " SECONDS " s%s", event->bytes,
        peer, SECONDS_OF(event->ms), error != NULL ? ")" : "");
}

static void add_text_totals(struct log_line *line,
                            const struct log_event *event, unsigned long lost)
{
    const struct clients_totals *totals = event->totals;

    add(line, "%s: %zu clients now, %" PRIu64 " so far, %" PRIu64 " refused, ",
        event->kind == EVENT_STOP ? "stopped" : "totals", totals->now,
        totals->clients, totals->refused);
    add(line, "%" PRIu64 " cut off, %" PRIu64 " bytes, %lu lines lost, ",
        totals->cut, totals->bytes, lost);
    add(line, SECONDS " s up", SECONDS_OF(event->ms));
}

void log_line_text(struct log_line *line, const struct log_event *event,
                   unsigned long lost, bool with_time)
{
    char text[ADDRESS_TEXT_MAX];
    const char *peer = peer_name(event->peer, text);

    begin_text(line, with_time);
    switch (event->kind) {
    case EVENT_LISTEN:
        add(line, "server running on %s", event->address);
        break;
    case EVENT_CONNECT:
        add(line, "connect from %s", peer);
        break;
    case EVENT_REFUSE:
        add(line, "refused %s: %s", peer, event->error);
        break;
    case EVENT_CLOSE:
        add_text_close(line, event, peer);
        break;
    case EVENT_ACCEPT:
        add(line, "accept error = %s (%s)", event->error, event->action);
        break;
    case EVENT_TOTALS:
    case EVENT_STOP:
        add_text_totals(line, event, lost);
        break;
    }
    end_line(line, "");
}

void log_line_warning(struct log_line *line, bool with_time, const char *format,
                      va_list list)
{
    begin_text(line, with_time);
    add(line, "echod: ");
    add_list(line, format, list);
    end_line(line, "");
}

/*
 * JSON: one object a line, RFC 8259
 */

/* A value of NULL is left out. */
static void add_json_string(struct log_line *line, const char *name,
                            const char *value)
{
    char escaped[TEXT_JSON_MAX];
    size_t length = 0;

    if (value == NULL)
        return;
    add(line, ",\"%s\":\"", name);
    while ((length = text_to_json(&value, escaped)) > 0)
        add(line, "%.*s", (int)length, escaped);
    add(line, "\"");
}

static void add_json_number(struct log_line *line, const char *name,
                            uint64_t value)
{
    add(line, ",\"%s\":%" PRIu64, name, value);
}

static void add_json_seconds(struct log_line *line, int64_t ms)
{
    add(line, ",\"seconds\":" SECONDS, SECONDS_OF(ms));
}

static void add_json_totals(struct log_line *line,
                            const struct log_event *event, unsigned long lost)
{
    const struct clients_totals *totals = event->totals;

    add_json_number(line, "now", totals->now);
    add_json_number(line, "clients", totals->clients);
    add_json_number(line, "refused", totals->refused);
    add_json_number(line, "cut", totals->cut);
    add_json_number(line, "bytes", totals->bytes);
    add_json_number(line, "lost", lost);
    add_json_seconds(line, event->ms);
}

void log_line_json(struct log_line *line, const struct log_event *event,
                   unsigned long lost)
{
    static const char *const kinds[] = {[EVENT_LISTEN] = "listen",
                                        [EVENT_CONNECT] = "connect",
                                        [EVENT_REFUSE] = "refuse",
                                        [EVENT_CLOSE] = "close",
                                        [EVENT_ACCEPT] = "accept-error",
                                        [EVENT_TOTALS] = "totals",
                                        [EVENT_STOP] = "stop"};
    static const char *const ends[] = {[END_EOF] = "eof",
                                       [END_ERROR] = "error",
                                       [END_TIMEOUT] = "timeout",
                                       [END_STOPPED] = "stopped"};
    bool is_close = event->kind == EVENT_CLOSE;
    char text[ADDRESS_TEXT_MAX];

    line->length = 0;
    add(line, "{\"time\":\"");
    add_time(line);
    add(line, "\"");
    add_json_string(line, "event", kinds[event->kind]);
    add_json_string(line, "address", event->address);
    if (event->peer != NULL || is_close)
        add_json_string(line, "peer", peer_name(event->peer, text));
    if (is_close) {
        add_json_number(line, "bytes", event->bytes);
        add_json_seconds(line, event->ms);
        add_json_string(line, "end", ends[event->end]);
    }
    add_json_string(line, "error", event->error);
    add_json_string(line, "then", event->action);
    if (event->totals != NULL)
        add_json_totals(line, event, lost);
    end_line(line, "}");
}
