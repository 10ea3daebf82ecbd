/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * log: what the server reports, and where the lines go.
 */
#include "config.h"

#include "echod/log.h"

#include "echod/log_line.h"
#include "echod/log_queue.h"
#include "echod/log_sink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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

/* Those that the queue did not take, and those that the file did not take. */
static unsigned long lines_lost(void)
{
    return atomic_load(&out.dropped_total) +
           atomic_load(&out_queue.file.dropped_total);
}

void log_event(const struct log_event *event)
{
    struct log_line line;

    if (log_format == LOG_JSON)
        log_line_json(&line, event, lines_lost());
    else
        log_line_text(&line, event, lines_lost(), has_timestamps);
    write_line(&out, line.text, line.length,
               event->kind == EVENT_CLOSE || event->kind == EVENT_STOP);
}

/* If standard error does not take the line either, nothing more can be done. */
void log_warn(const char *format, ...)
{
    struct log_line line;
    va_list list;

    va_start(list, format);
    log_line_warning(&line, has_timestamps, format, list);
    va_end(list);
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
