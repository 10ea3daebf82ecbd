/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * number: a number as a user types it.
 */
#include "config.h"

#include "common/number.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The value of decimal digits; -1 if there are none, or it is above max. */
static int64_t value_of(const char *digits, size_t length, int64_t max)
{
    int64_t number = 0;

    if (length == 0)
        return -1;
    for (size_t i = 0; i < length; i++) {
        number = number * 10 + (digits[i] - '0');
        if (number > max)
            return -1;
    }
    return number;
}

int64_t number_integer(const char *text, int64_t max)
{
    size_t length = strspn(text, "0123456789");

    return text[length] == '\0' ? value_of(text, length, max) : -1;
}

/* The number of bytes that a suffix stands for; 0: it is none. */
static int64_t unit_of(const char *suffix)
{
    static const char letters[] = "kKmMgG";
    const char *letter = strchr(letters, *suffix);
    int64_t base = 1024;
    int64_t unit = 1;

    if (*suffix == '\0')
        return 1;
    if (letter == NULL)
        return 0;
    if (strcmp(suffix + 1, "B") == 0)
        base = 1000;
    else if (suffix[1] != '\0' && strcmp(suffix + 1, "iB") != 0)
        return 0;
    for (ptrdiff_t power = (letter - letters) / 2; power >= 0; power--)
        unit *= base;
    return unit;
}

int64_t number_size(const char *text, int64_t max)
{
    size_t length = strspn(text, "0123456789");
    int64_t unit = unit_of(text + length);
    int64_t number = unit > 0 ? value_of(text, length, max / unit) : -1;

    return number < 0 ? -1 : number * unit;
}

/* Digits with at most one point, and how many there are before and after it. */
static bool is_decimal(const char *text, size_t *digits, size_t *decimals)
{
    size_t point = 0;

    *digits = strspn(text, "0123456789");
    point = text[*digits] == '.';
    *decimals = strspn(text + *digits + point, "0123456789");
    return *digits + *decimals > 0 && text[*digits + point + *decimals] == '\0';
}

double number_decimal(const char *text, double max)
{
    size_t digits = 0;
    size_t decimals = 0;
    double number = 0;

    if (!is_decimal(text, &digits, &decimals))
        return -1;
    number = strtod(text, NULL); /* in the C locale */
    return number <= max ? number : -1;
}

int64_t number_seconds(const char *text)
{
    size_t digits = 0;
    size_t decimals = 0;
    int64_t ms = 0;

    if (!is_decimal(text, &digits, &decimals))
        return -1;
    for (size_t i = 0; i < digits; i++) {
        ms = ms * 10 + (text[i] - '0');
        if (ms > NUMBER_SECONDS_MAX)
            return -1;
    }
    text += digits + (text[digits] == '.');
    for (size_t i = 0; i < 3; i++)
        ms = ms * 10 + (i < decimals ? text[i] - '0' : 0);
    if (decimals > 3 && strspn(text + 3, "0") < decimals - 3)
        ms++;
    return ms <= NUMBER_SECONDS_MAX * (int64_t)1000 ? ms : -1;
}
