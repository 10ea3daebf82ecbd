/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * limits: how many clients this process can have.
 *
 * For main, before the first thread.
 */
#ifndef ECHOD_LIMITS_H
#define ECHOD_LIMITS_H

#include <stddef.h>

/* The most clients, and the limit that says so. */
struct limit {
    size_t clients;
    const char *name;
};

/*
 * Find the lowest of the limits on descriptors, threads and mappings, having
 * set aside what the server itself needs; so after it has opened what it will.
 * What others use of a limit that is shared cannot be told in advance, and
 * memory is not counted. 0 clients if not even one fits.
 */
struct limit limits_find(void);

/*
 * Make room in the table of descriptors for so many clients at once. On Linux
 * a table that threads share grows by doubling, and everybody waits for an RCU
 * grace period each time.
 */
void limits_grow_table(size_t clients);

#endif
