/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * log: what the server reports, as lines of text or JSON.
 */
#include "config.h"

#include "echod/log.h"

#include "common/address.h"
#include "common/text.h"
#include "echod/log_queue.h"
#include "echod/log_sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A line on the stack of its thread. Large enough for a Unix socket's path in
 * which every byte is escaped. */
struct line {
    size_t length;
    char text[1024]; /* without '\0' */
};

/* Milliseconds as seconds. The floating point of printf(3) would need more
 * stack in every client's thread. */
#define SECONDS "%" PRId64 ".%03d"
#define SECONDS_OF(ms) (ms) / 1000, (int)((ms) % 1000)

static enum log_format log_format;
static bool has_timestamps; /* in lines of text */
static struct log_sink out = {.fd = -1};
static struct log_sink err = {.fd = -1};
static struct log_queue out_queue;
static struct log_queue err_queue;

void log_open(enum log_format format, int out_fd, int err_fd)
{
    log_format = format;
    log_sink_open(&out, format == LOG_NONE ? -1 : out_fd);
    log_sink_open(&err, err_fd);
}

void log_add_timestamps(void)
{
    has_timestamps = true;
}

const char *log_strerror(int error)
{
    static _Thread_local char text[128];

#ifdef STRERROR_R_CHAR_P
    return strerror_r(error, text, sizeof text);
#else
    if (strerror_r(error, text, sizeof text) != 0)
        snprintf(text, sizeof text, "error %d", error);
    return text;
#endif
}

void log_set_end(struct log_event *event, int error, enum client_state state,
                 bool all_read)
{
    event->end = END_EOF;
    if (state == CLIENT_CUT) {
        event->end = END_STOPPED;
        event->error = "cut off by the stop";
    } else if (error == EAGAIN) {
        event->end = END_TIMEOUT;
        event->error = "timed out";
    } else if (error != 0) {
        event->end = END_ERROR;
        event->error = log_strerror(error);
    } else if (state == CLIENT_DRAINING) {
        event->end = END_STOPPED;
        if (SHUT_RD_DISCARDS) /* and nothing tells whether there was input */
            event->error = "stopped, input may be lost";
        else if (!all_read)
            event->error = "stopped while it was sending";
    }
}

/*
 * Lines. What does not fit is cut off.
 */

__attribute__((format(printf, 2, 0))) static void
add_list(struct line *line, const char *format, va_list list)
{
    size_t left = sizeof line->text - line->length;
    int length = vsnprintf(line->text + line->length, left, format, list);

    if (length > 0)
        line->length += (size_t)length < left ? (size_t)length : left - 1;
}

__attribute__((format(printf, 2, 3))) static void add(struct line *line,
                                                      const char *format, ...)
{
    va_list list;

    va_start(list, format);
    add_list(line, format, list);
    va_end(list);
}

/* The time in UTC with milliseconds, RFC 3339. Such lines can be sorted, also
 * when the clocks go back in autumn; and localtime_r(3) may read a file. */
static void add_time(struct line *line)
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
static void end_line(struct line *line, const char *end)
{
    text_mask_controls(line->text, line->length);
    add(line, "%s", end);
    line->text[line->length++] = '\n';
}

/*
 * Text
 */

static void begin_text(struct line *line)
{
    if (!has_timestamps)
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

static void add_text_close(struct line *line, const struct log_event *event,
                           const char *peer)
{
    const char *error = event->error;

    if (error != NULL)
        add(line, "error: %s (", error);
    add(line, "wrote %" PRIu64 " bytes to %s in " SECONDS " s%s", event->bytes,
        peer, SECONDS_OF(event->ms), error != NULL ? ")" : "");
}

/* Those that the queue did not take, and those that the file did not take. */
static unsigned long lines_lost(void)
{
    return atomic_load(&out.dropped_total) +
           atomic_load(&out_queue.file.dropped_total);
}

static void add_text_totals(struct line *line, const struct log_event *event)
{
    const struct clients_totals *totals = event->totals;

    add(line, "%s: %zu clients now, %" PRIu64 " so far, %" PRIu64 " refused, ",
        event->kind == EVENT_STOP ? "stopped" : "totals", totals->now,
        totals->clients, totals->refused);
    add(line, "%" PRIu64 " cut off, %" PRIu64 " bytes, %lu lines lost, ",
        totals->cut, totals->bytes, lines_lost());
    add(line, SECONDS " s up", SECONDS_OF(event->ms));
}

static void make_text(struct line *line, const struct log_event *event)
{
    char text[ADDRESS_TEXT_MAX];
    const char *peer = peer_name(event->peer, text);

    begin_text(line);
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
        add_text_totals(line, event);
        break;
    }
    end_line(line, "");
}

