/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * check_plot: the picture that plot_write() writes, read again.
 */
#include "config.h"

#include "echoc/plot/plot.h"
#include "tests/common/suite.h"
#include "tests/echoc/times.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char suite_name[] = "plot";

enum { PICTURE_MAX = 1 << 20, TEXTS_MAX = 100, WIDTH = 900, HEIGHT = 722 };

static struct histogram histogram;
static char picture[PICTURE_MAX];

static void write_picture(bool has_errors)
{
    struct plot plot = {.title = "[2001:db8::1]:6142",
                        .date = "2026-01-31 12:00:00 UTC",
                        .lines = {"7 clients, <round-trip>",
                                  "1000.0 messages/s & more", "1000 sent",
                                  "errors: none"},
                        .has_errors = has_errors,
                        .times = &histogram};
    char path[] = "/tmp/check_plot.XXXXXX";
    int fd = mkstemp(path);
    ssize_t size = 0;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(plot_write(path, &plot), 0);
    size = read(fd, picture, sizeof picture - 1);
    ck_assert_int_gt(size, 0);
    ck_assert_int_lt(size, PICTURE_MAX - 1);
    picture[size] = '\0';
    close(fd);
    unlink(path);
}

struct box {
    double x, y, width, height;
};

/* The nth bar, from the left. Returns false if there is none. The first
 * rectangle is the page. */
static bool find_bar(size_t n, struct box *bar)
{
    const char *at = strstr(picture, "<rect ");

    for (size_t i = 0; i <= n && at != NULL; i++)
        at = strstr(at + 1, "<rect ");
    if (at == NULL)
        return false;
    ck_assert_int_eq(sscanf(at,
                            "<rect x=\"%lf\" y=\"%lf\" width=\"%lf\" "
                            "height=\"%lf\"",
                            &bar->x, &bar->y, &bar->width, &bar->height),
                     4);
    return true;
}

/* The nth mark below the bars, as a box without a width. */
static bool find_mark(size_t n, struct box *mark)
{
    const char *at = strstr(picture, " d=\"M");

    for (size_t i = 0; i < n && at != NULL; i++)
        at = strchr(at + 5, 'M');
    if (at == NULL)
        return false;
    mark->width = 0;
    ck_assert_int_eq(sscanf(strchr(at, 'M'), "M%lf,%lfv%lf", &mark->x, &mark->y,
                            &mark->height),
                     3);
    return true;
}

struct text {
    char style[200];
    char content[300];
    struct box box;
};

/* Helvetica's digits are 0.56 of the font size wide, its small letters 0.5 on
 * average. Returns the end of the text. */
static const char *read_text(const char *at, struct text *text)
{
    const char *size = NULL;
    double em = 12;
    double width = 0;

    ck_assert_int_eq(sscanf(at,
                            "<g transform=\"translate(%lf %lf)\"><text "
                            "%199[^>]>%299[^<]",
                            &text->box.x, &text->box.y, text->style,
                            text->content),
                     4);
    size = strstr(text->style, "font-size=\"");
    if (size != NULL)
        em = strtod(size + 11, NULL);
    for (const char *c = text->content; *c != '\0'; c++)
        width += (*c & 0xc0) != 0x80;
    width *= 0.56 * em;
    if (strstr(text->style, "\"middle\"") != NULL)
        text->box.x -= width / 2;
    if (strstr(text->style, "\"end\"") != NULL)
        text->box.x -= width;
    text->box.y -= 0.75 * em;
    text->box.width = width;
    text->box.height = em;
    return strstr(at, "</g>");
}

/* All but the rotated ones. */
static size_t read_texts(struct text texts[TEXTS_MAX])
{
    size_t count = 0;
    const char *at = picture;

    while ((at = strstr(at, "<g transform")) != NULL) {
        ck_assert_uint_lt(count, TEXTS_MAX);
        at = read_text(at, &texts[count]);
        count += strstr(texts[count].style, "rotate") == NULL;
    }
    return count;
}

static bool overlap(const struct box *a, const struct box *b)
{
    return a->x < b->x + b->width && b->x < a->x + a->width &&
           a->y < b->y + b->height && b->y < a->y + a->height;
}

static void check_texts(void)
{
    static struct text texts[TEXTS_MAX];
    size_t count = read_texts(texts);

    ck_assert_uint_ge(count, 10);
    for (size_t i = 0; i < count; i++) {
        const struct text *a = &texts[i];

        ck_assert_msg(a->box.x >= 0 && a->box.x + a->box.width <= WIDTH &&
                          a->box.y >= 0 && a->box.y + a->box.height <= HEIGHT,
                      "%s: not on the page", a->content);
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(!overlap(&a->box, &texts[j].box), "%s overlaps %s",
                          a->content, texts[j].content);
    }
}

START_TEST(texts_neither_overlap_nor_leave_the_page)
{
    static const size_t counts[] = {1, 2, 3, 10, 100, 1000, 20000};

    for (int shape = 0; shape < TIMES_SHAPES; shape++)
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            times_record(&histogram, (enum times_shape)shape, counts[i]);
            write_picture(false);
            check_texts();
        }
}
END_TEST

