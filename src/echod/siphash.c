/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * siphash: a keyed hash of short input. The names are those of the paper.
 */
#include "config.h"

#include "echod/siphash.h"

enum { C_ROUNDS = 2, D_ROUNDS = 4, WORD = 8 };

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], int rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

/* Up to 8 bytes as a number, the first is the lowest. */
static uint64_t get_word(const unsigned char *bytes, size_t count)
{
    uint64_t word = 0;

    while (count-- > 0)
        word = word << 8 | bytes[count];
    return word;
}

static void compress(uint64_t v[4], uint64_t m)
{
    v[3] ^= m;
    sip_rounds(v, C_ROUNDS);
    v[0] ^= m;
}

uint64_t siphash(const unsigned char key[SIPHASH_KEY], const void *bytes,
                 size_t size)
{
    const unsigned char *at = bytes;
    uint64_t k0 = get_word(key, WORD);
    uint64_t k1 = get_word(key + WORD, WORD);
    /* The constants spell "somepseudorandomlygeneratedbytes". */
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
                     k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
    size_t left = size;

    for (; left >= WORD; left -= WORD, at += WORD)
        compress(v, get_word(at, WORD));
    /* The last word ends with the size modulo 256. */
    compress(v, get_word(at, left) | (uint64_t)size << 56);
    v[2] ^= 0xff;
    sip_rounds(v, D_ROUNDS);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
