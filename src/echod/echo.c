/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * echo: copy bytes from one descriptor to another until end of file.
 */
#include "config.h"

#include "echod/echo.h"

#include "echod/buffer.h"
#include "echod/busypoll.h"
#include "echod/sendqueue.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

static ssize_t read_some(struct echo *echo, char *data, size_t size);
static int write_all(struct echo *echo, const char *data, size_t size);

int echo_until_eof(struct echo *echo)
{
    struct buffer buffer;
    ssize_t count = 0;

    buffer_init(&buffer);
    while ((count = read_some(echo, buffer.data, buffer.size)) > 0) {
        if (write_all(echo, buffer.data, (size_t)count) < 0)
            break;
        buffer_fit(&buffer, (size_t)count, echo->in_fd);
    }
    buffer_free(&buffer);
    return count == 0 ? 0 : -1; /* above 0: a write failed */
}

/* After a read or write that failed. EINTR: a signal came. EAGAIN: half the
 * time limit passed, but a client that sends nothing may still be reading its
 * echo: it has more time if the send queue is not what it was half a limit ago,
 * echo->queued, and while it is not empty, since it changes in steps. */
static bool retry_after_error(struct echo *echo)
{
    int before = echo->queued;

    if (errno != EAGAIN)
        return errno == EINTR;
    echo->queued = sendqueue_bytes(echo->out_fd);
    echo->waits = echo->queued != before ? 0 : echo->waits + 1;
    return echo->waits < (echo->queued > 0 ? 3 : 2);
}

static ssize_t read_some(struct echo *echo, char *data, size_t size)
{
    ssize_t count = 0;

    busypoll_wait(echo->in_fd);
    do
        count = read(echo->in_fd, data, size);
    while (count < 0 && retry_after_error(echo));
    return count;
}

/* write(2) takes less than it was given if a signal or the time limit ends it:
 * write the rest. */
static int write_all(struct echo *echo, const char *data, size_t size)
{
    if (echo->delay_ms > 0) /* a sleep that a reset ends */
        sendqueue_wait_hangup(echo->out_fd, echo->delay_ms);
    while (size > 0) {
        ssize_t count = write(echo->out_fd, data, size);

        if (count < 0 && !retry_after_error(echo))
            return -1;
        if (count > 0) {
            /* After a short write half the time limit has passed. After a
             * whole one, any queue at the next look counts as a change. */
            echo->queued =
                (size_t)count < size ? sendqueue_bytes(echo->out_fd) : 0;
            echo->waits = 0;
            data += count;
            size -= (size_t)count;
            atomic_fetch_add_explicit(echo->written, (uint64_t)count,
                                      memory_order_relaxed);
        }
    }
    return 0;
}
