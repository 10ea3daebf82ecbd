/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * options: the command line of echoc, parsed with options_table.
 */
#include "config.h"

#include "echoc/options.h"

#include "common/number.h"
#include "echoc/net/dscp.h"
#include "echoc/options_table.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* getopt_long(3) returns a letter, or ROW_BASE + index for a long option. */
enum { ROW_BASE = CHAR_MAX + 1 };

static bool has_value(const struct row *row)
{
    return row->kind >= NUMBER;
}

/* The field is a bool, or an integer or enum as wide as int or int64_t. */
static void set_field(struct options *options, const struct row *row,
                      int64_t value)
{
    char *field = (char *)options + row->offset;

    if (row->size == sizeof(bool))
        memcpy(field, &(bool){value != 0}, sizeof(bool));
    else if (row->size == sizeof(int))
        memcpy(field, &(int){(int)value}, sizeof(int));
    else
        memcpy(field, &value, sizeof value);
}

static int set_mode(struct options *options, const struct row *row,
                    char *errmsg)
{
    if (options->mode != OPTIONS_ROUND_TRIPS &&
        options->mode != (enum options_mode)row->min)
        return errmsg_set(errmsg,
                          "--stream, --churn and --hold exclude each other");
    set_field(options, row, row->min);
    return 0;
}

static int set_number(struct options *options, const struct row *row,
                      const char *value, char *errmsg)
{
    int64_t number = row->kind == SIZE ? number_size(value, row->max)
                                       : number_integer(value, row->max);

    if (number < row->min)
        return errmsg_set(errmsg, "--%s=%s: not a number from %lld to %lld",
                          row->name, value, (long long)row->min,
                          (long long)row->max);
    set_field(options, row, number);
    return 0;
}

static int set_rate(struct options *options, const struct row *row,
                    const char *value, char *errmsg)
{
    double least = (double)row->min / 1000;
    double rate = number_decimal(value, (double)row->max);

    if (rate < least)
        return errmsg_set(errmsg, "--%s=%s: not a number from %g to %lld",
                          row->name, value, least, (long long)row->max);
    memcpy((char *)options + row->offset, &rate, sizeof rate);
    return 0;
}

static int set_seconds(struct options *options, const struct row *row,
                       const char *value, char *errmsg)
{
    int64_t ms = number_seconds(value);

    if (ms < row->min)
        return errmsg_set(errmsg, "--%s=%s: not a number of seconds%s to %d",
                          row->name, value,
                          row->min == 0 ? " from 0" : " above 0 and up",
                          NUMBER_SECONDS_MAX);
    set_field(options, row, ms);
    if (row->kind == TIMEOUTS)
        options->connect_timeout_ms = options->reply_timeout_ms;
    return 0;
}

static bool parse_source(const char *text, struct endpoint *source)
{
    *source = (struct endpoint){0};
    if (inet_pton(AF_INET, text, &source->address.in.sin_addr) == 1) {
        source->address.in.sin_family = AF_INET;
        source->length = sizeof source->address.in;
    } else if (inet_pton(AF_INET6, text, &source->address.in6.sin6_addr) == 1) {
        source->address.in6.sin6_family = AF_INET6;
        source->length = sizeof source->address.in6;
    }
    return source->length > 0;
}

static int add_sources(struct options *options, const char *list, char *errmsg)
{
    char text[INET6_ADDRSTRLEN];

    for (;;) {
        size_t length = strcspn(list, ",");

        if (options->source_count == OPTIONS_SOURCES_MAX)
            return errmsg_set(errmsg, "--bind: more than %d addresses",
                              OPTIONS_SOURCES_MAX);
        snprintf(text, sizeof text, "%.*s", (int)length, list);
        if (length >= sizeof text ||
            !parse_source(text, &options->sources[options->source_count]))
            return errmsg_set(errmsg,
                              "--bind=%.*s: not an IPv4 or IPv6 address",
                              (int)length, list);
        options->source_count++;
        if (list[length] == '\0')
            return 0;
        list += length + 1;
    }
}

