/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * backlog: bytes that were read and have not come back yet, first in first out.
 *
 * Knows memory. Must not know where bytes come from or go to.
 */
#include "config.h"

#include "echoc/backlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 256 * 1024 };

static int grow(struct backlog *backlog, size_t needed)
{
    size_t room = backlog->room > 0 ? backlog->room : ROOM_FIRST;
    unsigned char *bytes = NULL;

    while (room < needed)
        room *= 2;
    bytes = realloc(backlog->bytes, room);
    if (bytes == NULL)
        return -1;
    backlog->bytes = bytes;
    backlog->room = room;
    return 0;
}

unsigned char *backlog_room(struct backlog *backlog, size_t size)
{
    size_t needed = backlog->length + size;

    if (needed > BACKLOG_MAX) {
        errno = 0;
        return NULL;
    }
    if (backlog->start + needed > backlog->room) {
        if (backlog->length > 0)
            memmove(backlog->bytes, backlog->bytes + backlog->start,
                    backlog->length);
        backlog->start = 0;
        /* Twice what is needed, so that bytes are seldom moved. */
        if (2 * needed > backlog->room && grow(backlog, 2 * needed) < 0)
            return NULL;
    }
    return backlog->bytes + backlog->start + backlog->length;
}

void backlog_added(struct backlog *backlog, size_t size)
{
    backlog->length += size;
}

const unsigned char *backlog_bytes(const struct backlog *backlog)
{
    return backlog->bytes != NULL ? backlog->bytes + backlog->start : NULL;
}

void backlog_drop(struct backlog *backlog, size_t size)
{
    backlog->start += size;
    backlog->length -= size;
}

void backlog_free(struct backlog *backlog)
{
    free(backlog->bytes);
    *backlog = (struct backlog){0};
}
