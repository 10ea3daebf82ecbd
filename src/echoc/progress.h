/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * progress: one line on standard error that is overwritten, on a terminal only.
 *
 * Only one thread may use it.
 */
#ifndef ECHOC_PROGRESS_H
#define ECHOC_PROGRESS_H

#include <stdbool.h>

/* Whether there is a terminal, and the last line is old enough to replace. */
bool progress_is_due(void);

/* Write the line, cut off at 79 columns. */
void progress_show(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Erase the line, if there is one. */
void progress_clear(void);

#endif
