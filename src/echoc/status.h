/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * status: the exit statuses, and messages on standard error.
 */
#ifndef ECHOC_STATUS_H
#define ECHOC_STATUS_H

#include "echoc/net/fault.h"
#include "echoc/options.h"

/* Exit statuses. A command returns one; only main() exits. */
enum status {
    STATUS_OK = 0,       /* everything came back as sent */
    STATUS_FAULT = 1,    /* something was lost, changed, late or cut off */
    STATUS_LOCAL = 2,    /* wrong usage, or a failure on this side */
    STATUS_UNREACHED = 3 /* no connection was made at all */
};

/* The exit status after a fault that ended the command. A FAULT_CONNECT is one
 * of the first connection. */
enum status status_of(const struct fault *fault);

/* Print "echoc: MESSAGE" on standard error: one line, with one write(2). */
void status_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Say why a command could not begin: as status_warn() and, with --json, as an
 * object with the member "error", see echoc-json(5). Returns status.
 */
enum status status_cannot_begin(const struct options *options,
                                enum status status, const char *why);

/* Flush standard output, for somebody who watches. A failure is reported by
 * status_flush(); until then, ferror(3) tells that there was one. */
void status_show(void);

/* Flush standard output at the end. Returns status, or STATUS_LOCAL with a
 * message if not all of the output could be written. */
enum status status_flush(enum status status);

#endif
