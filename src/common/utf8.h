/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * utf8: the characters of a text that may not be one.
 *
 * Safe to call from any thread.
 */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_REPLACEMENT = 0xfffd };

/*
 * The character that a text begins with (RFC 3629). Returns its length in
 * bytes; where there is none, 1 with *code UTF8_REPLACEMENT. Never reads beyond
 * the text's '\0'.
 */
size_t utf8_decode(const char *text, uint32_t *code);

#endif
