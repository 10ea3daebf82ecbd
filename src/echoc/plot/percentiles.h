/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * percentiles: the panel that shows how long the slowest messages took.
 */
#ifndef ECHOC_PLOT_PERCENTILES_H
#define ECHOC_PLOT_PERCENTILES_H

#include "echoc/plot/panel.h"

/* A curve over 1/(1-share), as many nines as there are messages for; the marks'
 * words stand on the right. The histogram must not be empty. */
void percentiles_draw(FILE *file, const struct panel *panel,
                      const struct histogram *histogram);

#endif