static int set_dscp(struct options *options, const char *value, char *errmsg)
{
    options->dscp = dscp_parse(value);
    if (options->dscp >= 0)
        return 0;
    return errmsg_set(errmsg,
                      "--dscp=%s: not a number from 0 to 63, nor EF, LE, CS0 "
                      "to CS7 or AF11 to AF43",
                      value);
}

static int set_option(struct options *options, const struct row *row,
                      const char *value, char *errmsg)
{
    if ((row->commands & 1 << options->command) == 0)
        return row->name != NULL
                   ? errmsg_set(errmsg, "--%s: not an option of %s", row->name,
                                options_commands[options->command])
                   : errmsg_set(errmsg, "-%c: not an option of %s", row->letter,
                                options_commands[options->command]);
    switch (row->kind) {
    case CONSTANT:
        set_field(options, row, row->min);
        return 0;
    case MODE:
        return set_mode(options, row, errmsg);
    case NUMBER:
    case SIZE:
        return set_number(options, row, value, errmsg);
    case RATE:
        return set_rate(options, row, value, errmsg);
    case SECONDS:
    case TIMEOUTS:
        return set_seconds(options, row, value, errmsg);
    case TEXT:
        memcpy((char *)options + row->offset, &value, sizeof value);
        return 0;
    case SOURCES:
        return add_sources(options, value, errmsg);
    case DSCP:
        return set_dscp(options, value, errmsg);
    }
    return 0;
}

/* Explain why getopt_long(3) returned ':' or '?'. Returns -1. */
static int refuse(int option, const char *word, char *errmsg)
{
    if (option == ':')
        return errmsg_set(errmsg, "%s: needs a value", word);
    if (optopt == 0)
        return errmsg_set(errmsg, "%s: unknown or ambiguous option", word);
    if (optopt >= ROW_BASE)
        return errmsg_set(errmsg, "%s: takes no value", word);
    return errmsg_set(errmsg, "-%c: no such option", optopt);
}

/* A letter may mean different options of different commands. If the command has
 * none of them, any will do: set_option() refuses it. */
static const struct row *find_row(int option, enum options_command command)
{
    const struct row *found = NULL;

    if (option >= ROW_BASE)
        return &options_table[option - ROW_BASE];
    for (size_t i = 0; i < options_rows; i++)
        if (options_table[i].letter == option &&
            (found == NULL || (options_table[i].commands & 1 << command) != 0))
            found = &options_table[i];
    return found;
}

static int parse_options(struct options *options, int argc, char *argv[],
                         char *errmsg)
{
    struct option long_options[OPTIONS_ROWS_MAX + 1] = {0};
    struct option *long_option = long_options;
    char letters[2 * OPTIONS_ROWS_MAX + 2] = ":";
    size_t length = 1;
    int option = 0;

    for (int i = 0; i < (int)options_rows; i++) {
        if (options_table[i].name != NULL &&
            !options_is_alias(&options_table[i]))
            *long_option++ = (struct option){options_table[i].name,
                                             has_value(&options_table[i]), NULL,
                                             ROW_BASE + i};
        if (options_table[i].letter != 0)
            letters[length++] = options_table[i].letter;
        if (options_table[i].letter != 0 && has_value(&options_table[i]))
            letters[length++] = ':';
    }
    optind = 0; /* 0, not 1, resets all state; see getopt_long(3) */
    opterr = 0;
    while (options->command <= OPTIONS_COMPARE) {
        option = getopt_long(argc, argv, letters, long_options, NULL);
        if (option == -1)
            break;
        if (option == ':' || option == '?')
            return refuse(option, argv[optind - 1], errmsg);
        if (set_option(options, find_row(option, options->command), optarg,
                       errmsg) < 0)
            return -1;
    }
    return 0;
}

