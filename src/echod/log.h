/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * log: what the server reports, as lines of text or JSON.
 *
 * Events go to standard output, warnings to standard error. A line is written
 * whole or dropped: no client waits for a reader of the log that has stalled.
 * Dropped lines are counted, and the count is reported on standard error once
 * writing works again. Nothing here allocates, and any thread may call it.
 */
#ifndef ECHOD_LOG_H
#define ECHOD_LOG_H

#include "echod/clients.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum log_format { LOG_TEXT, LOG_JSON, LOG_NONE };

enum log_kind {
    EVENT_LISTEN,  /* address */
    EVENT_CONNECT, /* peer */
    EVENT_REFUSE,  /* peer, error */
    EVENT_CLOSE,   /* peer, bytes, ms, end, error */
    EVENT_ACCEPT,  /* error: accept(2) or the new thread failed; action */
    EVENT_TOTALS,  /* totals, ms */
    EVENT_STOP     /* the same */
};

/* How the connection of a client ended. */
enum log_end { END_EOF, END_ERROR, END_TIMEOUT, END_STOPPED };

/* One event. A kind uses the members named after it above. */
struct log_event {
    enum log_kind kind;
    const char *address;         /* of a listening socket */
    const struct sockaddr *peer; /* NULL: not a socket, under --inetd */
    uint64_t bytes;
    int64_t ms; /* how long the client, or the server, has run */
    enum log_end end;
    const char *error;  /* NULL: everything was echoed */
    const char *action; /* what is done about the error */
    const struct clients_totals *totals;
};

/*
 * Log to out_fd and err_fd from now on; -1 is nowhere. The descriptors stay
 * the caller's, but may be opened a second time: so call it before privileges
 * are dropped and before the first thread.
 */
void log_open(enum log_format format, int out_fd, int err_fd);

/*
 * Begin each line of text with the time from now on, warnings included, in the
 * form that JSON lines have: UTC with milliseconds, RFC 3339. Call it before
 * the first thread.
 */
void log_add_timestamps(void);

/*
 * For a server: make a queue for each stream that is a regular file, see
 * log_queue.h, after log_open() and before limits_find(). Returns how many
 * threads they need, or -1 with errno.
 */
int log_open_queues(void);

/*
 * Start these threads, when privileges have been dropped and before any other
 * thread. From now on no call waits for a file system. Returns 0, or an error
 * number as pthread functions do.
 */
int log_start_queues(void);

/*
 * Before the process ends: wait for the queues to empty, 2 s at most for each,
 * and report lines that were lost, which includes those that are left.
 */
void log_finish(void);

/*
 * Log an event. EVENT_CLOSE and EVENT_STOP may wait for a slow reader of the
 * log, as log_sink_write() describes; the others never wait.
 */
void log_event(const struct log_event *event);

/* The same with the members by name: LOG_EVENT(EVENT_CONNECT, .peer = peer). */
#define LOG_EVENT(...) log_event(&(struct log_event){.kind = __VA_ARGS__})

/*
 * Fill in how a connection ended: error is the errno of echo_until_eof(), or 0;
 * state is what a stop did to the client. all_read tells, of a client that was
 * drained, that no input was left unread.
 */
void log_set_end(struct log_event *event, int error, enum client_state state,
                 bool all_read);

/* Write "echod: " and a message for a person to standard error. */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* strerror(3) for any thread; the next call in the same thread may change the
 * text. In English, as nothing calls setlocale(3). Start-up messages, which are
 * made before the first thread, use strerror(3) itself. */
const char *log_strerror(int error);

#endif
