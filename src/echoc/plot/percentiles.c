/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * percentiles: the panel with the latency over the percentile, on a scale where
 * 90 %, 99 % and 99.9 % are equally far apart.
 */
#include "config.h"

#include "echoc/plot/percentiles.h"

#include "echoc/plot/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* See svg.h. */
#define CURVE                                                                  \
    "fill=\"none\" stroke=\"#2f6690\" stroke-width=\"2\" "                     \
    "stroke-linejoin=\"round\""

/* The axis of the percentiles; its value is log10(1/(1-share)), the number of
 * nines. It ends where the messages are too few for more, with a margin for
 * max. */
static struct axis axis_of_nines(const struct panel *panel,
                                 const struct histogram *histogram)
{
    double nines = 1.03 * fmax(1, log10((double)histogram->count));

    return (struct axis){0, nines, panel->left, panel->right};
}

/* 0 %, 50 % and the nines. Each has a line, and a label where it fits. */
static void draw_nines(FILE *file, const struct panel *panel,
                       const struct axis *axis)
{
    double taken_px = 0;

    for (int i = -1; i <= (int)axis->high; i++) {
        double x = axis_px(axis, i < 0 ? 0 : i == 0 ? log10(2) : i);
        char label[AXIS_LABEL_MAX];
        double half = 0;

        if (i < 2)
            snprintf(label, sizeof label, "%d %%", i < 0 ? 0 : i < 1 ? 50 : 90);
        else
            snprintf(label, sizeof label, "99%s%.*s %%", i > 2 ? "." : "",
                     i - 2, "999999999999999999");
        half = (double)strlen(label) * PANEL_LETTER / 2;
        if (x - half < taken_px) {
            panel_line_x(file, panel, x, NULL);
        } else {
            panel_line_x(file, panel, x, label);
            taken_px = x + half;
        }
    }
}

static void draw_curve(FILE *file, const struct axis *nines,
                       const struct axis *times,
                       const struct histogram *histogram)
{
    int columns = (int)(nines->high_px - nines->low_px);

    svg_curve_begin(file, CURVE);
    for (int i = 0; i < columns; i++) {
        double value = nines->high * i / columns;
        double ns = histogram_quantile(histogram, 1 - pow(10, -value));

        svg_curve_to(file, axis_px(nines, value), axis_px(times, axis_log(ns)));
    }
    svg_curve_to(file, nines->high_px,
                 axis_px(times, axis_log((double)histogram->max)));
    svg_curve_end(file);
}

static void draw_marks_beside(FILE *file, const struct axis *nines,
                              const struct axis *times,
                              const struct histogram *histogram)
{
    struct panel_mark marks[PANEL_MARKS];
    double text_px[PANEL_MARKS]; /* negative, so that they rise */

    panel_marks(marks, histogram);
    for (size_t i = 0; i < PANEL_MARKS; i++)
        text_px[i] = -axis_px(times, axis_log(marks[i].ns));
    panel_spread(text_px, 16, -times->low_px, -times->high_px);
    for (size_t i = 0; i < PANEL_MARKS; i++) {
        double value = fmin(-log10(1 - marks[i].share), nines->high);
        double x = axis_px(nines, value);
        double y = axis_px(times, axis_log(marks[i].ns));
        double right = nines->high_px;

        svg_line(file, marks[i].stroke, x, y, right, y);
        svg_line(file, marks[i].stroke, right, y, right + 12, -text_px[i]);
        svg_dot(file, marks[i].fill, x, y);
        svg_text(file, marks[i].fill, right + 17, 4 - text_px[i],
                 marks[i].text);
    }
}

void percentiles_draw(FILE *file, const struct panel *panel,
                      const struct histogram *histogram)
{
    struct axis nines = axis_of_nines(panel, histogram);
    struct axis times =
        axis_of_times((double)histogram->min, (double)histogram->max, 0.05,
                      panel->bottom, panel->top);
    double ticks[AXIS_TICKS_MAX];
    size_t count = axis_ticks(&times, 2 * PANEL_LETTER, ticks);

    for (size_t i = 0; i < count; i++) {
        char label[AXIS_LABEL_MAX];

        axis_label(ticks[i], label);
        panel_line_y(file, panel, axis_px(&times, axis_log(ticks[i])), label);
    }
    draw_nines(file, panel, &nines);
    panel_frame(file, panel, "percentile", "latency");
    draw_curve(file, &nines, &times, histogram);
    draw_marks_beside(file, &nines, &times, histogram);
}
