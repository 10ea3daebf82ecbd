/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * bars: the panel with the share of messages over the latency.
 */
#ifndef ECHOC_PLOT_BARS_H
#define ECHOC_PLOT_BARS_H

#include "echoc/plot/panel.h"
#include "echoc/stats/histogram.h"

#include <stdio.h>

/* Draw bars over a strip of marks, which needs panel->strip. The histogram must
 * not be empty. */
void bars_draw(FILE *file, const struct panel *panel,
               const struct histogram *histogram);

#endif
