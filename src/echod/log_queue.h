/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * log_queue: lines for a regular file wait in a pipe for a thread that writes
 * them.
 *
 * A write(2) to a regular file lasts as long as its file system hangs: neither
 * O_NONBLOCK nor poll(2) applies to it. With a queue, the thread of the queue
 * is the only one that waits. The lines keep their order.
 */
#ifndef ECHOD_LOG_QUEUE_H
#define ECHOD_LOG_QUEUE_H

#include "echod/log_sink.h"

#include <stddef.h>
#include <stdint.h>

/* Members are for log_queue.c, except file. */
struct log_queue {
    struct log_sink *sink; /* takes lines; NULL: it needs no queue */
    struct log_sink file;  /* where write_line() writes them */
    void (*write_line)(const char *line, size_t length);
    int fds[2];        /* the pipe */
    char bytes[65536]; /* read from it */
};

/*
 * Make the queue if the sink is a regular file; it takes two descriptors and
 * lives as long as the process. Returns how many threads it needs, 0 or 1; or
 * -1 with errno.
 */
int log_queue_open(struct log_queue *queue, struct log_sink *sink);

/*
 * From now on lines that are written to the sink go through the queue, if there
 * is one: its thread calls write_line() for each. Call it when privileges have
 * been dropped and before any other thread uses the sink. Returns 0, or an
 * error number as pthread functions do; then the sink stays as it is.
 */
int log_queue_start(struct log_queue *queue,
                    void (*write_line)(const char *line, size_t length));

/* Wait until the queue is empty, ms milliseconds at most. Returns how many
 * lines are left, the one that is being written included. */
unsigned long log_queue_wait(struct log_queue *queue, int ms);

#endif
