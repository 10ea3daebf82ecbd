/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * report: one event, one line, one write; never blocks a client.
 *
 * Events go to standard output, in the form asked for; trouble goes to
 * standard error. A line is either written whole or lost; lost lines are
 * counted, and owned up to on standard error as soon as writing works again.
 * Nothing here allocates, and any thread may call it. The descriptors stay
 * the caller's.
 */
#ifndef ECHOD_LOG_H
#define ECHOD_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum log_format { LOG_TEXT, LOG_JSON, LOG_NONE };

/* How a client's stream ended. */
enum log_end { END_EOF, END_ERROR, END_TIMEOUT, END_STOPPED };

struct log_close {
    const struct sockaddr *peer; /* NULL: standard output, not a socket */
    uint64_t bytes;
    int64_t ms;
    enum log_end end;
    const char *error; /* NULL if all came back */
};

struct log_totals {
    size_t now;       /* clients */
    uint64_t clients; /* so far, those of now included */
    uint64_t refused;
    uint64_t cut; /* clients that a stop cut off */
    uint64_t bytes;
    int64_t ms; /* up */
};

/*
 * Report to out_fd and err_fd from now on; -1 is nowhere. May open a second
 * way to each, so before privileges are dropped and before the first thread.
 */
void log_open(enum log_format format, int out_fd, int err_fd);

void log_listen(const char *address);
void log_connect(const struct sockaddr *peer);
void log_refuse(const struct sockaddr *peer, const char *why);

/*
 * May wait for a reader that is slow but alive, log_sink_write(): so its caller
 * hangs up on the client before.
 */
void log_close(const struct log_close *close);

/* accept(2) or the thread behind it failed; then: what is done about it. */
void log_accept_error(const char *error, const char *then);

void log_totals(const struct log_totals *totals);
void log_stop(const struct log_totals *totals);

/* "echod: " and a line for a person on standard error. */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* strerror(3) for any thread. */
const char *log_strerror(int error);

#endif