/*
 * JSON: one object a line, RFC 8259
 */

/* A value of NULL is left out. */
static void add_json_string(struct line *line, const char *name,
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

static void add_json_number(struct line *line, const char *name, uint64_t value)
{
    add(line, ",\"%s\":%" PRIu64, name, value);
}

static void add_json_seconds(struct line *line, int64_t ms)
{
    add(line, ",\"seconds\":" SECONDS, SECONDS_OF(ms));
}

static void add_json_totals(struct line *line, const struct log_event *event)
{
    const struct clients_totals *totals = event->totals;

    add_json_number(line, "now", totals->now);
    add_json_number(line, "clients", totals->clients);
    add_json_number(line, "refused", totals->refused);
    add_json_number(line, "cut", totals->cut);
    add_json_number(line, "bytes", totals->bytes);
    add_json_number(line, "lost", lines_lost());
    add_json_seconds(line, event->ms);
}

static void make_json(struct line *line, const struct log_event *event)
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
        add_json_totals(line, event);
    end_line(line, "}");
}

/*
 * Writing
 */

/* The first line that is dropped is reported at once, by whichever thread it
 * belongs to; the number of them when a line gets through again. The sink is
 * standard output, or the file behind its queue. */
static void write_line(struct log_sink *sink, const char *text, size_t length,
                       bool may_wait)
{
    unsigned long dropped = log_sink_write(sink, text, length, may_wait);

    if (dropped == 1)
        log_warn("standard output: %s (reports are being lost)",
                 log_strerror(errno));
    if (dropped > 0 || atomic_load(&sink->dropped) == 0)
        return;
    dropped = atomic_exchange(&sink->dropped, 0);
    if (dropped > 0)
        log_warn("standard output: works again, %lu lines were lost", dropped);
}

void log_event(const struct log_event *event)
{
    struct line line = {.length = 0};

    if (log_format == LOG_JSON)
        make_json(&line, event);
    else
        make_text(&line, event);
    write_line(&out, line.text, line.length,
               event->kind == EVENT_CLOSE || event->kind == EVENT_STOP);
}

/* If standard error does not take the line either, nothing more can be done. */
void log_warn(const char *format, ...)
{
    struct line line = {.length = 0};
    va_list list;

    begin_text(&line);
    add(&line, "echod: ");
    va_start(list, format);
    add_list(&line, format, list);
    va_end(list);
    end_line(&line, "");
    log_sink_write(&err, line.text, line.length, false);
}

/*
 * Queues: only their threads wait for a file system
 */

int log_open_queues(void)
{
    int out_threads = log_queue_open(&out_queue, &out);
    int err_threads = log_queue_open(&err_queue, &err);

    return out_threads < 0 || err_threads < 0 ? -1 : out_threads + err_threads;
}

static void write_out_file(const char *line, size_t length)
{
    write_line(&out_queue.file, line, length, false);
}

static void write_err_file(const char *line, size_t length)
{
    log_sink_write(&err_queue.file, line, length, false);
}

int log_start_queues(void)
{
    int error = log_queue_start(&err_queue, write_err_file);

    return error != 0 ? error : log_queue_start(&out_queue, write_out_file);
}

void log_finish(void)
{
    enum { WAIT_MS = 2000 };
    unsigned long lost = log_queue_wait(&out_queue, WAIT_MS) +
                         atomic_load(&out.dropped) +
                         atomic_load(&out_queue.file.dropped);

    if (lost > 0)
        log_warn("standard output: %lu lines were lost", lost);
    log_queue_wait(&err_queue, WAIT_MS);
}
