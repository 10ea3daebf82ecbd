/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * echo: bytes back until end of file.
 *
 * Knows two descriptors and how to copy from one to the other. Must not know
 * who the client is, what the options were, or that there is a log.
 */
#include "config.h"

#include "echod/echo.h"

#include "echod/buffer.h"
#include "echod/sendqueue.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* True if it is worth another try: a signal came, or the socket's time ran
 * out while the kernel was still handing on what it had been given. */
static bool is_passing(struct echo *echo)
{
    return errno == EINTR ||
           (errno == EAGAIN && sendqueue_changed(echo->out_fd, &echo->pending));
}

static ssize_t receive(struct echo *echo, char *piece, size_t room)
{
    ssize_t got = -1;

    do
        got = read(echo->in_fd, piece, room);
    while (got < 0 && is_passing(echo));
    return got;
}

static int send_all(struct echo *echo, const char *piece, size_t size)
{
    while (size > 0) {
        ssize_t put = write(echo->out_fd, piece, size);

        if (put < 0 && !is_passing(echo))
            return -1;
        if (put > 0) {
            echo->pending = 0; /* what was seen before is of no use now */
            piece += put;
            size -= (size_t)put;
            atomic_fetch_add_explicit(echo->written, (uint64_t)put,
                                      memory_order_relaxed);
        }
    }
    return 0;
}

int echo_until_end(struct echo *echo)
{
    struct buffer buffer;
    ssize_t got = 0;

    buffer_open(&buffer);
    while ((got = receive(echo, buffer.bytes, buffer.size)) > 0) {
        if (echo->delay_ms > 0)
            sendqueue_hold(echo->out_fd, echo->delay_ms);
        if (send_all(echo, buffer.bytes, (size_t)got) < 0) {
            got = -1;
            break;
        }
        buffer_fit(&buffer, (size_t)got, echo->in_fd);
    }
    buffer_close(&buffer);
    return (int)got;
}
