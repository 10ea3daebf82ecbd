/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * errmsg: one message in a buffer of the caller's.
 */
#include "config.h"

#include "common/errmsg.h"

#include <stdarg.h>
#include <stdio.h>

int errmsg_set(char errmsg[ERRMSG_MAX], const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(errmsg, ERRMSG_MAX, format, list);
    va_end(list);
    return -1;
}