START_TEST(texts_of_long_and_many_times_do_not_overlap)
{
    for (uint64_t ns = 1; ns < UINT64_C(1) << 43; ns = ns * 7 + 3) {
        memset(&histogram, 0, sizeof histogram);
        histogram_record_many(&histogram, (int64_t)ns, 999999999999);
        histogram_record_many(&histogram, (int64_t)(ns + ns / 50), 99999);
        write_picture(true);
        check_texts();
    }
}
END_TEST

START_TEST(bars_are_as_high_as_their_shares)
{
    struct box often = {0};
    struct box seldom = {0};

    histogram_record_many(&histogram, 1000000, 300);
    histogram_record_many(&histogram, 100000000, 100);
    write_picture(false);
    ck_assert(find_bar(0, &often));
    ck_assert(find_bar(1, &seldom));
    ck_assert(!find_bar(2, &seldom));
    ck_assert_double_eq_tol(often.height / seldom.height, 3, 0.01);
    ck_assert_double_eq_tol(often.y + often.height, seldom.y + seldom.height,
                            0.1);
}
END_TEST

START_TEST(a_rare_time_has_no_bar_that_looks_frequent)
{
    struct box often = {0};
    struct box seldom = {0};

    histogram_record_many(&histogram, 1000000, 999999);
    histogram_record(&histogram, 100000000);
    write_picture(false);
    ck_assert(find_bar(0, &often));
    ck_assert_double_gt(often.height, 100);
    for (size_t i = 1; find_bar(i, &seldom); i++)
        ck_assert_double_lt(seldom.height, 0.1);
}
END_TEST

START_TEST(a_rare_time_has_a_mark_below_the_axis)
{
    struct box bar = {0};
    struct box often = {0};
    struct box seldom = {0};

    histogram_record_many(&histogram, 1000000, 999999);
    histogram_record(&histogram, 100000000);
    write_picture(false);
    ck_assert(find_bar(0, &bar));
    ck_assert(find_mark(0, &often));
    ck_assert(find_mark(1, &seldom));
    ck_assert_double_ge(often.x, bar.x - 1);
    ck_assert_double_le(often.x, bar.x + bar.width + 1);
    ck_assert_double_gt(seldom.x, 700);
    ck_assert_double_gt(seldom.y, bar.y + bar.height);
    ck_assert_double_ge(seldom.height, 5);
    ck_assert(!find_mark(2, &seldom));
}
END_TEST

START_TEST(marks_are_apart_and_in_the_panel)
{
    for (int shape = 0; shape < TIMES_SHAPES; shape++) {
        struct box mark = {0};
        double last = 0;

        times_record(&histogram, (enum times_shape)shape, TIMES_MAX);
        write_picture(false);
        for (size_t i = 0; find_mark(i, &mark); i++) {
            ck_assert_double_ge(mark.x, fmax(last + 1, 80));
            ck_assert_double_le(mark.x, 858);
            last = mark.x;
        }
        ck_assert_double_gt(last, 0);
    }
}
END_TEST

/* Where the text with this content is, or an error. */
static struct text find_text(const char *content)
{
    static struct text texts[TEXTS_MAX];
    size_t count = read_texts(texts);

    for (size_t i = 0; i < count; i++)
        if (strcmp(texts[i].content, content) == 0)
            return texts[i];
    ck_abort_msg("no text: %s", content);
}

START_TEST(the_page_says_what_was_measured)
{
    histogram_record_many(&histogram, 2000000, 1234567);
    write_picture(false);
    ck_assert_ptr_nonnull(strstr(picture, "<title>[2001:db8::1]:6142</title>"));
    find_text("[2001:db8::1]:6142");
    find_text("2026-01-31 12:00:00 UTC");
    find_text("7 clients, &lt;round-trip&gt;");
    find_text("1000.0 messages/s &amp; more");
    find_text("1000 sent");
    find_text("errors: none");
    find_text("latency of 1234567 messages: min 2 ms, mean 2 ms");
    find_text("p50 2 ms");
    find_text("p99.9 2 ms");
    find_text("max 2 ms");
}
END_TEST

START_TEST(errors_are_in_another_colour)
{
    struct text without;
    struct text with;

    histogram_record(&histogram, 1000);
    write_picture(false);
    without = find_text("errors: none");
    write_picture(true);
    with = find_text("errors: none");
    ck_assert_str_eq(find_text("1000 sent").style, without.style);
    ck_assert_str_ne(with.style, without.style);
}
END_TEST

START_TEST(without_times_the_page_says_so)
{
    write_picture(false);
    find_text("no round trips");
    find_text("1000.0 messages/s &amp; more");
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, texts_neither_overlap_nor_leave_the_page);
    tcase_add_test(tests, texts_of_long_and_many_times_do_not_overlap);
    tcase_add_test(tests, bars_are_as_high_as_their_shares);
    tcase_add_test(tests, a_rare_time_has_no_bar_that_looks_frequent);
    tcase_add_test(tests, a_rare_time_has_a_mark_below_the_axis);
    tcase_add_test(tests, marks_are_apart_and_in_the_panel);
    tcase_add_test(tests, the_page_says_what_was_measured);
    tcase_add_test(tests, errors_are_in_another_colour);
    tcase_add_test(tests, without_times_the_page_says_so);
}
