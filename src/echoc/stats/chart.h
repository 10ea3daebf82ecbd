/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * chart: print a histogram as bars of text, at most 80 columns wide.
 */
#ifndef ECHOC_STATS_CHART_H
#define ECHOC_STATS_CHART_H

#include "echoc/stats/histogram.h"

/* Print to standard output; nothing if the histogram is empty. */
void chart_print(const struct histogram *histogram);

#endif
