/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * status: what a command comes to, and the one form of a complaint.
 */
#ifndef ECHOC_STATUS_H
#define ECHOC_STATUS_H

#include <stddef.h>

/* Exit statuses; a command returns one, and only main() exits with it. */
enum status {
    STATUS_OK = 0,    /* all came back as sent */
    STATUS_FAULT = 1, /* something was lost, changed, late or refused */
    STATUS_LOCAL = 2  /* wrong usage, or a failure on this side */
};

/* "echoc: WHAT: WHY" on standard error, one line in one write. */
void status_say(const char *words, ...) __attribute__((format(printf, 1, 2)));

/* Whether this process can have so many clients, and so many descriptors more:
 * STATUS_OK, or STATUS_LOCAL and a complaint. Raises the soft limit. */
enum status status_descriptors(size_t clients, size_t more);

/* Whether all that was printed has been taken: status, or STATUS_LOCAL and a
 * complaint. Called once, at the end. */
enum status status_flush(enum status status);

#endif
