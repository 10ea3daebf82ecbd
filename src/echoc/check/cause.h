/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * cause: which bad results of a check have one cause.
 */
#ifndef ECHOC_CHECK_CAUSE_H
#define ECHOC_CHECK_CAUSE_H

#include "echoc/check/probe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CAUSES_MAX = 16 }; /* the probes are fewer */

/* Results with the same cause, and the offsets at which connections broke. */
struct cause {
    char text[PROBE_TEXT_MAX];
    char diagnosis[PROBE_TEXT_MAX]; /* of the first */
    size_t results;
    uint64_t low, high; /* PROBE_NO_OFFSET if there is none */
};

/* Initialize with zeros. */
struct causes {
    struct cause list[CAUSES_MAX];
    size_t count;
};

/* Count a bad result. Returns whether one before it with the same cause had the
 * same diagnosis. */
bool causes_add(struct causes *causes, const struct probe_result *result);

/*
 * The cause of the most results, as part of a sentence. Returns the number of
 * results that it explains; text is empty if that is less than two.
 */
size_t causes_find(const struct causes *causes, char text[PROBE_TEXT_MAX]);

#endif
