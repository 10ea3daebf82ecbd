/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * percentiles: the panel that shows how long the slowest messages took.
 *
 * Knows the scale on which each further nine has the same room. Must not know
 * what else is on the page.
 */
#include "config.h"

#include "echoc/plot/percentiles.h"

#include "echoc/plot/axis.h"
#include "echoc/plot/svg.h"

#include <math.h>
#include <string.h>

enum { WORDS_APART = 16 /* px */ };

/* Nines are log10(1/(1-share)): 1 for 90 %, 2 for 99 %. */
struct scale {
    double nines; /* at the right end */
    double left;
    double right;
};

/* All nines that the count supports, and a little for the greatest time. */
static struct scale scale_for(const struct panel *panel,
                              const struct histogram *histogram)
{
    double nines = 1.03 * fmax(1, log10((double)histogram->count));

    return (struct scale){nines, panel->left, panel->right};
}

/* What is beyond the end is at the end. */
static double scale_at(const struct scale *scale, double nines)
{
    double part = fmin(nines / scale->nines, 1);

    return scale->left + part * (scale->right - scale->left);
}

static void name_nines(int nines, char *label, size_t size)
{
    if (nines < 2)
        snprintf(label, size, "%d %%", nines == 0 ? 50 : nines < 0 ? 0 : 90);
    else
        snprintf(label, size, "99%s%.*s %%", nines > 2 ? "." : "", nines - 2,
                 "999999999999999999");
}

/* 0 %, 50 % and the nines; each has its line, and words if there is room. */
static void draw_shares(FILE *file, const struct panel *panel,
                        const struct scale *scale)
{
    double taken = 0;

    for (int i = -1; i <= (int)scale->nines; i++) {
        double x = scale_at(scale, i < 0 ? 0 : i == 0 ? log10(2) : i);
        char label[AXIS_LABEL_SIZE];
        double half = 0;

        name_nines(i, label, sizeof label);
        half = (double)strlen(label) * PANEL_LETTER / 2;
        svg_line(file, PANEL_GRID, x, panel->top, x, panel->bottom + 4);
        if (x - half < taken)
            continue;
        svg_text(file, PANEL_MIDDLE, x, panel->bottom + 18, label);
        taken = x + half;
    }
}

static void draw_times(FILE *file, const struct panel *panel,
                       const struct axis *axis)
{
    double ticks[AXIS_TICKS_MAX];
    size_t count = axis_ticks(axis, 2 * PANEL_LETTER, ticks);

    for (size_t i = 0; i < count; i++) {
        double y = axis_at(axis, ticks[i]);
        char label[AXIS_LABEL_SIZE];

        axis_label(ticks[i], label);
        svg_line(file, PANEL_GRID, panel->left, y, panel->right, y);
        svg_text(file, PANEL_END, panel->left - 8, y + 4, label);
    }
}

static void draw_curve(FILE *file, const struct scale *scale,
                       const struct axis *axis,
                       const struct histogram *histogram)
{
    int columns = (int)(scale->right - scale->left);

    svg_curve_begin(file, PANEL_CURVE);
    for (int i = 0; i < columns; i++) {
        double nines = scale->nines * i / columns;
        double ns = histogram_quantile(histogram, 1 - pow(10, -nines));

        svg_curve_to(file, scale_at(scale, nines), axis_at(axis, ns));
    }
    svg_curve_to(file, scale->right, axis_at(axis, (double)histogram->max));
    svg_curve_end(file);
}

static void draw_marks(FILE *file, const struct scale *scale,
                       const struct axis *axis,
                       const struct histogram *histogram)
{
    struct panel_mark marks[PANEL_MARKS];
    double at[PANEL_MARKS]; /* upwards, as they rise */

    panel_marks(marks, histogram);
    for (size_t i = 0; i < PANEL_MARKS; i++)
        at[i] = -axis_at(axis, marks[i].ns);
    panel_spread(at, WORDS_APART, -axis->low_at, -axis->high_at);
    for (size_t i = 0; i < PANEL_MARKS; i++) {
        double x = scale_at(scale, -log10(1 - marks[i].share));
        double y = axis_at(axis, marks[i].ns);

        svg_line(file, marks[i].stroke, x, y, scale->right, y);
        svg_line(file, marks[i].stroke, scale->right, y, scale->right + 12,
                 -at[i]);
        svg_dot(file, marks[i].fill, x, y);
        svg_text(file, marks[i].fill, scale->right + 17, 4 - at[i],
                 marks[i].words);
    }
}

void percentiles_draw(FILE *file, const struct panel *panel,
                      const struct histogram *histogram)
{
    struct scale scale = scale_for(panel, histogram);
    struct axis axis = axis_make((double)histogram->min, (double)histogram->max,
                                 0.05, panel->bottom, panel->top);

    draw_times(file, panel, &axis);
    draw_shares(file, panel, &scale);
    panel_frame(file, panel, "percentile", "latency");
    draw_curve(file, &scale, &axis, histogram);
    draw_marks(file, &scale, &axis, histogram);
}
