/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * utf8: the characters of a text that may not be one.
 *
 * Knows RFC 3629. Must not know what a character is for.
 */
#include "config.h"

#include "common/utf8.h"

#include <stdbool.h>

/* 0 for a byte that no character begins with. */
static size_t length_of(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc0 || lead > 0xf7)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Not longer than it needs to be, no surrogate, and not beyond the last. */
static bool is_valid(uint32_t code, size_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

    return code >= least[length] && code <= 0x10ffff &&
           (code < 0xd800 || code > 0xdfff);
}

size_t utf8_decode(const char *text, uint32_t *code)
{
    unsigned char lead = (unsigned char)text[0];
    size_t length = length_of(lead);
    uint32_t value = length == 1 ? lead : lead & (0x7fU >> length);
    bool is_good = length > 0;

    for (size_t i = 1; is_good && i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        is_good = (byte & 0xc0) == 0x80;
        value = value << 6 | (byte & 0x3f);
    }
    is_good = is_good && is_valid(value, length);
    *code = is_good ? value : UTF8_REPLACEMENT;
    return is_good ? length : 1;
}
