/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * json_read: parse a JSON text (RFC 8259), strictly.
 */
#include "config.h"

#include "echoc/compare/json_read.h"

#include "common/text.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

struct reader {
    char *begin;
    char *at;
    struct json_value *open[DEPTH_MAX]; /* arrays and objects not yet ended */
    int depth;
    struct json_value **last;  /* where the next element or member goes */
    struct json_value *newest; /* value in memory */
    char *errmsg;
};

static int refuse(const struct reader *reader, const char *why)
{
    return errmsg_set(reader->errmsg, "column %zu: %s",
                      (size_t)(reader->at - reader->begin) + 1, why);
}

static void skip_space(struct reader *reader)
{
    reader->at += strspn(reader->at, " \t\r\n");
}

static bool take(struct reader *reader, char character)
{
    if (*reader->at != character)
        return false;
    reader->at++;
    return true;
}

static bool take_digits(struct reader *reader)
{
    size_t length = strspn(reader->at, "0123456789");

    reader->at += length;
    return length > 0;
}

static int read_number(struct reader *reader, struct json_value *value)
{
    const char *start = reader->at;

    take(reader, '-');
    if (!take(reader, '0') && !take_digits(reader))
        return refuse(reader, "not a value");
    if (take(reader, '.') && !take_digits(reader))
        return refuse(reader, "not a digit");
    if (take(reader, 'e') || take(reader, 'E')) {
        if (!take(reader, '+'))
            take(reader, '-');
        if (!take_digits(reader))
            return refuse(reader, "not a digit");
    }
    value->kind = JSON_NUMBER;
    value->number = strtod(start, NULL);
    return isfinite(value->number) ? 0 : refuse(reader, "too large a number");
}

/* Four hexadecimal digits; -1 if they are not. */
static int32_t take_hex(struct reader *reader)
{
    int32_t code = 0;

    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit =
            *reader->at != '\0' ? strchr(digits, *reader->at) : NULL;

        if (digit == NULL)
            return -1;
        code = code * 16 + (int32_t)((digit - digits) % 16);
        reader->at++;
    }
    return code;
}

/* What follows \u, and for a surrogate the second \u. Returns the code point,
 * or -1. */
static int32_t take_escaped(struct reader *reader)
{
    int32_t code = take_hex(reader);
    int32_t low = 0;

    if (code < 0xd800 || code > 0xdfff)
        return code > 0 ? code : -1;
    if (code > 0xdbff || !take(reader, '\\') || !take(reader, 'u'))
        return -1;
    low = take_hex(reader);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    return 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00);
}

/* UTF-8, RFC 3629. It is never longer than the escape sequence. */
static char *put_utf8(char *out, int32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *out++ = (char)(0xe0 | code >> 12);
        } else {
            *out++ = (char)(0xf0 | code >> 18);
            *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (code & 0x3f));
    return out;
}

static int take_escape(struct reader *reader, char **out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *letter =
        *reader->at != '\0' ? strchr(letters, *reader->at) : NULL;
    int32_t code = 0;

    if (letter != NULL) {
        *(*out)++ = meanings[letter - letters];
        reader->at++;
        return 0;
    }
    code = take(reader, 'u') ? take_escaped(reader) : -1;
    if (code < 0)
        return refuse(reader, "no such escape sequence");
    *out = put_utf8(*out, code);
    return 0;
}

/* Behind the quotation mark. The string is written over its own source, which
 * is never shorter. */
static const char *read_string(struct reader *reader)
{
    char *start = reader->at;
    char *out = start;

    while (!take(reader, '"')) {
        uint32_t code = 0;
        size_t length = text_decode(reader->at, &code);

        if ((unsigned char)*reader->at < 0x20) {
            refuse(reader, "a control character in a string, or no end of it");
            return NULL;
        }
        if (length == 1 && code == TEXT_REPLACEMENT) {
            refuse(reader, "not UTF-8");
            return NULL;
        }
        if (take(reader, '\\')) {
            if (take_escape(reader, &out) < 0)
                return NULL;
            continue;
        }
        memmove(out, reader->at, length);
        out += length;
        reader->at += length;
    }
    *out = '\0';
    return start;
}

