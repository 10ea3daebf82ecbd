/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * panel: what the panels of a latency picture have in common.
 *
 * Knows the look, and which percentiles matter. Must not know what a panel
 * shows.
 */
#include "config.h"

#include "echoc/plot/panel.h"

#include "echoc/plot/axis.h"
#include "echoc/plot/svg.h"

#include <math.h>

#define FILL(colour) "fill=\"" colour "\""
#define KIND(name, share, colour)                                              \
    {                                                                          \
        name, share, FILL(colour), FILL(colour) " " PANEL_MIDDLE,              \
            "stroke=\"" colour "\""                                            \
    }

static const struct {
    const char *name;
    double share;
    const char *fill;
    const char *centred;
    const char *stroke;
} kinds[PANEL_MARKS] = {
    KIND("p50", 0.5, "#2e7d4f"),
    KIND("p99", 0.99, "#a85d08"),
    KIND("max", 1, "#b03a48"),
};

void panel_marks(struct panel_mark marks[PANEL_MARKS],
                 const struct histogram *histogram)
{
    for (size_t i = 0; i < PANEL_MARKS; i++) {
        struct panel_mark *mark = &marks[i];
        char label[AXIS_LABEL_SIZE];

        mark->share = kinds[i].share;
        mark->fill = kinds[i].fill;
        mark->centred = kinds[i].centred;
        mark->stroke = kinds[i].stroke;
        /* The greatest is known; the middle of its bucket is not as good. */
        mark->ns = mark->share < 1 ? histogram_quantile(histogram, mark->share)
                                   : (double)histogram->max;
        axis_label(mark->ns, label);
        snprintf(mark->words, sizeof mark->words, "%s %s", kinds[i].name,
                 label);
    }
}

void panel_spread(double at[PANEL_MARKS], double apart, double low, double high)
{
    double up[PANEL_MARKS];
    double down[PANEL_MARKS];

    for (size_t i = 0; i < PANEL_MARKS; i++)
        up[i] = i == 0 ? at[i] : fmax(at[i], up[i - 1] + apart);
    for (size_t i = PANEL_MARKS; i-- > 0;)
        down[i] =
            i == PANEL_MARKS - 1 ? at[i] : fmin(at[i], down[i + 1] - apart);
    /* Half of one and half of the other leaves all of them in the middle. */
    for (size_t i = 0; i < PANEL_MARKS; i++) {
        double below = (double)i * apart;
        double above = (double)(PANEL_MARKS - 1 - i) * apart;

        at[i] = fmin(fmax((up[i] + down[i]) / 2, low + below), high - above);
    }
}

void panel_frame(FILE *file, const struct panel *panel, const char *across,
                 const char *upwards)
{
    svg_line(file, PANEL_EDGE, panel->left, panel->bottom, panel->right,
             panel->bottom);
    svg_text(file, PANEL_MIDDLE, (panel->left + panel->right) / 2,
             panel->bottom + 38, across);
    svg_text(file, PANEL_SIDEWAYS, panel->left - 58,
             (panel->top + panel->bottom) / 2, upwards);
}
