/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * log_sink: a descriptor that takes lines without blocking their writer.
 */
#include "config.h"

#include "echod/log_sink.h"

#include "common/clock.h"
#include "common/sockopt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A reader that takes no line for STALLED_MS has stalled. No line waits longer
 * than WAIT_MAX_MS for a reader that is merely slow. */
enum { STALLED_MS = 200, WAIT_MAX_MS = 5000, NO_WAIT = -1 };

/* On Linux this path makes a new open file description. It must not permit
 * more than the old one, hence no write access to what was only readable. */
static int open_again(int fd)
{
    char path[32];

    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void log_sink_enlarge_pipe(int fd)
{
#ifdef F_SETPIPE_SZ
    fcntl(fd, F_SETPIPE_SZ, 1 << 20);
#else
    (void)fd;
#endif
}

void log_sink_open(struct log_sink *sink, int fd)
{
    struct stat status;
    int own_fd = -1;

    if (sink->kind == LOG_SINK_OWN)
        close(sink->fd);
    sink->fd = fd;
    sink->kind = LOG_SINK_FILE;
    if (fd < 0 || fstat(fd, &status) < 0)
        return;
    if (S_ISSOCK(status.st_mode))
        sink->kind = LOG_SINK_SOCKET;
    if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode))
        return;
    if (S_ISFIFO(status.st_mode))
        log_sink_enlarge_pipe(fd);
    own_fd = open_again(fd);
    sink->fd = own_fd >= 0 ? own_fd : fd;
    sink->kind = own_fd >= 0 ? LOG_SINK_OWN : LOG_SINK_SHARED;
}

static bool wait_writable(int fd, int ms)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLOUT};

    return poll(&pollfd, 1, ms) > 0;
}

/* A shared description may block, so poll(2) is asked first. A pipe that has
 * space for one line has a page of it: more than fifty threads would have to
 * write between the poll and the write for one of them to block. */
static ssize_t write_some(const struct log_sink *sink, const char *data,
                          size_t size)
{
    if (sink->kind == LOG_SINK_SOCKET)
        return send(sink->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sink->kind == LOG_SINK_SHARED && !wait_writable(sink->fd, 0)) {
        errno = EAGAIN;
        return -1;
    }
    return write(sink->fd, data, size);
}

/* A reader that takes lines, of whichever thread, has not stalled. */
static int wait_left(const struct log_sink *sink, int64_t start_ms)
{
    int64_t written_ms = atomic_load(&sink->written_ms);
    int64_t stalled_ms =
        (written_ms > start_ms ? written_ms : start_ms) + STALLED_MS;
    int64_t end_ms = start_ms + WAIT_MAX_MS;

    if (sink->kind == LOG_SINK_QUEUE || stalled_ms > end_ms)
        return clock_left(end_ms);
    return clock_left(stalled_ms);
}

/* After a write that failed: wait until it is worth repeating. Returns false,
 * with errno from the write, if it is not. */
static bool wait_to_retry(const struct log_sink *sink, int64_t start_ms)
{
    int left = 0;

    if (errno == EINTR)
        return true;
    if (errno != EAGAIN || start_ms == NO_WAIT)
        return false;
    left = wait_left(sink, start_ms);
    if (left > 0)
        wait_writable(sink->fd, left);
    errno = EAGAIN;
    return left > 0;
}

/* Returns 0, or -1 with errno; *partial tells if only a part was written. */
static int write_all(const struct log_sink *sink, const char *data, size_t size,
                     int64_t start_ms, bool *partial)
{
    while (size > 0) {
        ssize_t count = write_some(sink, data, size);

        if (count > 0) {
            data += count;
            size -= (size_t)count;
            *partial = size > 0;
        } else if (count == 0 || !wait_to_retry(sink, start_ms)) {
            return -1;
        }
    }
    return 0;
}

unsigned long log_sink_write(struct log_sink *sink, const char *line,
                             size_t length, bool may_wait)
{
    int64_t start_ms = NO_WAIT;
    bool partial = false;

    if (sink->fd < 0)
        return 0;
    if (may_wait && atomic_load(&sink->dropped) == 0)
        start_ms = clock_ms();
    if (sink->kind == LOG_SINK_QUEUE)
        atomic_fetch_add(&sink->queued, 1);
    partial = atomic_exchange(&sink->partial, false);
    if (partial) /* end the line before this one */
        write_all(sink, "\n", 1, start_ms, &partial);
    if (!partial && write_all(sink, line, length, start_ms, &partial) == 0) {
        atomic_store(&sink->written_ms, clock_ms());
        return 0;
    }
    if (partial)
        atomic_store(&sink->partial, true);
    if (sink->kind == LOG_SINK_QUEUE)
        atomic_fetch_sub(&sink->queued, 1);
    atomic_fetch_add(&sink->dropped_total, 1);
    return atomic_fetch_add(&sink->dropped, 1) + 1;
}
