/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * shares: the panel that shows how many messages took how long.
 */
#ifndef ECHOC_PLOT_SHARES_H
#define ECHOC_PLOT_SHARES_H

#include "echoc/plot/panel.h"

/* Bars over a logarithmic axis of time, and the marks above. The histogram must
 * not be empty. */
void shares_draw(FILE *file, const struct panel *panel,
                 const struct histogram *histogram);

#endif
