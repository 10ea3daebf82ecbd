/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * outlet: a descriptor that takes lines and never blocks their writer.
 *
 * Knows pipes, terminals, sockets and files as far as writing without waiting
 * goes. Must not know what a line says.
 */
#include "config.h"

#include "echod/log_sink.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe that holds the reports of some ten thousand clients that leave at
 * once spares its reader the crowd of writers that wait. */
enum { PIPE_SIZE = 1 << 20 };

/* A reader that takes no line for STALL_MS has stalled; no line waits longer
 * than PATIENCE_MS for one that is merely slow. */
enum { STALL_MS = 200, PATIENCE_MS = 5000, IMPATIENT = -1 };

/* On Linux this path makes a new open file description, which must not be
 * able to do more than the old one. */
static int open_again(int fd)
{
    char path[32];

    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void log_sink_open(struct log_sink *log_sink, int fd)
{
    struct stat status;
    int own = -1;

    if (log_sink->kind == LOG_SINK_OWN)
        close(log_sink->fd);
    log_sink->fd = fd;
    log_sink->kind = LOG_SINK_FILE;
    if (fd < 0 || fstat(fd, &status) < 0)
        return;
    if (S_ISSOCK(status.st_mode))
        log_sink->kind = LOG_SINK_SOCKET;
    if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode))
        return;
#ifdef F_SETPIPE_SZ
    if (S_ISFIFO(status.st_mode))
        fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE);
#endif
    own = open_again(fd);
    log_sink->fd = own >= 0 ? own : fd;
    log_sink->kind = own >= 0 ? LOG_SINK_OWN : LOG_SINK_SHARED;
}

static bool has_room(int fd, int ms)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLOUT};

    return poll(&pollfd, 1, ms) > 0;
}

/* A shared description may block, so it is asked first. A pipe with room for
 * one line has it for a page of them, and a thread is seldom stopped between
 * the question and the write: more than fifty would have to be at once. */
static ssize_t put(const struct log_sink *log_sink, const char *line,
                   size_t length)
{
    if (log_sink->kind == LOG_SINK_SOCKET)
        return send(log_sink->fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (log_sink->kind == LOG_SINK_SHARED && !has_room(log_sink->fd, 0)) {
        errno = EAGAIN;
        return -1;
    }
    return write(log_sink->fd, line, length);
}

/* The reader is alive as long as lines get through, whoever wrote them. */
static int time_left(const struct log_sink *log_sink, int64_t start)
{
    int64_t moved = atomic_load(&log_sink->moved);
    int64_t stalled = (moved > start ? moved : start) + STALL_MS;
    int64_t end = start + PATIENCE_MS;

    return clock_left(stalled < end ? stalled : end);
}

/* True to try again: a signal came, or there may be room now. */
static bool is_worth_another(const struct log_sink *log_sink, int64_t start)
{
    int left = 0;

    if (errno == EINTR)
        return true;
    if (errno != EAGAIN || start == IMPATIENT)
        return false;
    left = time_left(log_sink, start);
    if (left > 0)
        has_room(log_sink->fd, left);
    errno = EAGAIN;
    return left > 0;
}

static int put_all(const struct log_sink *log_sink, const char *line,
                   size_t length, int64_t start, bool *partial)
{
    while (length > 0) {
        ssize_t took = put(log_sink, line, length);

        if (took > 0) {
            line += took;
            length -= (size_t)took;
            *partial = length > 0;
        } else if (took == 0 || !is_worth_another(log_sink, start)) {
            return -1;
        }
    }
    return 0;
}

unsigned long log_sink_write(struct log_sink *log_sink, const char *line,
                             size_t length, bool may_wait)
{
    bool partial = false;
    int64_t start = IMPATIENT;

    if (log_sink->fd < 0)
        return 0;
    if (may_wait && atomic_load(&log_sink->lost) == 0)
        start = clock_ms();
    partial = atomic_exchange(&log_sink->partial, false);
    if (partial)
        put_all(log_sink, "\n", 1, start, &partial);
    if (!partial && put_all(log_sink, line, length, start, &partial) == 0) {
        atomic_store(&log_sink->moved, clock_ms());
        return 0;
    }
    if (partial)
        atomic_store(&log_sink->partial, true);
    atomic_fetch_add(&log_sink->lost_ever, 1);
    return atomic_fetch_add(&log_sink->lost, 1) + 1;
}
