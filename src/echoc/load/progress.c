/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * progress: one line that is written over and over, on a terminal only.
 *
 * Knows the terminal. Must not know what goes on.
 */
#include "config.h"

#include "echoc/load/progress.h"

#include "common/clock.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

enum { EVERY_MS = 250 };

static int64_t shown_ms;
static bool is_there;

bool progress_is_due(void)
{
    return isatty(STDERR_FILENO) != 0 && clock_ms() >= shown_ms + EVERY_MS;
}

/* To the line's start; the words; erase what is left of the last ones
 * (ECMA-48, CR and EL). Cut to 79 columns, since a line that wraps stays. */
void progress_show(const char *words, ...)
{
    char line[80];
    va_list list;

    va_start(list, words);
    vsnprintf(line, sizeof line, words, list);
    va_end(list);
    fprintf(stderr, "\r%s\033[K", line);
    shown_ms = clock_ms();
    is_there = true;
}

void progress_clear(void)
{
    if (is_there)
        fputs("\r\033[K", stderr);
    is_there = false;
}
