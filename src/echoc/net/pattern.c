/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * pattern: the bytes that echoc sends, each determined by its offset.
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

/* Two rounds of xorshift-multiply, so that successive connections do not get
 * overlapping sequences. */
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
    unsigned char *next = bytes;

    for (; size > 0 && offset % WORD != 0; size--)
        *next++ = pattern_at(key, offset++);
    for (; size >= WORD; size -= WORD) {
        uint64_t word = word_at(key, offset / WORD);

        memcpy(next, &word, WORD);
        next += WORD;
        offset += WORD;
    }
    for (; size > 0; size--)
        *next++ = pattern_at(key, offset++);
}

size_t pattern_match(uint64_t key, uint64_t offset, const void *bytes,
                     size_t size)
{
    const unsigned char *received = bytes;
    unsigned char expected[BLOCK];
    size_t matched = 0;

    while (matched < size) {
        size_t left = size - matched;
        size_t block = left < BLOCK ? left : BLOCK;
        size_t i = 0;

        pattern_fill(key, offset + matched, expected, block);
        if (memcmp(expected, received + matched, block) == 0) {
            matched += block;
            continue;
        }
        while (expected[i] == received[matched + i])
            i++;
        return matched + i;
    }
    return matched;
}
