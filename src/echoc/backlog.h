/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * backlog: bytes that were read and have not come back yet, first in first out.
 */
#ifndef ECHOC_BACKLOG_H
#define ECHOC_BACKLOG_H

#include <stddef.h>

enum { BACKLOG_MAX = 64 * 1024 * 1024 };

/* Begins as all zeros. The memory is the backlog's. */
struct backlog {
    unsigned char *bytes;
    size_t start;
    size_t length;
    size_t room;
};

/*
 * Make room for size bytes more. Returns where they go, and they count once
 * backlog_added() says how many there are; NULL if there would be more than
 * BACKLOG_MAX (errno is 0) or no memory (ENOMEM).
 */
unsigned char *backlog_room(struct backlog *backlog, size_t size);
void backlog_added(struct backlog *backlog, size_t size);

/* The bytes, oldest first. */
const unsigned char *backlog_bytes(const struct backlog *backlog);

/* Forget the oldest size. */
void backlog_drop(struct backlog *backlog, size_t size);

void backlog_free(struct backlog *backlog);

#endif
