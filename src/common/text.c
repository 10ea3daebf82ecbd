/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * text: text of unknown origin, made safe to print.
 */
#include "config.h"

#include "common/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The length that a first byte announces; 0 for a byte that starts none. */
static size_t length_of(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc0 || lead > 0xf7)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Not longer than necessary, no surrogate, and not beyond the last code. */
static bool is_valid(uint32_t code, size_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

    return code >= least[length] && code <= 0x10ffff &&
           (code < 0xd800 || code > 0xdfff);
}

size_t text_decode(const char *text, uint32_t *code)
{
    unsigned char lead = (unsigned char)text[0];
    size_t length = length_of(lead);
    uint32_t value = length == 1 ? lead : lead & (0x7fU >> length);
    bool valid = length > 0;

    for (size_t i = 1; valid && i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        valid = (byte & 0xc0) == 0x80;
        value = value << 6 | (byte & 0x3f);
    }
    valid = valid && is_valid(value, length);
    *code = valid ? value : TEXT_REPLACEMENT;
    return valid ? length : 1;
}

size_t text_to_json(const char **text, char out[TEXT_JSON_MAX])
{
    const char *character = *text;
    uint32_t code = 0;
    size_t length = 0;

    if (*character == '\0')
        return 0;
    length = text_decode(character, &code);
    *text += length;
    if (code < 0x20 || code == '"' || code == '\\' || code == 0x7f ||
        code == TEXT_REPLACEMENT)
        return (size_t)snprintf(out, TEXT_JSON_MAX, "\\u%04x", (unsigned)code);
    memcpy(out, character, length);
    return length;
}

void text_mask_controls(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
}
