/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * errmsg: one message in a buffer of the caller's.
 *
 * What can fail before any client is served returns -1 and leaves the whole
 * message in the caller's errmsg: what failed and why, one line, without a
 * newline. The caller prints it, or puts more in front.
 */
#ifndef COMMON_ERRMSG_H
#define COMMON_ERRMSG_H

enum { ERRMSG_MAX = 512 };

/* Write the message, cut off where it does not fit. Returns -1. */
int errmsg_set(char errmsg[ERRMSG_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
