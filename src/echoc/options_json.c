/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * options_json: the options in force, at the start of a report.
 */
#include "config.h"

#include "echoc/options.h"
#include "echoc/options_table.h"
#include "echoc/stats/json.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static int64_t get_field(const struct options *options, const struct row *row)
{
    const char *field = (const char *)options + row->offset;
    int64_t wide = 0;
    int narrow = 0;
    bool flag = false;

    if (row->size == sizeof flag) {
        memcpy(&flag, field, sizeof flag);
        return flag;
    }
    if (row->size == sizeof narrow) {
        memcpy(&narrow, field, sizeof narrow);
        return narrow;
    }
    memcpy(&wide, field, sizeof wide);
    return wide;
}

static void json_sources(const struct options *options, const char *name)
{
    char text[INET6_ADDRSTRLEN];

    json_array(name);
    for (size_t i = 0; i < options->source_count; i++) {
        const struct endpoint *source = &options->sources[i];
        bool is_v4 = source->address.any.sa_family == AF_INET;
        const void *bytes = is_v4
                                ? (const void *)&source->address.in.sin_addr
                                : (const void *)&source->address.in6.sin6_addr;

        json_string(NULL, inet_ntop(source->address.any.sa_family, bytes, text,
                                    sizeof text));
    }
    json_end();
}

static void json_option(const struct options *options, const struct row *row,
                        const char *name)
{
    const char *text = NULL;
    double rate = 0;
    int64_t value = 0;

    switch (row->kind) {
    case CONSTANT:
    case MODE:
        json_bool(name, get_field(options, row) == row->min);
        break;
    case RATE:
        memcpy(&rate, (const char *)options + row->offset, sizeof rate);
        json_number(name, rate > 0 ? rate : NAN);
        break;
    case NUMBER:
    case SIZE:
    case SECONDS:
    case DSCP:
        value = get_field(options, row);
        if (value < row->min) /* not given, and without a default */
            json_string(name, NULL);
        else if (row->kind == SECONDS)
            json_number(name, (double)value / 1e3);
        else
            json_integer(name, (uint64_t)value);
        break;
    case TEXT:
        memcpy(&text, (const char *)options + row->offset, sizeof text);
        json_string(name, text);
        break;
    case SOURCES:
        json_sources(options, name);
        break;
    case TIMEOUTS:
        break;
    }
}

/* 2026-01-31T12:00:00.250Z */
static void json_start(const struct options *options)
{
    char text[64];
    char seconds[32];
    struct tm tm;

    gmtime_r(&options->start.tv_sec, &tm);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, sizeof text, "%s.%03ldZ", seconds,
             options->start.tv_nsec / 1000000);
    json_string("start", text);
}

static bool is_in_force(const struct options *options, const struct row *row)
{
    return row->name != NULL && !options_is_alias(row) &&
           row->kind != TIMEOUTS &&
           row->offset != offsetof(struct options, command) &&
           (row->commands & 1 << options->command) != 0;
}

void options_json(const struct options *options)
{
    json_object(NULL);
    json_string("command", options_commands[options->command]);
    json_integer("schema", OPTIONS_JSON_SCHEMA);
    json_string("version", PACKAGE_VERSION);
    json_start(options);
    json_object("options");
    if (options->family == AF_UNSPEC)
        json_string("family", NULL);
    else
        json_integer("family", options->family == AF_INET ? 4 : 6);
    for (const struct row *row = options_table;
         row < options_table + options_rows; row++) {
        char name[32];

        if (!is_in_force(options, row))
            continue;
        snprintf(name, sizeof name, "%s", row->name);
        for (char *dash = strchr(name, '-'); dash; dash = strchr(dash, '-'))
            *dash = '_';
        json_option(options, row, name);
    }
    json_end();
}