static int read_name(struct reader *reader, struct json_value *member)
{
    skip_space(reader);
    if (!take(reader, '"'))
        return refuse(reader, "not a name");
    member->name = read_string(reader);
    if (member->name == NULL)
        return -1;
    skip_space(reader);
    return take(reader, ':') ? 0 : refuse(reader, "no colon");
}

/* Begin the next element of the innermost array, or member of the innermost
 * object. Returns NULL with errmsg. */
static struct json_value *add_value(struct reader *reader)
{
    struct json_value *value = calloc(1, sizeof *value);

    if (value == NULL) {
        errmsg_set(reader->errmsg, "%s", strerror(errno));
        return NULL;
    }
    reader->newest->later = value;
    reader->newest = value;
    *reader->last = value;
    reader->last = &value->next;
    if (reader->open[reader->depth - 1]->kind == JSON_OBJECT &&
        read_name(reader, value) < 0)
        return NULL;
    return value;
}

static bool take_end(struct reader *reader)
{
    const struct json_value *list = reader->open[reader->depth - 1];

    if (!take(reader, list->kind == JSON_OBJECT ? '}' : ']'))
        return false;
    reader->depth--;
    reader->last = &reader->open[reader->depth]->next;
    return true;
}

static int read_word(struct reader *reader, struct json_value *value)
{
    static const char *const words[] = {
        [JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i]);

        if (strncmp(reader->at, words[i], length) == 0) {
            reader->at += length;
            value->kind = (enum json_kind)i;
            return 0;
        }
    }
    return read_number(reader, value);
}

/* A value, but of an array or object only the bracket. */
static int read_start(struct reader *reader, struct json_value *value)
{
    skip_space(reader);
    if (take(reader, '"')) {
        value->kind = JSON_STRING;
        value->text = read_string(reader);
        return value->text != NULL ? 0 : -1;
    }
    if (*reader->at != '{' && *reader->at != '[')
        return read_word(reader, value);
    if (reader->depth == DEPTH_MAX)
        return refuse(reader, "too many levels");
    value->kind = *reader->at++ == '{' ? JSON_OBJECT : JSON_ARRAY;
    reader->open[reader->depth++] = value;
    reader->last = &value->first;
    skip_space(reader);
    return 0;
}

/* After each value come the ends of lists, then a comma or the end of all. */
static int read_all(struct reader *reader, struct json_value *value)
{
    for (;;) {
        bool is_open = false;

        if (read_start(reader, value) < 0)
            return -1;
        is_open = reader->depth > 0 && reader->last == &value->first &&
                  !take_end(reader);
        while (!is_open) {
            skip_space(reader);
            if (reader->depth == 0)
                return *reader->at == '\0'
                           ? 0
                           : refuse(reader, "something follows the value");
            if (take(reader, ','))
                break;
            if (!take_end(reader))
                return refuse(reader, "neither a comma nor the end");
        }
        value = add_value(reader);
        if (value == NULL)
            return -1;
    }
}

struct json_value *json_read(char *text, char errmsg[ERRMSG_MAX])
{
    struct json_value *value = calloc(1, sizeof *value);
    struct reader reader = {.newest = value, .errmsg = errmsg};

    if (value == NULL) {
        errmsg_set(errmsg, "%s", strerror(errno));
        return NULL;
    }
    reader.begin = text;
    reader.at = text;
    if (read_all(&reader, value) == 0)
        return value;
    json_read_free(value);
    return NULL;
}

void json_read_free(struct json_value *value)
{
    while (value != NULL) {
        struct json_value *later = value->later;

        free(value);
        value = later;
    }
}

const struct json_value *json_read_member(const struct json_value *value,
                                          const char *name)
{
    if (value == NULL || value->kind != JSON_OBJECT)
        return NULL;
    for (value = value->first; value != NULL; value = value->next)
        if (strcmp(value->name, name) == 0)
            return value;
    return NULL;
}

double json_read_number(const struct json_value *value, const char *name)
{
    const struct json_value *member = json_read_member(value, name);

    return member != NULL && member->kind == JSON_NUMBER ? member->number : NAN;
}

const char *json_read_text(const struct json_value *value, const char *name)
{
    const struct json_value *member = json_read_member(value, name);

    return member != NULL && member->kind == JSON_STRING ? member->text : NULL;
}
