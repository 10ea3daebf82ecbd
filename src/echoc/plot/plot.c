/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * plot: a picture of a latency distribution (SVG 1.1).
 *
 * Knows the page: words on top, one panel above the other. Must not know what
 * is in a panel, nor what was timed.
 */
#include "config.h"

#include "echoc/plot/plot.h"

#include "echoc/plot/axis.h"
#include "echoc/plot/percentiles.h"
#include "echoc/plot/shares.h"
#include "echoc/plot/svg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define WORDS                                                                  \
    "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" "           \
    "fill=\"#3c4650\""
#define TITLE "font-size=\"18\" font-weight=\"bold\""
#define SUBTITLE "font-size=\"13\""
#define NOTHING "font-size=\"22\" fill=\"#8a949e\" " PANEL_MIDDLE

enum { WIDTH = 900, HEIGHT = 640, LEFT = 80, TITLE_COLUMNS = 66 };

static const struct panel upper = {LEFT, 112, 858, 312};
static const struct panel lower = {LEFT, 372, 776, 586};

/* 1,234,567 */
static void group(uint64_t number, char grouped[32])
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

static void draw_words(FILE *file, const char *title,
                       const struct histogram *histogram)
{
    uint64_t count = histogram->count;
    char grouped[32];
    char least[AXIS_LABEL_SIZE];
    char mean[AXIS_LABEL_SIZE];
    char line[160];

    group(count, grouped);
    axis_label((double)histogram->min, least);
    axis_label(histogram_mean(histogram), mean);
    if (count == 0)
        snprintf(line, sizeof line, "0 messages");
    else
        snprintf(line, sizeof line, "%s message%s, min %s, mean %s", grouped,
                 count == 1 ? "" : "s", least, mean);
    svg_text_cut(file, TITLE, LEFT, 36, title, TITLE_COLUMNS);
    svg_text(file, SUBTITLE, LEFT, 58, line);
}

static void draw(FILE *file, const char *title,
                 const struct histogram *histogram)
{
    svg_begin(file, WIDTH, HEIGHT, title, WORDS);
    draw_words(file, title, histogram);
    if (histogram->count > 0) {
        shares_draw(file, &upper, histogram);
        percentiles_draw(file, &lower, histogram);
    } else {
        svg_text(file, NOTHING, WIDTH / 2.0, HEIGHT / 2.0, "no round trips");
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
    draw(file, title, histogram);
    if (ferror(file))
        error = EIO;
    if (fclose(file) != 0)
        error = errno;
    errno = error;
    return error == 0 ? 0 : -1;
}
