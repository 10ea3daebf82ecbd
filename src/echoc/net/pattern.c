/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * pattern: the bytes that are sent, each of which depends on where it stands.
 *
 * Knows arithmetic. Must not know sockets, nor what a mismatch means.
 */
#include "config.h"

#include "echoc/net/pattern.h"

#include <string.h>

enum { WORD = sizeof(uint64_t), BLOCK = 512 };

/* 2^64 divided by the golden ratio, made odd (Knuth, TAOCP 3, 6.4). */
static const uint64_t step = 0x9e3779b97f4a7c15U;

static uint64_t word_at(uint64_t key, uint64_t index)
{
    uint64_t word = key + index * step;

    return word ^ word >> 32;
}

/* Two rounds of xorshift-multiply, so that near numbers give far keys. */
uint64_t pattern_key(uint64_t run, uint64_t connection)
{
    uint64_t key = run + connection * step;

    for (int i = 0; i < 2; i++) {
        key ^= key >> 32;
        key *= 0xd6e8feb86659fd93U;
    }
    return key ^ key >> 32;
}

unsigned char pattern_at(uint64_t key, uint64_t offset)
{
    unsigned char bytes[WORD];
    uint64_t word = word_at(key, offset / WORD);

    memcpy(bytes, &word, WORD);
    return bytes[offset % WORD];
}

void pattern_fill(uint64_t key, uint64_t offset, void *bytes, size_t size)
{
    unsigned char *at = bytes;

    for (; size > 0 && offset % WORD != 0; size--)
        *at++ = pattern_at(key, offset++);
    for (; size >= WORD; size -= WORD) {
        uint64_t word = word_at(key, offset / WORD);

        memcpy(at, &word, WORD);
        at += WORD;
        offset += WORD;
    }
    for (; size > 0; size--)
        *at++ = pattern_at(key, offset++);
}

size_t pattern_match(uint64_t key, uint64_t offset, const void *bytes,
                     size_t size)
{
    const unsigned char *came = bytes;
    unsigned char expected[BLOCK];
    size_t good = 0;

    while (good < size) {
        size_t piece = size - good < BLOCK ? size - good : BLOCK;
        size_t same = 0;

        pattern_fill(key, offset + good, expected, piece);
        if (memcmp(expected, came + good, piece) == 0) {
            good += piece;
            continue;
        }
        while (expected[same] == came[good + same])
            same++;
        return good + same;
    }
    return good;
}
