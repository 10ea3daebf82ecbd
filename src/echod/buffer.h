/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * buffer: room for one piece of a stream, large only while it is needed.
 *
 * A struct buffer lives on its thread's stack and belongs to that thread.
 */
#ifndef ECHOD_BUFFER_H
#define ECHOD_BUFFER_H

#include <stddef.h>

/* So small that it shares a page with the thread's frames: what decides the
 * memory of an idle client. So large that a megabyte takes four reads. */
enum { BUFFER_FIRST = 2048, BUFFER_BULK = 256 * 1024 };

struct buffer {
    char *bytes; /* where to read to: first or bulk */
    size_t size; /* and how much */
    char *bulk;  /* NULL, or mapped */
    char first[BUFFER_FIRST];
};

/* Start small; touches nothing of the room itself. */
void buffer_open(struct buffer *buffer);

/*
 * Make the room fit after a piece of so many bytes: large once a piece has
 * filled it, small again once fd has had nothing to read for a moment. A large
 * buffer makes this wait for input, up to 100 ms. Without memory for a large
 * one the small one serves on.
 */
void buffer_fit(struct buffer *buffer, size_t piece, int fd);

/* Give back what was mapped; keeps errno. */
void buffer_close(struct buffer *buffer);

#endif
