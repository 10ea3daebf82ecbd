/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * hgrm: write percentiles in HdrHistogram's text format (.hgrm).
 */
#ifndef ECHOC_STATS_HGRM_H
#define ECHOC_STATS_HGRM_H

#include "echoc/stats/histogram.h"

/* Write the file, with times in ms. Returns 0, or -1 with errno. */
int hgrm_write(const char *path, const struct histogram *histogram);

#endif
