/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * unechoed: a queue of the bytes whose echo has not been received.
 */
#ifndef ECHOC_UNECHOED_H
#define ECHOC_UNECHOED_H

#include <stddef.h>

enum { UNECHOED_MAX = 64 * 1024 * 1024 };

/* All zeros is an empty queue. */
struct unechoed {
    unsigned char *memory;
    size_t capacity;
    size_t start; /* offset of the oldest byte */
    size_t length;
};

/*
 * Make space for size bytes at the end. Returns where to write them, or NULL
 * with errno: ENOBUFS if the queue would grow beyond UNECHOED_MAX, or ENOMEM.
 * They become part of the queue with unechoed_add(), which may add fewer.
 */
unsigned char *unechoed_reserve(struct unechoed *unechoed, size_t size);
void unechoed_add(struct unechoed *unechoed, size_t size);

/* The bytes, oldest first; valid until the next call of unechoed_reserve(). */
const unsigned char *unechoed_bytes(const struct unechoed *unechoed);

/* Remove the oldest size bytes. */
void unechoed_drop(struct unechoed *unechoed, size_t size);

/* Release the memory; the queue is empty again. */
void unechoed_free(struct unechoed *unechoed);

#endif
