/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * progress: one line on standard error that is overwritten, on a terminal only.
 */
#include "config.h"

#include "echoc/progress.h"

#include "common/clock.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

enum { INTERVAL_MS = 250 };

static int64_t shown_ms;
static bool is_shown;

bool progress_is_due(void)
{
    return isatty(STDERR_FILENO) != 0 && clock_ms() >= shown_ms + INTERVAL_MS;
}

/* CR, the text, and EL (ECMA-48), which erases the rest of the last line. A
 * line that wraps could not be overwritten, so it is cut. */
void progress_show(const char *format, ...)
{
    char line[80];
    va_list list;

    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    fprintf(stderr, "\r%s\033[K", line);
    shown_ms = clock_ms();
    is_shown = true;
}

void progress_clear(void)
{
    if (is_shown)
        fputs("\r\033[K", stderr);
    is_shown = false;
}
