/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * plot: a picture of a latency distribution (SVG 1.1).
 */
#ifndef ECHOC_PLOT_PLOT_H
#define ECHOC_PLOT_PLOT_H

#include "echoc/stats/histogram.h"

#include <stdbool.h>

enum { PLOT_LINES = 4 };

/* Strings may hold any bytes; what does not fit is cut off. */
struct plot {
    const char *title;
    const char *date;                  /* of the measurement */
    const char *lines[PLOT_LINES + 1]; /* what was measured; ends with NULL */
    bool has_errors;                   /* they are in the last line */
    const struct histogram *times;
};

/* Write the file. Returns 0, or -1 with errno. */
int plot_write(const char *path, const struct plot *plot);

#endif
