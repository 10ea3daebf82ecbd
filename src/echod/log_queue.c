/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * log_queue: lines for a regular file wait in a pipe for a thread that writes
 * them.
 */
#include "config.h"

#include "echod/log_queue.h"

#include "common/clock.h"
#include "common/sockopt.h"
#include "echod/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

int log_queue_open(struct log_queue *queue, struct log_sink *sink)
{
    if (sink->fd < 0 || sink->kind != LOG_SINK_FILE)
        return 0;
    if (pipe(queue->fds) < 0)
        return -1;
    fcntl(queue->fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(queue->fds[1], F_SETFD, FD_CLOEXEC);
    if (sockopt_set_blocking(queue->fds[1], false) < 0)
        return -1;
    log_sink_enlarge_pipe(queue->fds[1]);
    queue->sink = sink;
    return 1;
}

/* Write the lines that are whole. Returns the length of the rest, which comes
 * to the front. */
static size_t write_lines(struct log_queue *queue, size_t length)
{
    const char *line = queue->bytes;
    const char *newline = NULL;

    while ((newline = memchr(line, '\n', length)) != NULL) {
        size_t line_length = (size_t)(newline + 1 - line);

        queue->write_line(line, line_length);
        atomic_fetch_sub(&queue->sink->queued, 1);
        line += line_length;
        length -= line_length;
    }
    memmove(queue->bytes, line, length);
    return length;
}

/* Not splice(2), which would keep the pipe locked while the file hangs. The
 * pause collects the lines of a burst: a context switch for each line would
 * cost more than the line. */
static void *empty_queue(void *argument)
{
    enum { PAUSE_MS = 5 };
    struct log_queue *queue = argument;
    size_t length = 0;

    for (;;) {
        ssize_t count = read(queue->fds[0], queue->bytes + length,
                             sizeof queue->bytes - length);

        if (count == 0 || (count < 0 && errno != EINTR))
            return NULL;
        if (count > 0)
            length = write_lines(queue, length + (size_t)count);
        poll(NULL, 0, PAUSE_MS);
    }
}

int log_queue_start(struct log_queue *queue,
                    void (*write_line)(const char *line, size_t length))
{
    pthread_attr_t attributes;
    pthread_t thread;
    int error = 0;

    if (queue->sink == NULL)
        return 0;
    queue->file.fd = queue->sink->fd;
    queue->write_line = write_line;
    error = thread_attributes(&attributes);
    if (error == 0)
        error = pthread_create(&thread, &attributes, empty_queue, queue);
    if (error != 0)
        return error;
    queue->sink->fd = queue->fds[1];
    queue->sink->kind = LOG_SINK_QUEUE;
    return 0;
}

unsigned long log_queue_wait(struct log_queue *queue, int ms)
{
    enum { INTERVAL_MS = 1 };
    int64_t until_ms = clock_ms() + ms;
    unsigned long lines = 0;

    if (queue->sink == NULL)
        return 0;
    while ((lines = atomic_load(&queue->sink->queued)) > 0 &&
           clock_left(until_ms) > 0)
        poll(NULL, 0, INTERVAL_MS);
    return lines;
}
