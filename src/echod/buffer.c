/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * buffer: room for one piece of a stream, large only while it is needed.
 *
 * Knows how much room a piece deserves. Must not know what is in it.
 */
#include "config.h"

#include "echod/buffer.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>

enum { QUIET_MS = 100 };

void buffer_open(struct buffer *buffer)
{
    buffer->bytes = buffer->first;
    buffer->size = sizeof buffer->first;
    buffer->bulk = NULL;
}

/* mmap rather than malloc: a page costs memory only once it is read into, all
 * of it goes back at once, and no other thread's heap is in between. */
static void grow(struct buffer *buffer)
{
    char *bulk = mmap(NULL, BUFFER_BULK, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (bulk == MAP_FAILED)
        return;
    buffer->bytes = buffer->bulk = bulk;
    buffer->size = BUFFER_BULK;
}

void buffer_fit(struct buffer *buffer, size_t piece, int fd)
{
    struct pollfd input = {.fd = fd, .events = POLLIN};

    if (buffer->bulk != NULL && poll(&input, 1, QUIET_MS) == 0) {
        buffer_close(buffer);
        buffer_open(buffer);
    } else if (buffer->bulk == NULL && piece == buffer->size) {
        grow(buffer);
    }
}

void buffer_close(struct buffer *buffer)
{
    int error = errno;

    if (buffer->bulk != NULL)
        munmap(buffer->bulk, BUFFER_BULK);
    errno = error;
}
