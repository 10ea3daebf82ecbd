/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * status: what a command comes to, and the one form of a complaint.
 *
 * Knows standard output and error. Must not know which commands there are.
 */
#include "config.h"

#include "echoc/status.h"

#include "common/descriptors.h"
#include "common/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Besides: a picture, a resolver, a sanitizer. */
enum { SPARE_FDS = 16 };

void status_say(const char *words, ...)
{
    char line[1024] = "echoc: ";
    size_t length = strlen(line);
    size_t room = sizeof line - length - 1;
    va_list list;
    int more = 0;

    va_start(list, words);
    more = vsnprintf(line + length, room, words, list);
    va_end(list);
    if (more > 0)
        length += (size_t)more < room ? (size_t)more : room - 1;
    /* A word of the command line may hold anything, but the line stays one. */
    text_mask_controls(line, length);
    line[length++] = '\n';
    fflush(stdout);
    while (write(STDERR_FILENO, line, length) < 0 && errno == EINTR)
        continue;
}

enum status status_descriptors(size_t clients, size_t more)
{
    uint64_t needed = (uint64_t)clients + more + SPARE_FDS;

    descriptors_raise_limit();
    if (descriptors_left() >= needed)
        return STATUS_OK;
    status_say("%zu clients: this process can have %" PRIu64
               " more descriptors and needs %" PRIu64 " (RLIMIT_NOFILE)",
               clients, descriptors_left(), needed);
    return STATUS_LOCAL;
}

enum status status_flush(enum status status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    status_say("cannot write to standard output: %s", strerror(errno));
    return STATUS_LOCAL;
}
