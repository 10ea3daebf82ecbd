/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * svg: write the shapes and text of a picture (SVG 1.1).
 */
#include "config.h"

#include "echoc/plot/svg.h"

#include "common/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { FIRST_WIDE = 0x1100 }; /* roughly: all from here on take two columns */

/* U+0080 to U+009F are control characters, too. U+FFFE and U+FFFF, of any
 * plane, are not characters. */
static bool is_printable(uint32_t code)
{
    return code >= 0x20 && (code < 0x7f || code > 0x9f) &&
           (code & 0xfffe) != 0xfffe;
}

static size_t decode(const char *text, uint32_t *code)
{
    size_t length = text_decode(text, code);

    if (!is_printable(*code))
        *code = TEXT_REPLACEMENT;
    return length;
}

static void put_character(FILE *file, const char *bytes, size_t length,
                          uint32_t code)
{
    if (code == '<')
        fputs("&lt;", file);
    else if (code == '>')
        fputs("&gt;", file);
    else if (code == '&')
        fputs("&amp;", file);
    else if (code == TEXT_REPLACEMENT)
        fputs("\xef\xbf\xbd", file);
    else
        fwrite(bytes, 1, length, file);
}

static void put_text(FILE *file, const char *text, size_t columns)
{
    size_t used = 0;
    size_t length = 0;

    for (; *text != '\0'; text += length) {
        uint32_t code = 0;

        length = decode(text, &code);
        used += code >= FIRST_WIDE && code != TEXT_REPLACEMENT ? 2 : 1;
        if (used > columns) {
            fputs("\xe2\x80\xa6", file);
            return;
        }
        put_character(file, text, length, code);
    }
}

void svg_begin(FILE *file, int width, int height, const char *title,
               const char *style)
{
    fprintf(file,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" "
            "width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" %s>\n<title>",
            width, height, width, height, style);
    put_text(file, title, SIZE_MAX);
    fputs("</title>\n", file);
    svg_box(file, "fill=\"#ffffff\"", 0, 0, width, height);
}

void svg_end(FILE *file)
{
    fputs("</svg>\n", file);
}

void svg_text_cut(FILE *file, const char *style, double x, double y,
                  const char *text, size_t columns)
{
    /* The group is moved, so that a style may rotate the text about its
     * origin. */
    fprintf(file, "<g transform=\"translate(%.1f %.1f)\"><text %s>", x, y,
            style);
    put_text(file, text, columns);
    fputs("</text></g>\n", file);
}

void svg_text(FILE *file, const char *style, double x, double y,
              const char *text)
{
    svg_text_cut(file, style, x, y, text, SIZE_MAX);
}

void svg_line(FILE *file, const char *style, double x1, double y1, double x2,
              double y2)
{
    fprintf(file,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1,
            y1, x2, y2, style);
}

void svg_box(FILE *file, const char *style, double x, double y, double width,
             double height)
{
    fprintf(file,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
            "%s/>\n",
            x, y, width, height, style);
}

void svg_dot(FILE *file, const char *style, double x, double y)
{
    fprintf(file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" %s/>\n", x, y,
            style);
}

void svg_marks_begin(FILE *file, const char *style)
{
    fprintf(file, "<path %s d=\"", style);
}

void svg_mark(FILE *file, double x, double y, double height)
{
    fprintf(file, "M%.1f,%.1fv%.1f\n", x, y, height);
}

void svg_marks_end(FILE *file)
{
    fputs("\"/>\n", file);
}

void svg_curve_begin(FILE *file, const char *style)
{
    fprintf(file, "<polyline %s points=\"", style);
}

void svg_curve_to(FILE *file, double x, double y)
{
    fprintf(file, "%.1f,%.1f\n", x, y);
}

void svg_curve_end(FILE *file)
{
    fputs("\"/>\n", file);
}
