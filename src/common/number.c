/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * number: a number as a user types it.
 */
#include "config.h"

#include "common/number.h"

#include <stddef.h>
#include <string.h>

int64_t number_integer(const char *text, int64_t max)
{
    size_t digits = strspn(text, "0123456789");
    int64_t number = 0;

    if (digits == 0 || text[digits] != '\0')
        return -1;
    for (; *text != '\0'; text++) {
        number = number * 10 + (*text - '0');
        if (number > max)
            return -1;
    }
    return number;
}

int64_t number_seconds(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    size_t point = text[digits] == '.';
    size_t decimals = strspn(text + digits + point, "0123456789");
    int64_t ms = 0;

    if (digits + decimals == 0 || text[digits + point + decimals] != '\0')
        return -1;
    for (size_t i = 0; i < digits; i++) {
        ms = ms * 10 + (text[i] - '0');
        if (ms > NUMBER_SECONDS_MAX)
            return -1;
    }
    text += digits + point;
    for (size_t i = 0; i < 3; i++)
        ms = ms * 10 + (i < decimals ? text[i] - '0' : 0);
    if (decimals > 3 && strspn(text + 3, "0") < decimals - 3)
        ms++;
    return ms <= NUMBER_SECONDS_MAX * (int64_t)1000 ? ms : -1;
}
