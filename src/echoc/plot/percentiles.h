/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * percentiles: the panel with the latency over the percentile, on a scale where
 * 90 %, 99 % and 99.9 % are equally far apart.
 */
#ifndef ECHOC_PLOT_PERCENTILES_H
#define ECHOC_PLOT_PERCENTILES_H

#include "echoc/plot/panel.h"
#include "echoc/stats/histogram.h"

#include <stdio.h>

/* Draw the panel, and labels to the right of it. The histogram must not be
 * empty. */
void percentiles_draw(FILE *file, const struct panel *panel,
                      const struct histogram *histogram);

#endif
