/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * options: argv -> struct options.
 */
#ifndef ECHOD_OPTIONS_H
#define ECHOD_OPTIONS_H

#include "common/address.h"
#include "common/errmsg.h"
#include "echod/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { OPTIONS_ADDRESSES_MAX = 64 };

enum options_action { OPTIONS_SERVE, OPTIONS_HELP, OPTIONS_VERSION };

struct options {
    enum options_action action;
    size_t max_clients;  /* 0: as many as the limits of the process allow */
    size_t max_per_host; /* 0: no limit */
    int busy_poll_us;    /* 0: off */
    int ipv6_prefix;     /* bits that -C counts as one address */
    int timeout_ms;      /* 0: never */
    int grace_ms;
    int delay_ms;
    const char *user;  /* NULL: stay; points into argv, as addresses do */
    const char *group; /* the same */
    mode_t mode;       /* of a Unix socket's file; 0: what the umask leaves */
    enum log_format log;
    bool inetd;
    bool verbose;
    bool reuseport;
    bool timestamps;
    size_t address_count; /* at least 1, unless inetd */
    struct address addresses[OPTIONS_ADDRESSES_MAX];
};

/* What --help prints. */
extern const char options_help[];

/*
 * Parse the command line. Returns 0, or -1 with errmsg, which names the faulty
 * word. Reorders argv as getopt_long(3) does.
 */
int options_parse(struct options *options, int argc, char *argv[],
                  char errmsg[ERRMSG_MAX]);

#endif
