/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * json_read: parse a JSON text (RFC 8259), strictly.
 *
 * For the reports of echoc, which are small and have no strange numbers: a text
 * is parsed as a whole, and a number is a double. Not accepted: what RFC 8259
 * does not allow, the character U+0000, more than 32 levels.
 */
#ifndef ECHOC_COMPARE_JSON_READ_H
#define ECHOC_COMPARE_JSON_READ_H

#include "common/errmsg.h"

#include <stddef.h>

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_value {
    enum json_kind kind;
    const char *name; /* of a member; NULL for other values */
    const char *text; /* of a string, in UTF-8 */
    double number;
    struct json_value *first; /* of an array or object, or NULL */
    struct json_value *next;  /* in the array or object, or NULL */
    struct json_value *later; /* the next in memory, for json_read_free() */
};

/*
 * Parse a text, which is overwritten: the values point into it. Returns the
 * outermost value, which json_read_free() frees, or NULL with errmsg "column N:
 * WHY" or that memory ran out.
 */
struct json_value *json_read(char *text, char errmsg[ERRMSG_MAX]);
void json_read_free(struct json_value *value);

/* The member of an object; NULL if there is none, or value is not an object. */
const struct json_value *json_read_member(const struct json_value *value,
                                          const char *name);

/* The number of such a member; NAN if there is none or it is something else. */
double json_read_number(const struct json_value *value, const char *name);

/* The text of such a member; NULL if there is none or it is something else. */
const char *json_read_text(const struct json_value *value, const char *name);

#endif
