/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * panel: what the panels of a picture have in common: axes, grid and marks.
 *
 * Positions are in px, as in svg.h; times are in ns.
 */
#ifndef ECHOC_PLOT_PANEL_H
#define ECHOC_PLOT_PANEL_H

#include "echoc/stats/histogram.h"

#include <stddef.h>
#include <stdio.h>

/* Styles of text, see svg.h. */
#define PANEL_END "text-anchor=\"end\""
#define PANEL_MIDDLE "text-anchor=\"middle\""

enum {
    AXIS_TICKS_MAX = 40,
    AXIS_LABEL_MAX = 32,
    PANEL_MARKS = 4,
    PANEL_LETTER = 8 /* px; the widest digit, or letter of a unit */
};

/* An axis is linear; to make it logarithmic, take logarithms as its values. */
struct axis {
    double low; /* values at the ends */
    double high;
    double low_px; /* positions of the ends */
    double high_px;
};

/* An axis of axis_log(ns), with a margin at both ends, given as a part of the
 * range from min to max (ns). It is at least a decade long. */
struct axis axis_of_times(double min, double max, double margin, double low_px,
                          double high_px);

/* log10 of a time; for less than 1 ns, that of 1 ns. */
double axis_log(double ns);

/* The position of a value. */
double axis_px(const struct axis *axis, double value);
double axis_px_per_unit(const struct axis *axis);

/* Round times (ns) on such an axis, in ascending order, at least min_distance
 * px apart. Returns how many. */
size_t axis_ticks(const struct axis *axis, double min_distance,
                  double ticks[AXIS_TICKS_MAX]);

/* A time with three digits and a unit, such as 48.2 µs. */
void axis_label(double ns, char label[AXIS_LABEL_MAX]);

/* Where the lines and bars of a panel go; the labels are outside. */
struct panel {
    double left;
    double top;
    double right;
    double bottom;
    double strip; /* the height of what is between the bottom and its labels */
};

/* The edge at the bottom, and what the two axes show. */
void panel_frame(FILE *file, const struct panel *panel, const char *x,
                 const char *y);

/* A line of the grid, upwards from x or across from y. The label of x may be
 * NULL. */
void panel_line_x(FILE *file, const struct panel *panel, double x,
                  const char *label);
void panel_line_y(FILE *file, const struct panel *panel, double y,
                  const char *label);

/* A latency that is pointed out. */
struct panel_mark {
    const char *name; /* p50 */
    double share;     /* of the messages, that took no longer */
    double ns;
    char text[AXIS_LABEL_MAX + 8]; /* p50 48.2 µs */
    const char *fill;
    const char *centred; /* the same, for text */
    const char *stroke;
};

/* p50, p99, p99.9 and max. */
void panel_marks(struct panel_mark marks[PANEL_MARKS],
                 const struct histogram *histogram);

/* Move positions in ascending order until they are at least a distance apart,
 * and between low and high. */
void panel_spread(double px[PANEL_MARKS], double distance, double low,
                  double high);

#endif
