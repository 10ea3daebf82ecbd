/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * buffer: what a client's thread reads into.
 *
 * Used by one thread. It lies on that thread's stack and must not be copied.
 */
#ifndef ECHOD_BUFFER_H
#define ECHOD_BUFFER_H

#include <stddef.h>

/* The small one fits into one page with the stack frames: that and the page of
 * the thread structure are the memory of an idle client. */
enum { BUFFER_SMALL = 2048, BUFFER_LARGE = 256 * 1024 };

struct buffer {
    char *data; /* small, or a mapping */
    size_t size;
    char small[BUFFER_SMALL];
};

/* Start with the small buffer. */
void buffer_init(struct buffer *buffer);

/*
 * After a chunk of count bytes was used: take a large buffer if the chunk
 * filled the small one; go back to the small one if fd then has no input for
 * 100 ms. The contents are lost. Without memory the buffer stays small.
 */
void buffer_fit(struct buffer *buffer, size_t count, int fd);

/* Keeps errno. */
void buffer_free(struct buffer *buffer);

#endif
