/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * axis: time on a logarithmic scale, along one edge of a picture.
 *
 * Knows round times and units. Must not know what is drawn, nor how.
 */
#include "config.h"

#include "echoc/plot/axis.h"

#include <math.h>
#include <stdio.h>

/* The least room at either end, so that no bar is cut; decades. */
static const double MARGIN_LEAST = 0.1;

struct axis axis_make(double min, double max, double margin, double low_at,
                      double high_at)
{
    double low = log10(fmax(min, 1));
    double high = log10(fmax(max, 1));
    double more = fmax(MARGIN_LEAST, margin * (high - low));

    more = fmax(more, (1 - (high - low)) / 2);
    return (struct axis){low - more, high + more, low_at, high_at};
}

double axis_px_each_decade(const struct axis *axis)
{
    return fabs(axis->high_at - axis->low_at) / (axis->high - axis->low);
}

double axis_at(const struct axis *axis, double ns)
{
    double part = (log10(fmax(ns, 1)) - axis->low) / (axis->high - axis->low);

    return axis->low_at + part * (axis->high_at - axis->low_at);
}

/* As many to a decade as there is room for. Below 1 ns nothing is round. */
size_t axis_ticks(const struct axis *axis, double apart,
                  double ticks[AXIS_TICKS_MAX])
{
    static const double fine[] = {1, 1.5, 2, 3, 4, 5, 7};
    static const double coarse[] = {1, 2, 5};
    double room = axis_px_each_decade(axis) / apart;
    const double *steps = room * log10(5.0 / 4) >= 1 ? fine : coarse;
    size_t steps_count = steps == fine ? 7 : room * log10(2) >= 1 ? 3 : 1;
    int every = room >= 1 ? 1 : (int)ceil(1 / room);
    size_t count = 0;

    for (int decade = 0; decade <= axis->high; decade += every) {
        for (size_t i = 0; i < steps_count; i++) {
            double tick = decade + log10(steps[i]);

            if (tick >= axis->low && tick <= axis->high &&
                count < AXIS_TICKS_MAX)
                ticks[count++] = steps[i] * pow(10, decade);
        }
    }
    return count;
}

void axis_label(double ns, char label[AXIS_LABEL_SIZE])
{
    static const char *const units[] = {"ns", "\xc2\xb5s", "ms", "s"};
    size_t unit = 0;

    /* From here on three digits are rounded up to four. */
    while (unit < 3 && ns >= 999.5) {
        ns /= 1000;
        unit++;
    }
    if (ns >= 999.5 && ns < 99999.5)
        snprintf(label, AXIS_LABEL_SIZE, "%.0f %s", ns, units[unit]);
    else
        snprintf(label, AXIS_LABEL_SIZE, "%.3g %s", ns, units[unit]);
}
