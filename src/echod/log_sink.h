/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * outlet: a descriptor that takes lines and never blocks their writer.
 *
 * Any thread may write. A line goes out whole or counts as lost.
 */
#ifndef ECHOD_LOG_SINK_H
#define ECHOD_LOG_SINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_sink {
    int fd; /* -1: nowhere; lines vanish and count as written */
    enum { LOG_SINK_FILE, LOG_SINK_SOCKET, LOG_SINK_OWN, LOG_SINK_SHARED } kind;
    _Atomic int64_t moved;  /* when a line last got through, clock_ms() */
    atomic_bool partial;    /* the last line stopped short of its end */
    atomic_ulong lost;      /* lines, since one last got through */
    atomic_ulong lost_ever; /* lines */
};

/*
 * Write to fd (-1: nowhere) from now on. A pipe or terminal is opened a second
 * time where the system can do that: O_NONBLOCK belongs to the open file
 * description (open(2)), which others may share, so it is never set on fd.
 */
void log_sink_open(struct log_sink *log_sink, int fd);

/*
 * Write a line of length bytes, at most PIPE_BUF, its '\n' included. A patient
 * write waits while others' lines get through, up to 5 s, and gives up when
 * none has for 200 ms; while lines are being lost no write waits. Returns 0, or
 * with errno how many lines have been lost in a row, this one included.
 */
unsigned long log_sink_write(struct log_sink *log_sink, const char *line,
                             size_t length, bool may_wait);

#endif
