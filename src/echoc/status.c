/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * status: the exit statuses, and messages on standard error.
 */
#include "config.h"

#include "echoc/status.h"

#include "common/text.h"
#include "echoc/stats/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int output_error; /* errno of the first failed write, or 0 */

enum status status_of(const struct fault *fault)
{
    if (fault->kind == FAULT_LOCAL)
        return STATUS_LOCAL;
    return fault->kind == FAULT_CONNECT ? STATUS_UNREACHED : STATUS_FAULT;
}

void status_warn(const char *format, ...)
{
    char line[1024] = "echoc: ";
    size_t length = strlen(line);
    size_t size = sizeof line - length - 1; /* one byte for the newline */
    va_list list;
    int more = 0;

    va_start(list, format);
    more = vsnprintf(line + length, size, format, list);
    va_end(list);
    if (more > 0)
        length += (size_t)more < size ? (size_t)more : size - 1;
    text_mask_controls(line, length);
    line[length++] = '\n';
    status_show();
    while (write(STDERR_FILENO, line, length) < 0 && errno == EINTR)
        continue;
}

enum status status_cannot_begin(const struct options *options,
                                enum status status, const char *why)
{
    if (options->json) {
        options_json(options);
        json_string("address", options->address.text);
        json_string("endpoint", NULL);
        json_string("error", why);
        json_end();
    }
    status_warn("%s", why);
    return status;
}

/* Later nothing tells why it failed: ferror(3) only says that it did. */
void status_show(void)
{
    if (fflush(stdout) != 0 && output_error == 0)
        output_error = errno;
}

enum status status_flush(enum status status)
{
    status_show();
    if (output_error == 0 && ferror(stdout) == 0)
        return status;
    status_warn("cannot write to standard output: %s",
                strerror(output_error != 0 ? output_error : errno));
    return STATUS_LOCAL;
}
