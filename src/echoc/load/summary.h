/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * summary: the results of a load in words, for people.
 */
#ifndef ECHOC_LOAD_SUMMARY_H
#define ECHOC_LOAD_SUMMARY_H

#include "echoc/load/totals.h"

/* Print the report on standard output, at most 80 columns wide but for names
 * and faults. */
void summary_print(const struct totals *totals);

/* Draw the latency, under the same words. Returns 0, or -1 with errno. */
int summary_plot(const char *path, const struct totals *totals);

#endif
