/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * settings: the value of one option -> its place in struct options.
 *
 * Knows ranges and what excludes what. Must not know how the command line is
 * taken apart.
 */
#include "config.h"

#include "echoc/settings.h"

#include "common/number.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    SIZE_DEFAULT = 64,
    SIZE_STREAM_DEFAULT = 262144,
    SIZE_MAX_BYTES = 1 << 30,
    TIMEOUT_DEFAULT_MS = 5000,
    TIME_DEFAULT_MS = 10000,
    INTERVAL_DEFAULT_MS = 1000,
    CLIENTS_DEFAULT = 10,
    CLIENTS_MAX = 1000000,
    THREADS_MAX = 1024,
    RATE_MAX = 1000000000
};

int settings_refuse(char *why, const char *words, ...)
{
    va_list list;

    va_start(list, words);
    vsnprintf(why, OPTIONS_WHY_MAX, words, list);
    va_end(list);
    return -1;
}

void settings_default(struct options *options)
{
    *options = (struct options){.family = AF_UNSPEC,
                                .connect_timeout_ms = TIMEOUT_DEFAULT_MS,
                                .reply_timeout_ms = TIMEOUT_DEFAULT_MS,
                                .interval_ms = INTERVAL_DEFAULT_MS,
                                .clients = CLIENTS_DEFAULT};
}

/* A number from least to most, or -1 and why. */
static int64_t number(const char *name, const char *text, int64_t least,
                      int64_t most, char *why)
{
    int64_t found = number_whole(text, most);

    if (found >= least)
        return found;
    return settings_refuse(why, "--%s=%s: not a number from %lld to %lld", name,
                           text, (long long)least, (long long)most);
}

int settings_number(int option, const char *name, const char *text,
                    struct options *options, char *why)
{
    int64_t found = 0;

    switch (option) {
    case 'n':
        found = number(name, text, 1, INT64_C(1000000000000), why);
        options->count = (uint64_t)found;
        break;
    case SETTING_RATE:
        found = number(name, text, 1, RATE_MAX, why);
        options->rate = (uint64_t)found;
        break;
    case 's':
        found = number(name, text, 1, SIZE_MAX_BYTES, why);
        options->size = (size_t)found;
        break;
    case SETTING_THREADS:
        found = number(name, text, 1, THREADS_MAX, why);
        options->threads = (size_t)found;
        break;
    default:
        found = number(name, text, 1, CLIENTS_MAX, why);
        options->clients = (size_t)found;
        break;
    }
    return found < 0 ? -1 : 0;
}

/* A time; nothing but an interval can be zero. */
int settings_time(int option, const char *name, const char *text,
                  struct options *options, char *why)
{
    int64_t ms = number_seconds(text);

    if (ms < 0 || (ms == 0 && option != 'i'))
        return settings_refuse(
            why, "--%s=%s: not a number of seconds%s to %d", name, text,
            option == 'i' ? " from 0" : " above 0 and up", NUMBER_SECONDS_MAX);
    if (option == SETTING_CONNECT_TIMEOUT || option == 'w')
        options->connect_timeout_ms = (int)ms;
    if (option == SETTING_REPLY_TIMEOUT || option == 'w')
        options->reply_timeout_ms = (int)ms;
    if (option == 'i')
        options->interval_ms = (int)ms;
    if (option == 'T')
        options->time_ms = ms;
    if (option == SETTING_IDLE)
        options->idle_ms = (int)ms;
    return 0;
}

static int add_source(struct options *options, const char *text, char *why)
{
    struct endpoint *source = &options->sources[options->source_count];

    if (options->source_count == OPTIONS_SOURCES_MAX)
        return settings_refuse(why, "--bind: more than %d addresses",
                               OPTIONS_SOURCES_MAX);
    *source = (struct endpoint){0};
    if (inet_pton(AF_INET, text, &source->address.in.sin_addr) == 1) {
        source->address.in.sin_family = AF_INET;
        source->length = sizeof source->address.in;
    } else if (inet_pton(AF_INET6, text, &source->address.in6.sin6_addr) == 1) {
        source->address.in6.sin6_family = AF_INET6;
        source->length = sizeof source->address.in6;
    } else {
        return settings_refuse(why, "--bind=%s: not an IPv4 or IPv6 address",
                               text);
    }
    options->source_count++;
    return 0;
}

static int set_sources(struct options *options, const char *text, char *why)
{
    char one[INET6_ADDRSTRLEN];

    for (;;) {
        size_t length = strcspn(text, ",");

        if (length >= sizeof one)
            return settings_refuse(
                why, "--bind=%s: not an IPv4 or IPv6 address", text);
        memcpy(one, text, length);
        one[length] = '\0';
        if (add_source(options, one, why) < 0)
            return -1;
        if (text[length] == '\0')
            return 0;
        text += length + 1;
    }
}

static int set_mode(struct options *options, enum options_mode mode, char *why)
{
    if (options->mode != OPTIONS_ROUND_TRIPS && options->mode != mode)
        return settings_refuse(
            why, "--stream, --churn and --hold exclude each other");
    options->mode = mode;
    return 0;
}

int settings_take(int option, const char *text, struct options *options,
                  char *why)
{
    switch (option) {
    case '4':
    case '6':
        options->family = option == '4' ? AF_INET : AF_INET6;
        return 0;
    case SETTING_VERIFY:
        options->verify = true;
        return 0;
    case SETTING_JSON:
        options->json = true;
        return 0;
    case SETTING_CSV:
        options->csv = true;
        return 0;
    case SETTING_NEW:
        options->new_each = true;
        return 0;
    case SETTING_STREAM:
        return set_mode(options, OPTIONS_STREAM, why);
    case SETTING_CHURN:
        return set_mode(options, OPTIONS_CHURN, why);
    case SETTING_HOLD:
        return set_mode(options, OPTIONS_HOLD, why);
    case SETTING_HGRM:
        options->hgrm = text;
        return 0;
    case SETTING_PLOT:
        options->plot = text;
        return 0;
    default:
        return set_sources(options, text, why);
    }
}

int settings_complete(struct options *options, char *why)
{
    if (options->size == 0)
        options->size = options->mode == OPTIONS_STREAM ? SIZE_STREAM_DEFAULT
                                                        : SIZE_DEFAULT;
    if (options->json && options->csv)
        return settings_refuse(why, "--json and --csv exclude each other");
    if (options->time_ms > 0 && options->count > 0)
        return settings_refuse(why, "--time and --count exclude each other");
    if (options->rate > 0 &&
        (options->mode == OPTIONS_STREAM || options->mode == OPTIONS_HOLD))
        return settings_refuse(why,
                               "--rate goes with neither --stream nor --hold");
    if (options->count > 0 && options->mode == OPTIONS_HOLD)
        return settings_refuse(why, "--count does not go with --hold");
    if (options->time_ms == 0)
        options->time_ms = TIME_DEFAULT_MS;
    return 0;
}
