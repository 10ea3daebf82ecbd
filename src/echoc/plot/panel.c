/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * panel: what the panels of a picture have in common: axes, grid and marks.
 */
#include "config.h"

#include "echoc/plot/panel.h"

#include "echoc/plot/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SIDEWAYS PANEL_MIDDLE " transform=\"rotate(-90)\""
#define EDGE "stroke=\"#8a949e\""
#define GRID "stroke=\"#e3e7eb\""

/* In decades. Keeps the bars at both ends whole. */
static const double MARGIN_MIN = 0.1;

double axis_log(double ns)
{
    return log10(fmax(ns, 1));
}

struct axis axis_of_times(double min, double max, double margin, double low_px,
                          double high_px)
{
    double low = axis_log(min);
    double high = axis_log(max);
    double more = fmax(MARGIN_MIN, margin * (high - low));

    more = fmax(more, (1 - (high - low)) / 2);
    return (struct axis){low - more, high + more, low_px, high_px};
}

double axis_px(const struct axis *axis, double value)
{
    double part = (value - axis->low) / (axis->high - axis->low);

    return axis->low_px + part * (axis->high_px - axis->low_px);
}

double axis_px_per_unit(const struct axis *axis)
{
    return fabs(axis->high_px - axis->low_px) / (axis->high - axis->low);
}

/* As many ticks per decade as fit; none below 1 ns. */
size_t axis_ticks(const struct axis *axis, double min_distance,
                  double ticks[AXIS_TICKS_MAX])
{
    static const double fine[] = {1, 1.5, 2, 3, 4, 5, 7};
    static const double coarse[] = {1, 2, 5};
    double fit = axis_px_per_unit(axis) / min_distance; /* in a decade */
    const double *steps = fit * log10(5.0 / 4) >= 1 ? fine : coarse;
    size_t step_count = steps == fine ? 7 : fit * log10(2) >= 1 ? 3 : 1;
    int every = fit >= 1 ? 1 : (int)ceil(1 / fit);
    size_t count = 0;

    for (int decade = 0; decade <= axis->high; decade += every) {
        for (size_t i = 0; i < step_count; i++) {
            double tick = decade + log10(steps[i]);

            if (tick >= axis->low && tick <= axis->high &&
                count < AXIS_TICKS_MAX)
                ticks[count++] = steps[i] * pow(10, decade);
        }
    }
    return count;
}

void axis_label(double ns, char label[AXIS_LABEL_MAX])
{
    static const char *const units[] = {"ns", "\xc2\xb5s", "ms", "s"};
    size_t unit = 0;

    /* %.3g would round 999.5 up to 1e+03. */
    while (unit < 3 && ns >= 999.5) {
        ns /= 1000;
        unit++;
    }
    if (ns >= 999.5 && ns < 99999.5)
        snprintf(label, AXIS_LABEL_MAX, "%.0f %s", ns, units[unit]);
    else
        snprintf(label, AXIS_LABEL_MAX, "%.3g %s", ns, units[unit]);
}

void panel_frame(FILE *file, const struct panel *panel, const char *x,
                 const char *y)
{
    svg_line(file, EDGE, panel->left, panel->bottom, panel->right,
             panel->bottom);
    svg_text(file, PANEL_MIDDLE, (panel->left + panel->right) / 2,
             panel->bottom + panel->strip + 38, x);
    svg_text(file, SIDEWAYS, panel->left - 58, (panel->top + panel->bottom) / 2,
             y);
}

void panel_line_x(FILE *file, const struct panel *panel, double x,
                  const char *label)
{
    svg_line(file, GRID, x, panel->top, x, panel->bottom + panel->strip + 4);
    if (label != NULL)
        svg_text(file, PANEL_MIDDLE, x, panel->bottom + panel->strip + 18,
                 label);
}

void panel_line_y(FILE *file, const struct panel *panel, double y,
                  const char *label)
{
    svg_line(file, GRID, panel->left, y, panel->right, y);
    svg_text(file, PANEL_END, panel->left - 8, y + 4, label);
}

#define FILL(colour) "fill=\"" colour "\""
#define MARK(name, share, colour)                                              \
    {                                                                          \
        name, share, 0, "", FILL(colour), FILL(colour) " " PANEL_MIDDLE,       \
            "stroke=\"" colour "\""                                            \
    }

void panel_marks(struct panel_mark marks[PANEL_MARKS],
                 const struct histogram *histogram)
{
    static const struct panel_mark kinds[PANEL_MARKS] = {
        MARK("p50", 0.5, "#2e7d4f"), MARK("p99", 0.99, "#a85d08"),
        MARK("p99.9", 0.999, "#7a4a9e"), MARK("max", 1, "#b03a48")};

    for (size_t i = 0; i < PANEL_MARKS; i++) {
        struct panel_mark *mark = &marks[i];
        char label[AXIS_LABEL_MAX];

        *mark = kinds[i];
        /* max is exact, the middle of its bucket is not. */
        mark->ns = mark->share < 1 ? histogram_quantile(histogram, mark->share)
                                   : (double)histogram->max;
        axis_label(mark->ns, label);
        snprintf(mark->text, sizeof mark->text, "%s %s", mark->name, label);
    }
}

void panel_spread(double px[PANEL_MARKS], double distance, double low,
                  double high)
{
    double up[PANEL_MARKS];
    double down[PANEL_MARKS];

    memcpy(up, px, sizeof up);
    memcpy(down, px, sizeof down);
    for (size_t i = 1; i < PANEL_MARKS; i++)
        up[i] = fmax(px[i], up[i - 1] + distance);
    for (size_t i = PANEL_MARKS - 1; i-- > 0;)
        down[i] = fmin(px[i], down[i + 1] - distance);
    /* The mean of both keeps a group centred. */
    for (size_t i = 0; i < PANEL_MARKS; i++) {
        double below = (double)i * distance;
        double above = (double)(PANEL_MARKS - 1 - i) * distance;

        px[i] = fmin(fmax((up[i] + down[i]) / 2, low + below), high - above);
    }
}
