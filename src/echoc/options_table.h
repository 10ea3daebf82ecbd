/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * options_table: the options of echoc, for the files that go through them:
 * options parses them, options_json prints them.
 */
#ifndef ECHOC_OPTIONS_TABLE_H
#define ECHOC_OPTIONS_TABLE_H

#include "echoc/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kind {
    CONSTANT, /* no value: set the field to .min */
    MODE,     /* the same, but only one such option is allowed */
    NUMBER,   /* from .min to .max */
    SIZE,     /* the same, in bytes, with a suffix or without */
    RATE,     /* from .min thousandths to .max; the field is a double */
    SECONDS,  /* at least .min ms */
    TIMEOUTS, /* the same, but set both timeouts */
    TEXT,
    SOURCES, /* a list of IP addresses */
    DSCP     /* a code point */
};

struct row {
    int commands;
    char letter;      /* or 0 */
    const char *name; /* long name, or NULL */
    enum kind kind;
    size_t offset, size; /* of the field in struct options */
    int64_t min, max;
};

enum { OPTIONS_ROWS_MAX = 64 };

extern const struct row options_table[];
extern const size_t options_rows;

/* Whether a row is only another letter for the option of the row before. */
bool options_is_alias(const struct row *row);

/* By enum options_command: as on the command line. */
extern const char *const options_commands[];

#endif
