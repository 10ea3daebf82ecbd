/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * axis: time on a logarithmic scale, along one edge of a picture.
 */
#ifndef ECHOC_PLOT_AXIS_H
#define ECHOC_PLOT_AXIS_H

#include <stddef.h>

enum { AXIS_TICKS_MAX = 40, AXIS_LABEL_SIZE = 32 };

struct axis {
    double low; /* log10 of ns */
    double high;
    double low_at; /* px, where these are */
    double high_at;
};

/* From the least to the greatest time (ns), and as much of that range beyond
 * as margin says; never less than a decade. */
struct axis axis_make(double min, double max, double margin, double low_at,
                      double high_at);

/* Where a time is, in px; less than 1 ns is where 1 ns is. */
double axis_at(const struct axis *axis, double ns);
double axis_px_each_decade(const struct axis *axis);

/* Round times (ns), rising, at least so many px apart. Returns how many. */
size_t axis_ticks(const struct axis *axis, double apart,
                  double ticks[AXIS_TICKS_MAX]);

/* Three digits and a unit: 48.2 µs. */
void axis_label(double ns, char label[AXIS_LABEL_SIZE]);

#endif
