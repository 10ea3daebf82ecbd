/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * options: argv -> struct options.
 */
#ifndef ECHOC_OPTIONS_H
#define ECHOC_OPTIONS_H

#include "common/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPTIONS_SOURCES_MAX = 64, OPTIONS_WHY_MAX = 512 };

enum options_command {
    OPTIONS_COPY,
    OPTIONS_PING,
    OPTIONS_LOAD,
    OPTIONS_CHECK,
    OPTIONS_HELP,
    OPTIONS_VERSION
};

enum options_mode {
    OPTIONS_ROUND_TRIPS,
    OPTIONS_STREAM,
    OPTIONS_CHURN,
    OPTIONS_HOLD
};

/* What does not belong to the command is at its default. Texts point into
 * argv. */
struct options {
    enum options_command command;
    struct address address;
    int family; /* AF_UNSPEC, AF_INET or AF_INET6 */
    int connect_timeout_ms;
    int reply_timeout_ms;
    bool verify;
    bool new_each; /* a connection for each round trip */
    bool json;
    bool csv;
    uint64_t count; /* 0: no end, or until the time is up */
    int interval_ms;
    size_t size;
    size_t clients;
    size_t threads; /* 0: as many as suit the machine */
    int64_t time_ms;
    uint64_t rate; /* 0: as fast as it goes */
    enum options_mode mode;
    const char *hgrm;
    const char *plot;
    int idle_ms; /* 0: not tried */
    size_t source_count;
    struct endpoint sources[OPTIONS_SOURCES_MAX];
};

/* What --help prints. */
extern const char options_help[];

/*
 * Read the command line. Returns 0, or -1 with why, one line that names the
 * offending word. Reorders argv as getopt_long(3) does.
 */
int options_parse(struct options *options, int argc, char *argv[],
                  char why[OPTIONS_WHY_MAX]);

#endif
