/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * fault: what can go wrong on one connection, and the words for it.
 *
 * Knows how to read what came in place of the pattern. Must not know who asks,
 * nor where the words go.
 */
#include "config.h"

#include "echoc/net/fault.h"

#include "echoc/net/pattern.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* So many bytes in a row that fit a place are no accident: 1 in 2^64. */
enum { SURE = 8, SHIFT_MAX = 65536, GARBLED_LEAST = 32 };

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

/* Whether what came from skip on is what stands at offset. */
static bool resumes(uint64_t key, uint64_t offset, const unsigned char *came,
                    size_t skip, size_t size)
{
    return size - skip >= SURE &&
           pattern_match(key, offset, came + skip, SURE) == SURE;
}

/* Two that are each other's are sure enough where nothing follows. */
static bool is_swapped(const struct fault *fault, uint64_t key,
                       const unsigned char *came, size_t size)
{
    size_t rest = size < 2 + SURE ? size - 2 : SURE;

    return came[1] == fault->expected &&
           came[0] == pattern_at(key, fault->offset + 1) &&
           pattern_match(key, fault->offset + 2, came + 2, rest) == rest;
}

static bool is_garbled(const struct fault *fault, uint64_t key,
                       const unsigned char *came, size_t size)
{
    size_t right = 0;

    for (size_t i = 0; i < size; i++)
        right += came[i] == pattern_at(key, fault->offset + i);
    return size >= GARBLED_LEAST && right <= size / GARBLED_LEAST;
}

static bool find_shift(struct fault *fault, uint64_t key,
                       const unsigned char *came, size_t size)
{
    for (size_t shift = 1; shift <= SHIFT_MAX; shift++) {
        fault->count = shift;
        if (resumes(key, fault->offset + shift, came, 0, size)) {
            fault->change = CHANGE_LOST;
            return true;
        }
        if (shift < size && resumes(key, fault->offset, came, shift, size)) {
            bool again =
                fault->offset >= shift &&
                pattern_match(key, fault->offset - shift, came, shift) == shift;

            fault->change = again ? CHANGE_REPEATED : CHANGE_ADDED;
            return true;
        }
    }
    fault->count = 0;
    return false;
}

void fault_diagnose(struct fault *fault, uint64_t key, const void *bytes,
                    size_t size)
{
    const unsigned char *came = bytes;

    fault->count = 1;
    if (size >= 2 && is_swapped(fault, key, came, size))
        fault->change = CHANGE_SWAPPED;
    else if (size < 2 + SURE)
        fault->change = CHANGE_UNKNOWN;
    else if (resumes(key, fault->offset + 1, came, 1, size))
        fault->change = CHANGE_REPLACED;
    else if (!find_shift(fault, key, came, size))
        fault->change = is_garbled(fault, key, came, size) ? CHANGE_GARBLED
                                                           : CHANGE_UNKNOWN;
}

static void manner_text(const struct fault *fault, char *text, size_t room)
{
    const char *s = fault->count == 1 ? "" : "s";

    switch (fault->change) {
    case CHANGE_LOST:
        snprintf(text, room, ": %" PRIu64 " byte%s lost here", fault->count, s);
        break;
    case CHANGE_ADDED:
        snprintf(text, room, ": %" PRIu64 " byte%s added here", fault->count,
                 s);
        break;
    case CHANGE_REPEATED:
        snprintf(text, room, ": %" PRIu64 " byte%s repeated here", fault->count,
                 s);
        break;
    case CHANGE_SWAPPED:
        snprintf(text, room, ": swapped with the next");
        break;
    case CHANGE_GARBLED:
        snprintf(text, room, ": none of what follows is right");
        break;
    case CHANGE_REPLACED:
    case CHANGE_UNKNOWN:
        *text = '\0';
        break;
    }
}

void fault_text(const struct fault *fault, char text[FAULT_TEXT_MAX])
{
    char more[64] = "";
    uint64_t missing = fault->sent - fault->offset;

    snprintf(more, sizeof more, " with %" PRIu64 " byte%s missing", missing,
             missing == 1 ? "" : "s");
    switch (fault->kind) {
    case FAULT_CONNECT:
    case FAULT_LOCAL:
        snprintf(text, FAULT_TEXT_MAX, "%s", strerror(fault->error));
        break;
    case FAULT_LATE:
        snprintf(text, FAULT_TEXT_MAX, "nothing for %g s%s",
                 fault->after_ms / 1000.0, missing > 0 ? more : "");
        break;
    case FAULT_RESET:
    case FAULT_CLOSED:
        snprintf(text, FAULT_TEXT_MAX, "%s after %" PRIu64 " byte%s%s",
                 fault->kind == FAULT_RESET ? strerror(fault->error)
                                            : "closed by the other side",
                 fault->offset, fault->offset == 1 ? "" : "s",
                 missing > 0 ? more : "");
        break;
    case FAULT_CHANGED:
        manner_text(fault, more, sizeof more);
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
