/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * table: the results of a check as text of 80 columns, or as JSON.
 *
 * Everything goes to standard output; ferror(3) tells whether it failed.
 */
#ifndef ECHOC_CHECK_TABLE_H
#define ECHOC_CHECK_TABLE_H

#include "echoc/check/probe.h"

#include <stdbool.h>
#include <stddef.h>

/* Print a row: the verdict, the name of the probe and what was seen; and, on
 * a line of its own, what that means. */
void table_text_row(const char *name, const struct probe_result *result,
                    bool with_meaning);

/* Print the cause of several bad rows, if it is not empty, and their number. */
void table_text_end(const char *cause, size_t explained, size_t bad);

/* Print a row as an object in the array that is open; see json.h. */
void table_json_row(const char *name, const struct probe_result *result);

#endif
