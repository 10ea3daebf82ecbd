/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * plot: a picture of a latency distribution (SVG 1.1).
 *
 * A page that says what was measured, and two panels: bars and percentiles.
 */
#include "config.h"

#include "echoc/plot/plot.h"

#include "echoc/plot/bars.h"
#include "echoc/plot/panel.h"
#include "echoc/plot/percentiles.h"
#include "echoc/plot/svg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* Styles, see svg.h. */
#define TEXT                                                                   \
    "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" "           \
    "fill=\"#3c4650\""
#define TITLE "font-size=\"18\" font-weight=\"bold\""
#define LINE "font-size=\"13\""
#define LINE_OF_ERRORS LINE " fill=\"#b03a48\""
#define EMPTY "font-size=\"22\" fill=\"#8a949e\" " PANEL_MIDDLE

/* In px, but for the columns. */
enum {
    WIDTH = 900,
    HEIGHT = 722,
    LEFT = 80,
    RIGHT = 858,
    LINE_TOP = 58,
    LINE_HEIGHT = 18,
    TITLE_COLUMNS = 66,
    LINE_COLUMNS = 112
};

static const struct panel upper = {LEFT, 180, RIGHT, 380, 12};
static const struct panel lower = {LEFT, 454, 770, 668, 0};

static void draw_text(FILE *file, const struct plot *plot)
{
    double y = LINE_TOP;

    svg_text_cut(file, TITLE, LEFT, 36, plot->title, TITLE_COLUMNS);
    svg_text(file, LINE " " PANEL_END, RIGHT, LINE_TOP, plot->date);
    for (size_t i = 0; plot->lines[i] != NULL; i++) {
        bool is_last = plot->lines[i + 1] == NULL;

        svg_text_cut(file, is_last && plot->has_errors ? LINE_OF_ERRORS : LINE,
                     LEFT, y, plot->lines[i], LINE_COLUMNS);
        y += LINE_HEIGHT;
    }
}

static void draw_times(FILE *file, const struct histogram *times)
{
    uint64_t count = times->count;
    char min[AXIS_LABEL_MAX];
    char mean[AXIS_LABEL_MAX];
    char line[160];

    axis_label((double)times->min, min);
    axis_label(histogram_mean(times), mean);
    snprintf(line, sizeof line,
             "latency of %" PRIu64 " message%s: min %s, mean %s", count,
             count == 1 ? "" : "s", min, mean);
    svg_text(file, LINE, LEFT, LINE_TOP + PLOT_LINES * LINE_HEIGHT, line);
    bars_draw(file, &upper, times);
    percentiles_draw(file, &lower, times);
}

static void draw_page(FILE *file, const struct plot *plot)
{
    svg_begin(file, WIDTH, HEIGHT, plot->title, TEXT);
    draw_text(file, plot);
    if (plot->times->count > 0)
        draw_times(file, plot->times);
    else
        svg_text(file, EMPTY, WIDTH / 2.0, HEIGHT / 2.0, "no round trips");
    svg_end(file);
}

int plot_write(const char *path, const struct plot *plot)
{
    FILE *file = fopen(path, "w");
    int error = 0;

    if (file == NULL)
        return -1;
    draw_page(file, plot);
    if (ferror(file))
        error = EIO;
    if (fclose(file) != 0)
        error = errno;
    errno = error;
    return error == 0 ? 0 : -1;
}
