/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * fault: what went wrong on a connection, and its description in one line.
 *
 * In the diagnosis `bytes` are those received from the fault's offset on.
 */
#include "config.h"

#include "echoc/net/fault.h"

#include "echoc/net/pattern.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    MATCH_BYTES = 8, /* enough to be no coincidence: 1 in 2^64 */
    SHIFT_MAX = 65536,
    GARBLED_MIN = 32 /* bytes */
};

const char *fault_name(enum fault_kind kind)
{
    static const char *const names[FAULT_KINDS] = {
        [FAULT_NONE] = "none",       [FAULT_CONNECT] = "connect",
        [FAULT_LATE] = "late",       [FAULT_RESET] = "reset",
        [FAULT_CLOSED] = "closed",   [FAULT_CHANGED] = "changed",
        [FAULT_EXTRA] = "extra",     [FAULT_LOCAL] = "local",
        [FAULT_STOPPED] = "stopped",
    };

    return names[kind];
}

/* Whether bytes[skip] and those after it are the pattern at offset. */
static bool is_pattern(uint64_t key, uint64_t offset,
                       const unsigned char *bytes, size_t skip, size_t size)
{
    return size - skip >= MATCH_BYTES &&
           pattern_match(key, offset, bytes + skip, MATCH_BYTES) == MATCH_BYTES;
}

/* Two swapped bytes are accepted even where too few bytes follow to be sure. */
static bool is_swapped(const struct fault *fault, uint64_t key,
                       const unsigned char *bytes, size_t size)
{
    size_t rest = size < 2 + MATCH_BYTES ? size - 2 : MATCH_BYTES;

    return bytes[1] == fault->expected &&
           bytes[0] == pattern_at(key, fault->offset + 1) &&
           pattern_match(key, fault->offset + 2, bytes + 2, rest) == rest;
}

/* Some bytes of garbage are correct by chance, so allow one in 32. */
static bool is_garbled(const struct fault *fault, uint64_t key,
                       const unsigned char *bytes, size_t size)
{
    size_t correct = 0;

    for (size_t i = 0; i < size; i++)
        correct += bytes[i] == pattern_at(key, fault->offset + i);
    return size >= GARBLED_MIN && correct <= size / GARBLED_MIN;
}

static bool find_shift(struct fault *fault, uint64_t key,
                       const unsigned char *bytes, size_t size)
{
    for (size_t shift = 1; shift <= SHIFT_MAX; shift++) {
        fault->count = shift;
        if (is_pattern(key, fault->offset + shift, bytes, 0, size)) {
            fault->change = CHANGE_LOST;
            return true;
        }
        if (shift < size &&
            is_pattern(key, fault->offset, bytes, shift, size)) {
            bool is_repeated = fault->offset >= shift &&
                               pattern_match(key, fault->offset - shift, bytes,
                                             shift) == shift;

            fault->change = is_repeated ? CHANGE_REPEATED : CHANGE_ADDED;
            return true;
        }
    }
    fault->count = 0;
    return false;
}

void fault_diagnose(struct fault *fault, uint64_t key, const void *bytes,
                    size_t size)
{
    fault->change = CHANGE_UNKNOWN;
    fault->count = 1;
    if (size >= 2 && is_swapped(fault, key, bytes, size))
        fault->change = CHANGE_SWAPPED;
    else if (size < 2 + MATCH_BYTES)
        return;
    else if (is_pattern(key, fault->offset + 1, bytes, 1, size))
        fault->change = CHANGE_REPLACED;
    else if (!find_shift(fault, key, bytes, size) &&
             is_garbled(fault, key, bytes, size))
        fault->change = CHANGE_GARBLED;
}

static void format_change(const struct fault *fault, char *text, size_t size)
{
    static const char *const verbs[] = {[CHANGE_LOST] = "lost",
                                        [CHANGE_ADDED] = "added",
                                        [CHANGE_REPEATED] = "repeated"};

    *text = '\0';
    switch (fault->change) {
    case CHANGE_LOST:
    case CHANGE_ADDED:
    case CHANGE_REPEATED:
        snprintf(text, size, ": %" PRIu64 " byte%s %s here", fault->count,
                 fault->count == 1 ? "" : "s", verbs[fault->change]);
        break;
    case CHANGE_SWAPPED:
        snprintf(text, size, ": swapped with the next");
        break;
    case CHANGE_GARBLED:
        snprintf(text, size, ": none of what follows is right");
        break;
    case CHANGE_REPLACED:
    case CHANGE_UNKNOWN:
        break;
    }
}

static void format_late(const struct fault *fault, const char *missing,
                        char *text)
{
    uint64_t count = fault->sent - fault->offset;

    if (fault->is_slow)
        snprintf(text, FAULT_TEXT_MAX,
                 "%" PRIu64 " byte%s missing after %.1f s", count,
                 count == 1 ? "" : "s", fault->after_ms / 1e3);
    else
        snprintf(text, FAULT_TEXT_MAX, "nothing for %g s%s",
                 fault->after_ms / 1000.0, missing);
}

void fault_text(const struct fault *fault, char text[FAULT_TEXT_MAX])
{
    char more[64] = ""; /* what was missing, or how a byte changed */
    uint64_t missing = fault->sent - fault->offset;

    if (fault->kind == FAULT_CHANGED)
        format_change(fault, more, sizeof more);
    else if (missing > 0)
        snprintf(more, sizeof more, " with %" PRIu64 " byte%s missing", missing,
                 missing == 1 ? "" : "s");
    switch (fault->kind) {
    case FAULT_CONNECT:
    case FAULT_LOCAL:
        snprintf(text, FAULT_TEXT_MAX, "%s", strerror(fault->error));
        break;
    case FAULT_LATE:
        format_late(fault, more, text);
        break;
    case FAULT_RESET:
    case FAULT_CLOSED:
        snprintf(text, FAULT_TEXT_MAX, "%s after %" PRIu64 " byte%s%s",
                 fault->kind == FAULT_RESET ? strerror(fault->error)
                                            : "closed by the other side",
                 fault->offset, fault->offset == 1 ? "" : "s", more);
        break;
    case FAULT_CHANGED:
        snprintf(text, FAULT_TEXT_MAX,
                 "byte %" PRIu64 " changed: expected 0x%02x, got 0x%02x%s",
                 fault->offset, fault->expected, fault->got, more);
        break;
    case FAULT_EXTRA:
        snprintf(text, FAULT_TEXT_MAX,
                 "byte %" PRIu64 " was never sent: got 0x%02x, and %" PRIu64
                 " more",
                 fault->offset, fault->got, fault->count - 1);
        break;
    default:
        snprintf(text, FAULT_TEXT_MAX, "%s", fault_name(fault->kind));
        break;
    }
}
