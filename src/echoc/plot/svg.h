/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * svg: shapes and words of a picture (SVG 1.1), written as they are drawn.
 *
 * Lengths are pixels from the upper left. A style is a list of attributes as it
 * stands in the file, e.g. stroke="#ccc"; everything else may hold any bytes.
 * Errors stay with the stream. Numbers follow the locale, which has to be "C".
 */
#ifndef ECHOC_PLOT_SVG_H
#define ECHOC_PLOT_SVG_H

#include <stdio.h>

/* Begin on white; the style is what all words inherit. */
void svg_begin(FILE *file, int width, int height, const char *title,
               const char *style);
void svg_end(FILE *file);

/*
 * Words whose base line begins (or ends, or has its middle: the style tells) at
 * a point. Control characters and what is not UTF-8 become U+FFFD.
 */
void svg_text(FILE *file, const char *style, double x, double y,
              const char *text);

/* Of a longer text no more than so many columns, and an ellipsis. */
void svg_text_cut(FILE *file, const char *style, double x, double y,
                  const char *text, size_t columns);

void svg_line(FILE *file, const char *style, double x1, double y1, double x2,
              double y2);
void svg_box(FILE *file, const char *style, double x, double y, double width,
             double height);
void svg_dot(FILE *file, const char *style, double x, double y);

/* A line through many points: begin, points, end. */
void svg_curve_begin(FILE *file, const char *style);
void svg_curve_to(FILE *file, double x, double y);
void svg_curve_end(FILE *file);

#endif
