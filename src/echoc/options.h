/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * options: the command line of echoc.
 */
#ifndef ECHOC_OPTIONS_H
#define ECHOC_OPTIONS_H

#include "common/address.h"
#include "common/errmsg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum {
    OPTIONS_SOURCES_MAX = 64,
    OPTIONS_JSON_SCHEMA = 1 /* of echoc-json(5) */
};

enum options_command {
    OPTIONS_COPY,
    OPTIONS_PING,
    OPTIONS_LOAD,
    OPTIONS_CHECK,
    OPTIONS_COMPARE,
    OPTIONS_HELP,
    OPTIONS_VERSION
};

enum options_mode {
    OPTIONS_ROUND_TRIPS,
    OPTIONS_STREAM,
    OPTIONS_CHURN,
    OPTIONS_HOLD
};

/* Options that the command does not take have their default values. Strings
 * point into argv. */
struct options {
    enum options_command command;
    struct timespec start;  /* CLOCK_REALTIME, when the options were parsed */
    struct address address; /* of the server */
    int family;             /* AF_UNSPEC, AF_INET or AF_INET6 */
    int connect_timeout_ms;
    int reply_timeout_ms;
    bool verify;
    bool new_each; /* ping: a new connection for each message */
    bool quiet;
    bool timestamps;
    bool json;
    bool csv;
    uint64_t count;  /* messages; 0: no limit */
    int interval_ms; /* load: 0: no lines */
    size_t size;     /* bytes in a message */
    size_t clients;
    size_t threads;  /* 0: choose a number that suits the machine */
    int64_t time_ms; /* load: 0 with a count */
    double rate;     /* messages a second; 0: no limit */
    enum options_mode mode;
    const char *hgrm; /* file names, or NULL */
    const char *plot;
    bool explain;         /* check: say what each result means */
    int idle_ms;          /* 0: leave this probe out */
    int dscp;             /* 0 to 63, or -1: leave it to the system */
    const char *files[2]; /* compare */
    double margin;        /* compare: per cent */
    size_t source_count;
    struct endpoint sources[OPTIONS_SOURCES_MAX];
};

/* The text that --help prints. */
extern const char options_help[];

/*
 * Parse the command line. Returns 0, or -1 with errmsg. Reorders argv, as
 * getopt_long(3) does.
 */
int options_parse(struct options *options, int argc, char *argv[],
                  char errmsg[ERRMSG_MAX]);

/* Begin the JSON object of a report, with the members "command" to "options";
 * see echoc-json(5). For ping, load and check. */
void options_json(const struct options *options);

#endif
