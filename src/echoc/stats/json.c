/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * json: write one object to standard output, as one line (RFC 8259).
 */
#include "config.h"

#include "echoc/stats/json.h"

#include "common/text.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>

enum { DEPTH_MAX = 8 };

static char closing[DEPTH_MAX]; /* brackets of what is open */
static int depth;
static bool is_first = true;

static void quote(const char *text)
{
    char out[TEXT_JSON_MAX];
    size_t length = 0;

    putchar('"');
    while ((length = text_to_json(&text, out)) > 0)
        fwrite(out, 1, length, stdout);
    putchar('"');
}

static void start(const char *name)
{
    if (!is_first)
        putchar(',');
    is_first = false;
    if (name == NULL)
        return;
    quote(name);
    putchar(':');
}

static void open_with(const char *name, char left, char right)
{
    start(name);
    putchar(left);
    closing[depth++] = right;
    is_first = true;
}

void json_object(const char *name)
{
    open_with(name, '{', '}');
}

void json_array(const char *name)
{
    open_with(name, '[', ']');
}

void json_end(void)
{
    putchar(closing[--depth]);
    is_first = depth == 0;
    if (depth == 0)
        putchar('\n');
}

void json_string(const char *name, const char *value)
{
    start(name);
    if (value != NULL)
        quote(value);
    else
        printf("null");
}

void json_integer(const char *name, uint64_t value)
{
    start(name);
    printf("%" PRIu64, value);
}

void json_number(const char *name, double value)
{
    start(name);
    if (isfinite(value))
        printf("%.9g", value);
    else
        printf("null");
}

void json_decimal(const char *name, double value, int decimals)
{
    start(name);
    printf("%.*f", decimals, value);
}

void json_bool(const char *name, bool value)
{
    start(name);
    printf(value ? "true" : "false");
}

void json_times(const char *name, const struct histogram *histogram)
{
    static const struct {
        const char *name;
        double share;
    } quantiles[] = {
        {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
    uint64_t count = histogram->count;
    double ms = count > 0 ? 1e-6 : NAN;

    json_object(name);
    json_integer("count", count);
    json_number("min", (double)histogram->min * ms);
    json_number("mean", histogram_mean(histogram) * ms);
    json_number("mdev", histogram_deviation(histogram) * ms);
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++)
        json_number(quantiles[i].name,
                    histogram_quantile(histogram, quantiles[i].share) * ms);
    json_number("max", (double)histogram->max * ms);
    json_end();
}
