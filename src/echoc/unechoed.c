/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * unechoed: a queue of the bytes whose echo has not been received.
 */
#include "config.h"

#include "echoc/unechoed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = 256 * 1024 };

static int grow(struct unechoed *unechoed, size_t needed)
{
    size_t capacity =
        unechoed->capacity > 0 ? unechoed->capacity : CAPACITY_MIN;
    unsigned char *memory = NULL;

    while (capacity < needed)
        capacity *= 2;
    memory = realloc(unechoed->memory, capacity);
    if (memory == NULL)
        return -1;
    unechoed->memory = memory;
    unechoed->capacity = capacity;
    return 0;
}

unsigned char *unechoed_reserve(struct unechoed *unechoed, size_t size)
{
    size_t needed = unechoed->length + size;

    if (needed > UNECHOED_MAX) {
        errno = ENOBUFS;
        return NULL;
    }
    if (unechoed->start + needed > unechoed->capacity) {
        if (unechoed->length > 0)
            memmove(unechoed->memory, unechoed->memory + unechoed->start,
                    unechoed->length);
        unechoed->start = 0;
        /* Keep half of the memory free, so that bytes are rarely moved. */
        if (2 * needed > unechoed->capacity && grow(unechoed, 2 * needed) < 0)
            return NULL;
    }
    return unechoed->memory + unechoed->start + unechoed->length;
}

void unechoed_add(struct unechoed *unechoed, size_t size)
{
    unechoed->length += size;
}

const unsigned char *unechoed_bytes(const struct unechoed *unechoed)
{
    return unechoed->memory != NULL ? unechoed->memory + unechoed->start : NULL;
}

void unechoed_drop(struct unechoed *unechoed, size_t size)
{
    unechoed->start += size;
    unechoed->length -= size;
}

void unechoed_free(struct unechoed *unechoed)
{
    free(unechoed->memory);
    *unechoed = (struct unechoed){0};
}
