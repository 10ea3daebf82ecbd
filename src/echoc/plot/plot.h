/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * plot: a picture of a latency distribution (SVG 1.1).
 */
#ifndef ECHOC_PLOT_PLOT_H
#define ECHOC_PLOT_PLOT_H

#include "echoc/stats/histogram.h"

/* Write the file; the title may hold any bytes. Returns 0, or -1 with errno. */
int plot_write(const char *path, const char *title,
               const struct histogram *histogram);

#endif
