/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * chart: a histogram as bars of text, 80 columns wide at most.
 */
#ifndef ECHOC_STATS_CHART_H
#define ECHOC_STATS_CHART_H

#include "echoc/stats/histogram.h"

/* On standard output; nothing for an empty one. */
void chart_print(const struct histogram *histogram);

#endif
