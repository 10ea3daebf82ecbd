/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * bars: the panel with the share of messages over the latency.
 */
#include "config.h"

#include "echoc/plot/bars.h"

#include "echoc/plot/svg.h"
#include "echoc/stats/steps.h"

#include <math.h>
#include <stdio.h>

/* Styles, see svg.h. */
#define BAR "fill=\"#86abc9\""
#define MARK "stroke=\"#5b8db5\""

enum { BAR_WIDTH_MIN = 8, STRIP_GAP = 3 }; /* px */

/* Lines at round percentages. Returns the highest, which is at least max. */
static double draw_percentages(FILE *file, const struct panel *panel,
                               double max)
{
    static const double tolerance = 1e-6; /* for sums of shares */
    double step = pow(10, floor(log10(max)));
    double first_digit = max / step;
    int count = 0;

    step *= first_digit > 5               ? 2
            : first_digit > 2.5           ? 1
            : first_digit > 1 + tolerance ? 0.5
                                          : 0.2;
    count = (int)ceil(max / step - tolerance);
    for (int i = 0; i <= count; i++) {
        char label[AXIS_LABEL_MAX];

        snprintf(label, sizeof label, "%.3g %%", i * step);
        panel_line_y(file, panel,
                     panel->bottom - i * (panel->bottom - panel->top) / count,
                     label);
    }
    return count * step;
}

static void draw_bars(FILE *file, const struct panel *panel,
                      const struct axis *axis,
                      const struct histogram *histogram)
{
    static struct steps steps; /* too large for a stack */
    double fit = axis_px_per_unit(axis) / BAR_WIDTH_MIN;
    double width = 0;
    double percent = 0; /* of a message */
    double top = 0;

    steps_fill(&steps, histogram, fit >= 40 ? 40 : fit >= 20 ? 20 : 10);
    width = axis_px_per_unit(axis) / steps.per_decade;
    percent = 100 / (double)histogram->count;
    top = draw_percentages(file, panel, percent * steps_highest(&steps));
    for (int i = 0; i < steps.count; i++) {
        double part = percent * steps.counts[i] / top;
        double height = part * (panel->bottom - panel->top);

        if (height >= SVG_RESOLUTION)
            svg_box(file, BAR, axis_px(axis, axis_log(steps_begin(&steps, i))),
                    panel->bottom - height, width - 1, height);
    }
}

/* A bar of true height does not show a message in a thousand. A mark below the
 * axis does, for each px of times that occurred. */
static void draw_strip(FILE *file, const struct panel *panel,
                       const struct axis *axis,
                       const struct histogram *histogram)
{
    double last = 0;

    svg_marks_begin(file, MARK);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        double ns = (double)histogram_lower_bound(i);
        double x = 0;

        if (histogram->buckets[i] == 0)
            continue;
        ns = fmin(fmax(ns, (double)histogram->min), (double)histogram->max);
        x = floor(axis_px(axis, axis_log(ns))) + 0.5;
        if (x > last)
            svg_mark(file, x, panel->bottom + STRIP_GAP,
                     panel->strip - STRIP_GAP);
        last = x;
    }
    svg_marks_end(file);
}

static void draw_marks_above(FILE *file, const struct panel *panel,
                             const struct axis *axis,
                             const struct histogram *histogram)
{
    struct panel_mark marks[PANEL_MARKS];
    double text_px[PANEL_MARKS];

    panel_marks(marks, histogram);
    for (size_t i = 0; i < PANEL_MARKS; i++)
        text_px[i] = axis_px(axis, axis_log(marks[i].ns));
    panel_spread(text_px, 90, panel->left, panel->right);
    for (size_t i = 0; i < PANEL_MARKS; i++) {
        double x = axis_px(axis, axis_log(marks[i].ns));

        svg_line(file, marks[i].stroke, x, panel->top - 4, x, panel->bottom);
        svg_line(file, marks[i].stroke, text_px[i], panel->top - 14, x,
                 panel->top - 4);
        svg_text(file, marks[i].centred, text_px[i], panel->top - 18,
                 marks[i].text);
    }
}

void bars_draw(FILE *file, const struct panel *panel,
               const struct histogram *histogram)
{
    struct axis axis =
        axis_of_times((double)histogram->min, (double)histogram->max, 0.03,
                      panel->left, panel->right);
    double ticks[AXIS_TICKS_MAX];
    size_t count = axis_ticks(&axis, 7 * PANEL_LETTER, ticks);

    for (size_t i = 0; i < count; i++) {
        char label[AXIS_LABEL_MAX];

        axis_label(ticks[i], label);
        panel_line_x(file, panel, axis_px(&axis, axis_log(ticks[i])), label);
    }
    draw_bars(file, panel, &axis, histogram);
    draw_strip(file, panel, &axis, histogram);
    panel_frame(file, panel,
                "latency (a mark below the axis: at least one message)",
                "share of messages");
    draw_marks_above(file, panel, &axis, histogram);
}
