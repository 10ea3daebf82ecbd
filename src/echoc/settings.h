/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * settings: the value of one option -> its place in struct options.
 *
 * options' own; the command line's words end here, ranges and exclusions begin.
 * What returns int returns 0, or -1 with why, which holds OPTIONS_WHY_MAX.
 */
#ifndef ECHOC_SETTINGS_H
#define ECHOC_SETTINGS_H

#include "echoc/options.h"

#include <limits.h>

/* Options that have no letter. */
enum {
    SETTING_CONNECT_TIMEOUT = CHAR_MAX + 1,
    SETTING_REPLY_TIMEOUT,
    SETTING_VERIFY,
    SETTING_JSON,
    SETTING_NEW,
    SETTING_RATE,
    SETTING_STREAM,
    SETTING_CHURN,
    SETTING_HOLD,
    SETTING_BIND,
    SETTING_THREADS,
    SETTING_CSV,
    SETTING_HGRM,
    SETTING_PLOT,
    SETTING_IDLE
};

void settings_default(struct options *options);

/* Take the value of an option, whose long name is name. */
int settings_number(int option, const char *name, const char *text,
                    struct options *options, char *why);
int settings_time(int option, const char *name, const char *text,
                  struct options *options, char *why);
/* One without a value, or with a text; NULL if it has none. */
int settings_take(int option, const char *text, struct options *options,
                  char *why);

/* What goes together, once all is known; and defaults that depend on it. */
int settings_complete(struct options *options, char *why);

/* Fill in why; returns -1. */
int settings_refuse(char *why, const char *words, ...)
    __attribute__((format(printf, 2, 3)));

#endif
