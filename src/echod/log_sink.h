/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * log_sink: a descriptor that takes lines without blocking their writer.
 *
 * Any thread may write. A line is written whole or counts as dropped. For a
 * regular file see log_queue.h.
 */
#ifndef ECHOD_LOG_SINK_H
#define ECHOD_LOG_SINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_sink {
    int fd; /* -1: lines vanish, and count as written */
    enum {
        LOG_SINK_FILE,   /* blocks for as long as its file system hangs */
        LOG_SINK_QUEUE,  /* the pipe of a struct log_queue */
        LOG_SINK_SOCKET, /* written with MSG_DONTWAIT */
        LOG_SINK_OWN,    /* a pipe or terminal, opened again, non-blocking */
        LOG_SINK_SHARED  /* one that could not be opened again */
    } kind;
    atomic_ulong queued;        /* lines that a queue has still to write */
    _Atomic int64_t written_ms; /* of the last line, clock_ms() */
    atomic_bool partial;        /* the last line was cut short */
    atomic_ulong dropped;       /* lines, since one was written */
    atomic_ulong dropped_total; /* lines */
};

/*
 * Write to fd (-1: nowhere) from now on. A pipe or terminal is opened a second
 * time where the system allows it: O_NONBLOCK belongs to the open file
 * description, open(2), which other processes may share, so it is never set on
 * fd itself.
 */
void log_sink_open(struct log_sink *sink, int fd);

/* Make room in a pipe for the lines of some ten thousand clients that leave at
 * once. It is not worth an error if the system does not allow it. */
void log_sink_enlarge_pipe(int fd);

/*
 * Write a line of length bytes, at most PIPE_BUF, with its '\n'. With may_wait
 * it waits for a slow reader, at most 5 s, and gives up when the reader has
 * taken no line for 200 ms, unless that is a queue: a file system may well
 * pause for longer. While lines are being dropped no write waits.
 * Returns 0 if the line was written; or how many lines in a row have been
 * dropped, this one included, with errno.
 */
unsigned long log_sink_write(struct log_sink *sink, const char *line,
                             size_t length, bool may_wait);

#endif
