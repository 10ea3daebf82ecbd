/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * progress: one line that is written over and over, on a terminal only.
 *
 * On standard error; for one thread.
 */
#ifndef ECHOC_LOAD_PROGRESS_H
#define ECHOC_LOAD_PROGRESS_H

#include <stdbool.h>

/* Whether there is a terminal and the last line is old enough. */
bool progress_is_due(void);

void progress_show(const char *words, ...)
    __attribute__((format(printf, 1, 2)));

/* Take the line away, if there is one. */
void progress_clear(void);

#endif
