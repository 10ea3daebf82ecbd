/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * limits: how many clients this process can have.
 *
 * For main(), before the first thread.
 */
#ifndef ECHOD_LIMITS_H
#define ECHOD_LIMITS_H

#include <stddef.h>

struct limit {
    size_t clients;   /* at most; 0 if not even one is possible */
    const char *name; /* of the limit that decides */
};

/*
 * Find the lowest of the limits on descriptors, threads and mappings, less what
 * the server itself needs: call it after everything else has been opened. What
 * other processes use of a shared limit cannot be known in advance, and memory
 * is not counted.
 */
struct limit limits_find(void);

/*
 * Make the descriptor table large enough for this many clients. On Linux a
 * table that threads share grows by doubling, and each time every thread waits
 * for an RCU grace period.
 */
void limits_grow_table(size_t clients);

#endif
