/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * echo: copy bytes from one descriptor to another until end of file.
 */
#include "config.h"

#include "echod/echo.h"

#include "echod/sendqueue.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

struct buffer {
    char *data; /* small, or a mapping; so a buffer must not be copied */
    size_t size;
    char small[ECHO_BUFFER_SMALL];
};

static ssize_t read_some(struct echo *echo, char *data, size_t size);
static int write_all(struct echo *echo, const char *data, size_t size);
static void buffer_init(struct buffer *buffer);
static void buffer_fit(struct buffer *buffer, size_t count, int in_fd);
static void buffer_free(struct buffer *buffer);

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

/* After a read or write that failed. EINTR: a signal came. EAGAIN: SO_RCVTIMEO
 * or SO_SNDTIMEO passed, but a client that sends nothing may still be reading
 * its echo: go on if the send queue has changed since the last time. */
static bool retry_after_error(struct echo *echo)
{
    int before = echo->queued;

    if (errno != EAGAIN)
        return errno == EINTR;
    echo->queued = sendqueue_bytes(echo->out_fd);
    return echo->queued != before;
}

static ssize_t read_some(struct echo *echo, char *data, size_t size)
{
    ssize_t count = 0;

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
            echo->queued = 0; /* its last value is out of date */
            data += count;
            size -= (size_t)count;
            atomic_fetch_add_explicit(echo->written, (uint64_t)count,
                                      memory_order_relaxed);
        }
    }
    return 0;
}

static void buffer_init(struct buffer *buffer)
{
    buffer->data = buffer->small;
    buffer->size = sizeof buffer->small;
}

/* A client that fills the small buffer gets a large one until it is idle. Of
 * what mmap(2) gives, a page costs memory only after it has been read into. */
static void buffer_fit(struct buffer *buffer, size_t count, int in_fd)
{
    enum { IDLE_MS = 100 };
    struct pollfd input = {.fd = in_fd, .events = POLLIN};

    if (buffer->data == buffer->small && count == buffer->size) {
        void *large = mmap(NULL, ECHO_BUFFER_LARGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (large == MAP_FAILED)
            return;
        buffer->data = large;
        buffer->size = ECHO_BUFFER_LARGE;
    } else if (buffer->data != buffer->small && poll(&input, 1, IDLE_MS) == 0) {
        buffer_free(buffer);
        buffer_init(buffer);
    }
}

static void buffer_free(struct buffer *buffer)
{
    int error = errno;

    if (buffer->data != buffer->small)
        munmap(buffer->data, ECHO_BUFFER_LARGE);
    errno = error;
}
