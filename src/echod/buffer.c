/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * buffer: what a client's thread reads into.
 */
#include "config.h"

#include "echod/buffer.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>

void buffer_init(struct buffer *buffer)
{
    buffer->data = buffer->small;
    buffer->size = sizeof buffer->small;
}

/* A client that fills the small buffer gets a large one until it is idle. Of
 * what mmap(2) gives, a page costs memory only after it has been read into. */
void buffer_fit(struct buffer *buffer, size_t count, int fd)
{
    enum { IDLE_MS = 100 };
    struct pollfd input = {.fd = fd, .events = POLLIN};

    if (buffer->data == buffer->small && count == buffer->size) {
        void *large = mmap(NULL, BUFFER_LARGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (large == MAP_FAILED)
            return;
        buffer->data = large;
        buffer->size = BUFFER_LARGE;
    } else if (buffer->data != buffer->small && poll(&input, 1, IDLE_MS) == 0) {
        buffer_free(buffer);
        buffer_init(buffer);
    }
}

void buffer_free(struct buffer *buffer)
{
    int error = errno;

    if (buffer->data != buffer->small)
        munmap(buffer->data, BUFFER_LARGE);
    errno = error;
}
