/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * text: text of unknown origin, made safe to print.
 *
 * Safe to call from any thread.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum {
    TEXT_REPLACEMENT = 0xfffd, /* U+FFFD, for what is not UTF-8 */
    TEXT_JSON_MAX = 7          /* "\u001f" with its '\0' */
};

/*
 * Decode the character at the start of text (UTF-8, RFC 3629). Returns its
 * length in bytes; for a byte that starts no valid character, 1 with *code
 * TEXT_REPLACEMENT. Never reads beyond the '\0' of text.
 */
size_t text_decode(const char *text, uint32_t *code);

/*
 * Write the next character of *text as it stands in a JSON string (RFC 8259,
 * section 7), and move *text past it. Returns the length written; 0 at the end
 * of the text.
 */
size_t text_to_json(const char **text, char out[TEXT_JSON_MAX]);

/* Replace control characters with '?', so that a terminal does not obey them
 * and a line stays one line. */
void text_mask_controls(char *text, size_t length);

#endif
