/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * svg: write the shapes and text of a picture (SVG 1.1).
 *
 * Positions are in px from the upper left corner. A style is a list of XML
 * attributes, written as it is, e.g. stroke="#ccc"; other strings may hold any
 * bytes. Write errors are left in the stream, see ferror(3). LC_NUMERIC must be
 * "C".
 */
#ifndef ECHOC_PLOT_SVG_H
#define ECHOC_PLOT_SVG_H

#include <stdio.h>

#define SVG_RESOLUTION 0.05 /* px; what is smaller is written as 0.0 */

/* Begin with a white page. All text inherits the style. */
void svg_begin(FILE *file, int width, int height, const char *title,
               const char *style);
void svg_end(FILE *file);

/*
 * Text whose base line begins at a point, or has its middle or end there if the
 * style has a text-anchor. Control characters, and bytes that are not UTF-8,
 * become U+FFFD.
 */
void svg_text(FILE *file, const char *style, double x, double y,
              const char *text);

/* The same, cut off with an ellipsis after a number of columns. East Asian wide
 * characters take two. */
void svg_text_cut(FILE *file, const char *style, double x, double y,
                  const char *text, size_t columns);

void svg_line(FILE *file, const char *style, double x1, double y1, double x2,
              double y2);
void svg_box(FILE *file, const char *style, double x, double y, double width,
             double height);
void svg_dot(FILE *file, const char *style, double x, double y);

/* Lines downwards from many points. */
void svg_marks_begin(FILE *file, const char *style);
void svg_mark(FILE *file, double x, double y, double height);
void svg_marks_end(FILE *file);

/* A line through many points. */
void svg_curve_begin(FILE *file, const char *style);
void svg_curve_to(FILE *file, double x, double y);
void svg_curve_end(FILE *file);

#endif
