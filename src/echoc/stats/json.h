/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * json: members of one object on standard output (RFC 8259).
 *
 * Each call writes one member, with the comma before it where one is needed; a
 * name of NULL writes an element of an array. Nothing is indented; json_end()
 * of the outermost ends the line. One thread's.
 */
#ifndef ECHOC_STATS_JSON_H
#define ECHOC_STATS_JSON_H

#include "echoc/stats/histogram.h"

#include <stdbool.h>
#include <stdint.h>

void json_object(const char *name);
void json_array(const char *name);
void json_end(void); /* of the innermost that is open */

void json_text(const char *name, const char *value); /* NULL: null */
void json_whole(const char *name, uint64_t value);
void json_number(const char *name, double value); /* not finite: null */
void json_bool(const char *name, bool value);

/* count, min, mean, mdev, p50, p90, p99, p999, max; in ms, null if empty. */
void json_times(const char *name, const struct histogram *histogram);

#endif
