/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * main: parse the command line, run the command, exit with its status.
 */
#include "config.h"

#include "common/descriptors.h"
#include "echoc/check/check.h"
#include "echoc/compare/compare.h"
#include "echoc/copy.h"
#include "echoc/interrupt.h"
#include "echoc/load/load.h"
#include "echoc/options.h"
#include "echoc/ping.h"
#include "echoc/status.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static enum status run(const struct options *options)
{
    switch (options->command) {
    case OPTIONS_COPY:
        return copy_run(options);
    case OPTIONS_PING:
        return ping_run(options);
    case OPTIONS_LOAD:
        return load_run(options);
    case OPTIONS_CHECK:
        return check_run(options);
    case OPTIONS_COMPARE:
        return compare_run(options);
    case OPTIONS_HELP:
        fputs(options_help, stdout);
        return STATUS_OK;
    case OPTIONS_VERSION:
        puts("echoc " PACKAGE_VERSION);
        return STATUS_OK;
    }
    return STATUS_LOCAL;
}

int main(int argc, char *argv[])
{
    struct options options;
    char errmsg[ERRMSG_MAX];

    if (descriptors_fill_standard() < 0) {
        status_warn("cannot open /dev/null: %s", strerror(errno));
        return STATUS_LOCAL;
    }
    if (options_parse(&options, argc, argv, errmsg) < 0) {
        status_warn("%s", errmsg);
        return STATUS_LOCAL;
    }
    signal(SIGPIPE, SIG_IGN);
    /* These print no summary, so a signal may simply kill them. */
    if (options.command != OPTIONS_COPY && options.command != OPTIONS_COMPARE &&
        interrupt_catch() < 0) {
        status_warn("cannot catch signals: %s", strerror(errno));
        return STATUS_LOCAL;
    }
    return (int)status_flush(run(&options));
}