/* Remove the command from argv if the first argument is one. */
static enum options_command take_command(int *argc, char *argv[])
{
    for (int command = OPTIONS_PING; command <= OPTIONS_COMPARE; command++)
        if (*argc > 1 && strcmp(argv[1], options_commands[command]) == 0) {
            memmove(&argv[1], &argv[2], (size_t)(*argc - 1) * sizeof argv[0]);
            --*argc;
            return (enum options_command)command;
        }
    return OPTIONS_COPY;
}

static bool is_command(const char *word)
{
    for (int command = OPTIONS_PING; command <= OPTIONS_CHECK; command++)
        if (strcmp(word, options_commands[command]) == 0)
            return true;
    return false;
}

static int set_address(struct options *options, int count, char *words[],
                       char *errmsg)
{
    const char *text = count > 0 ? words[0] : ADDRESS_DEFAULT;

    /* Not a host with such a name, unless a "--" before it says so. */
    if (count > 0 && options->command == OPTIONS_COPY && is_command(text) &&
        strcmp(words[-1], "--") != 0)
        return errmsg_set(errmsg, "%s: the command must be the first argument",
                          text);
    if (count > 1)
        return errmsg_set(errmsg, "%s: more than one address", words[1]);
    if (address_parse(text, &options->address, errmsg) < 0)
        return -1;
    if (options->address.is_path && options->family != AF_UNSPEC)
        return errmsg_set(errmsg, "%s: a Unix socket is neither IPv4 nor IPv6",
                          text);
    if (options->address.is_path &&
        (options->source_count > 0 || options->dscp >= 0))
        return errmsg_set(errmsg, "%s: %s does not go with a Unix socket", text,
                          options->dscp >= 0 ? "--dscp" : "--bind");
    return 0;
}

static int set_files(struct options *options, int count, char **words,
                     char *errmsg)
{
    if (count != 2)
        return errmsg_set(errmsg, "compare: needs two files");
    options->files[0] = words[0];
    options->files[1] = words[1];
    return 0;
}

static int check_combinations(const struct options *options, char *errmsg)
{
    if (options->json && options->csv)
        return errmsg_set(errmsg, "--json and --csv exclude each other");
    if (options->command == OPTIONS_LOAD && options->time_ms > 0 &&
        options->count > 0)
        return errmsg_set(errmsg, "--time and --count exclude each other");
    if (options->rate > 0 &&
        (options->mode == OPTIONS_STREAM || options->mode == OPTIONS_HOLD))
        return errmsg_set(errmsg,
                          "--rate goes with neither --stream nor --hold");
    if (options->csv && options->interval_ms > 0)
        return errmsg_set(errmsg, "--interval and --csv exclude each other");
    if (options->count > 0 && options->mode == OPTIONS_HOLD)
        return errmsg_set(errmsg, "--count does not go with --hold");
    return 0;
}

int options_parse(struct options *options, int argc, char *argv[],
                  char errmsg[ERRMSG_MAX])
{
    *options = (struct options){.command = take_command(&argc, argv),
                                .family = AF_UNSPEC,
                                .connect_timeout_ms = 5000,
                                .reply_timeout_ms = 5000,
                                .clients = 10,
                                .margin = 5,
                                .dscp = -1};
    if (options->command != OPTIONS_LOAD)
        options->interval_ms = 1000;
    clock_gettime(CLOCK_REALTIME, &options->start);
    if (parse_options(options, argc, argv, errmsg) < 0)
        return -1;
    if (options->command > OPTIONS_COMPARE)
        return 0;
    if (options->command == OPTIONS_COMPARE)
        return set_files(options, argc - optind, argv + optind, errmsg);
    if (set_address(options, argc - optind, argv + optind, errmsg) < 0 ||
        check_combinations(options, errmsg) < 0)
        return -1;
    if (options->size == 0)
        options->size = options->mode == OPTIONS_STREAM ? 262144 : 64;
    if (options->time_ms == 0 && options->count == 0 &&
        options->command != OPTIONS_PING)
        options->time_ms = 10000;
    return 0;
}
