/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * plot: a picture of a latency distribution (SVG 1.1).
 *
 * A page with a title and two panels. The upper one shows the share of messages
 * as bars over the latency. The lower one shows the latency over the
 * percentile, on a scale where 90 %, 99 % and 99.9 % are equally far apart.
 */
#include "config.h"

#include "echoc/plot/plot.h"

#include "echoc/plot/panel.h"
#include "echoc/plot/svg.h"
#include "echoc/stats/steps.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Styles, see svg.h. */
#define TEXT                                                                   \
    "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" "           \
    "fill=\"#3c4650\""
#define TITLE "font-size=\"18\" font-weight=\"bold\""
#define SUBTITLE "font-size=\"13\""
#define EMPTY "font-size=\"22\" fill=\"#8a949e\" " PANEL_MIDDLE
#define BAR "fill=\"#86abc9\""
#define CURVE                                                                  \
    "fill=\"none\" stroke=\"#2f6690\" stroke-width=\"2\" "                     \
    "stroke-linejoin=\"round\""

/* In px, but for the columns. */
enum {
    WIDTH = 900,
    HEIGHT = 640,
    LEFT = 80,
    TITLE_COLUMNS = 66,
    BAR_WIDTH_MIN = 8
};

static const struct panel upper = {LEFT, 112, 858, 312};
static const struct panel lower = {LEFT, 372, 776, 586};

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
        /* Even one message in a million must be visible. */
        double height = fmax(part * (panel->bottom - panel->top), 2);

        if (part > 0)
            svg_box(file, BAR, axis_px(axis, axis_log(steps_begin(&steps, i))),
                    panel->bottom - height, width - 1, height);
    }
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

static void draw_distribution(FILE *file, const struct panel *panel,
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
    panel_frame(file, panel, "latency", "share of messages");
    draw_marks_above(file, panel, &axis, histogram);
}

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

static void draw_percentiles(FILE *file, const struct panel *panel,
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

/* Write a number as 1,234,567. */
static void group_digits(uint64_t number, char grouped[32])
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, number);
    size_t used = 0;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            grouped[used++] = ',';
        grouped[used++] = digits[i];
    }
    grouped[used] = '\0';
}

static void draw_title(FILE *file, const char *title,
                       const struct histogram *histogram)
{
    uint64_t count = histogram->count;
    char grouped[32];
    char min[AXIS_LABEL_MAX];
    char mean[AXIS_LABEL_MAX];
    char line[160];

    group_digits(count, grouped);
    axis_label((double)histogram->min, min);
    axis_label(histogram_mean(histogram), mean);
    if (count == 0)
        snprintf(line, sizeof line, "0 messages");
    else
        snprintf(line, sizeof line, "%s message%s, min %s, mean %s", grouped,
                 count == 1 ? "" : "s", min, mean);
    svg_text_cut(file, TITLE, LEFT, 36, title, TITLE_COLUMNS);
    svg_text(file, SUBTITLE, LEFT, 58, line);
}

static void draw_page(FILE *file, const char *title,
                      const struct histogram *histogram)
{
    svg_begin(file, WIDTH, HEIGHT, title, TEXT);
    draw_title(file, title, histogram);
    if (histogram->count > 0) {
        draw_distribution(file, &upper, histogram);
        draw_percentiles(file, &lower, histogram);
    } else {
        svg_text(file, EMPTY, WIDTH / 2.0, HEIGHT / 2.0, "no round trips");
    }
    svg_end(file);
}

int plot_write(const char *path, const char *title,
               const struct histogram *histogram)
{
    FILE *file = fopen(path, "w");
    int error = 0;

    if (file == NULL)
        return -1;
    draw_page(file, title, histogram);
    if (ferror(file))
        error = EIO;
    if (fclose(file) != 0)
        error = errno;
    errno = error;
    return error == 0 ? 0 : -1;
}
