/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * panel: what the panels of a latency picture have in common: their look, and
 * the percentiles that each of them points out.
 */
#ifndef ECHOC_PLOT_PANEL_H
#define ECHOC_PLOT_PANEL_H

#include "echoc/stats/histogram.h"

#include <stddef.h>
#include <stdio.h>

/* Styles, as svg.h has them. */
#define PANEL_END "text-anchor=\"end\""
#define PANEL_MIDDLE "text-anchor=\"middle\""
#define PANEL_SIDEWAYS PANEL_MIDDLE " transform=\"rotate(-90)\""
#define PANEL_GRID "stroke=\"#e3e7eb\""
#define PANEL_EDGE "stroke=\"#8a949e\""
#define PANEL_BAR "fill=\"#86abc9\""
#define PANEL_CURVE                                                            \
    "fill=\"none\" stroke=\"#2f6690\" stroke-width=\"2\" "                     \
    "stroke-linejoin=\"round\""

enum { PANEL_MARKS = 3, PANEL_LETTER = 8 /* px, at most: digits and units */ };

/* Where the lines and bars go, in px; the words stand around it. */
struct panel {
    double left;
    double top;
    double right;
    double bottom;
};

/* What is pointed out, from the fastest to the slowest. */
struct panel_mark {
    double share;
    double ns;
    char words[48]; /* p50 48.2 µs */
    const char *fill;
    const char *centred; /* the same, for words */
    const char *stroke;
};

void panel_marks(struct panel_mark marks[PANEL_MARKS],
                 const struct histogram *histogram);

/* Push apart what stands too close, rising, and keep it between two ends. */
void panel_spread(double at[PANEL_MARKS], double apart, double low,
                  double high);

/* The edge at the bottom, and what the two directions mean. */
void panel_frame(FILE *file, const struct panel *panel, const char *across,
                 const char *upwards);

#endif
