/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * json: write one object to standard output, as one line (RFC 8259).
 *
 * Each call writes a member of the innermost open object or, with NULL as its
 * name, an element of the innermost open array. Commas are added where needed;
 * at most 8 levels may be open. Only one thread may use this.
 */
#ifndef ECHOC_STATS_JSON_H
#define ECHOC_STATS_JSON_H

#include "echoc/stats/histogram.h"

#include <stdbool.h>
#include <stdint.h>

void json_object(const char *name);
void json_array(const char *name);
void json_end(void); /* close the innermost; the outermost ends the line */

void json_string(const char *name, const char *value); /* null if NULL */
void json_integer(const char *name, uint64_t value);
void json_number(const char *name, double value); /* null if not finite */
void json_decimal(const char *name, double value, int decimals);
void json_bool(const char *name, bool value);

/* An object with count, min, mean, mdev (standard deviation), p50, p90, p99,
 * p999 and max. All but count are in ms, and null if the histogram is empty. */
void json_times(const char *name, const struct histogram *histogram);

#endif
