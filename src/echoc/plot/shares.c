/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * shares: the panel that shows how many messages took how long.
 *
 * Knows how buckets fall into bars that are equally wide on a logarithmic
 * scale. Must not know what else is on the page.
 */
#include "config.h"

#include "echoc/plot/shares.h"

#include "echoc/plot/axis.h"
#include "echoc/plot/svg.h"

#include <math.h>

enum { BARS_MAX = 256, BAR_LEAST = 8, WORDS_APART = 90 /* px */ };

/* What adding shares up may add to a round one. */
static const double TINY = 1e-6;

struct bars {
    int each_decade;
    int first; /* bar i begins at 10^((first + i) / each_decade) ns */
    double shares[BARS_MAX]; /* percent */
    double most;
};

static int bar_of(const struct bars *bars, double ns)
{
    int bar = (int)floor(log10(fmax(ns, 1)) * bars->each_decade) - bars->first;

    return bar < 0 ? 0 : bar < BARS_MAX ? bar : BARS_MAX - 1;
}

static double begins(const struct bars *bars, int bar)
{
    return pow(10, (double)(bars->first + bar) / bars->each_decade);
}

static void add(struct bars *bars, int bar, double share)
{
    bars->shares[bar] += share;
    bars->most = fmax(bars->most, bars->shares[bar]);
}

/* As if a bucket's times were spread evenly from its beginning to its end. */
static void divide(struct bars *bars, double begin, double end, double share)
{
    int last = bar_of(bars, end);

    for (int bar = bar_of(bars, begin); bar < last; bar++) {
        double edge = begins(bars, bar + 1);
        double part = fmin(fmax((edge - begin) / (end - begin), 0), 1);

        add(bars, bar, part * share);
        share -= part * share;
        begin = edge;
    }
    add(bars, last, share);
}

static void sort_into(struct bars *bars, const struct histogram *histogram)
{
    double min = (double)histogram->min;
    double max = (double)histogram->max;

    bars->first = (int)floor(log10(fmax(min, 1)) * bars->each_decade);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        double here = (double)histogram->buckets[i];
        double begin = fmax((double)histogram_least(i), min);
        double end = fmin((double)histogram_least(i + 1), max);

        if (here > 0)
            divide(bars, begin, fmax(begin, end),
                   100 * here / (double)histogram->count);
    }
}

/* Lines at round shares. Returns the uppermost, which no bar exceeds. */
static double draw_grid(FILE *file, const struct panel *panel, double most)
{
    double step = pow(10, floor(log10(most)));
    double first_digit = most / step;
    int count = 0;

    step *= first_digit > 5          ? 2
            : first_digit > 2.5      ? 1
            : first_digit > 1 + TINY ? 0.5
                                     : 0.2;
    count = (int)ceil(most / step - TINY);
    for (int i = 0; i <= count; i++) {
        double y = panel->bottom - i * (panel->bottom - panel->top) / count;
        char label[AXIS_LABEL_SIZE];

        snprintf(label, sizeof label, "%.3g %%", i * step);
        svg_line(file, PANEL_GRID, panel->left, y, panel->right, y);
        svg_text(file, PANEL_END, panel->left - 8, y + 4, label);
    }
    return count * step;
}

static void draw_times(FILE *file, const struct panel *panel,
                       const struct axis *axis)
{
    double ticks[AXIS_TICKS_MAX];
    size_t count = axis_ticks(axis, 7 * PANEL_LETTER, ticks);

    for (size_t i = 0; i < count; i++) {
        double x = axis_at(axis, ticks[i]);
        char label[AXIS_LABEL_SIZE];

        axis_label(ticks[i], label);
        svg_line(file, PANEL_GRID, x, panel->top, x, panel->bottom + 4);
        svg_text(file, PANEL_MIDDLE, x, panel->bottom + 18, label);
    }
}

static void draw_bars(FILE *file, const struct panel *panel,
                      const struct axis *axis,
                      const struct histogram *histogram)
{
    double room = axis_px_each_decade(axis) / BAR_LEAST;
    struct bars bars = {.each_decade = room >= 40 ? 40 : room >= 20 ? 20 : 10};
    double width = axis_px_each_decade(axis) / bars.each_decade;
    double whole = 0;

    sort_into(&bars, histogram);
    whole = draw_grid(file, panel, bars.most);
    for (int i = 0; i < BARS_MAX; i++) {
        double part = bars.shares[i] / whole;
        /* One message in a million is to be seen, too. */
        double height = fmax(part * (panel->bottom - panel->top), 2);

        if (part > 0)
            svg_box(file, PANEL_BAR, axis_at(axis, begins(&bars, i)),
                    panel->bottom - height, width - 1, height);
    }
}

static void draw_marks(FILE *file, const struct panel *panel,
                       const struct axis *axis,
                       const struct histogram *histogram)
{
    struct panel_mark marks[PANEL_MARKS];
    double at[PANEL_MARKS];

    panel_marks(marks, histogram);
    for (size_t i = 0; i < PANEL_MARKS; i++)
        at[i] = axis_at(axis, marks[i].ns);
    panel_spread(at, WORDS_APART, panel->left, panel->right);
    for (size_t i = 0; i < PANEL_MARKS; i++) {
        double x = axis_at(axis, marks[i].ns);

        svg_line(file, marks[i].stroke, x, panel->top - 4, x, panel->bottom);
        svg_line(file, marks[i].stroke, at[i], panel->top - 14, x,
                 panel->top - 4);
        svg_text(file, marks[i].centred, at[i], panel->top - 18,
                 marks[i].words);
    }
}

void shares_draw(FILE *file, const struct panel *panel,
                 const struct histogram *histogram)
{
    struct axis axis = axis_make((double)histogram->min, (double)histogram->max,
                                 0.03, panel->left, panel->right);

    draw_times(file, panel, &axis);
    draw_bars(file, panel, &axis, histogram);
    panel_frame(file, panel, "latency", "share of messages");
    draw_marks(file, panel, &axis, histogram);
}
