/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * pattern: every byte is determined by its offset, and any damage shows.
 */
#include "config.h"

#include "echoc/net/pattern.h"
#include "tests/common/suite.h"

#include <stdlib.h>
#include <string.h>

const char suite_name[] = "pattern";

enum { SIZE = 4096, WORD = 8 };

/* At some of these an offset or word index that is too narrow would wrap. */
static const uint64_t offsets[] = {0,
                                   1,
                                   4095,
                                   UINT64_C(0xfffffff8),
                                   UINT64_C(0x100000003),
                                   UINT64_C(0x7fffffff9),
                                   UINT64_C(1) << 40,
                                   (UINT64_C(1) << 53) + 5,
                                   UINT64_C(0x7ffffffffffffffd),
                                   UINT64_MAX - ((uint64_t)16 << 20)};

enum { OFFSETS = sizeof offsets / sizeof offsets[0] };

static uint64_t key(void)
{
    return pattern_key(20, 6142);
}

/* The reference: the stream byte by byte. */
static void make(unsigned char *bytes, uint64_t offset, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern_at(key(), offset + i);
}

/* Whether pattern_fill() writes the right bytes, and nothing around them. No
 * assertions here: there would be so many that they take long. */
static bool fills(uint64_t offset, size_t at, size_t size)
{
    enum { FRAME = 64, GUARD = 0xa5 };
    unsigned char bytes[FRAME];
    bool is_right = true;

    memset(bytes, GUARD, FRAME);
    pattern_fill(key(), offset, bytes + at, size);
    for (size_t i = 0; i < FRAME; i++)
        if (i < at || i >= at + size)
            is_right = is_right && bytes[i] == GUARD;
        else
            is_right =
                is_right && bytes[i] == pattern_at(key(), offset + i - at);
    return is_right;
}

START_TEST(filling_agrees_with_single_bytes)
{
    for (uint64_t offset = offsets[_i]; offset < offsets[_i] + WORD; offset++)
        for (size_t size = 0; size <= 4 * WORD; size++) {
            bool is_right = true;

            for (size_t at = 1; at <= WORD; at++)
                is_right = is_right && fills(offset, at, size);
            ck_assert_msg(is_right, "%zu bytes at %llu", size,
                          (unsigned long long)offset);
        }
}
END_TEST

START_TEST(bytes_match_at_their_own_offset_only)
{
    unsigned char bytes[SIZE];
    size_t most = 0;

    pattern_fill(key(), offsets[_i], bytes, SIZE);
    ck_assert_uint_eq(pattern_match(key(), offsets[_i], bytes, SIZE), SIZE);
    ck_assert_uint_eq(pattern_match(key(), offsets[_i], bytes, 0), 0);
    for (uint64_t shift = 1; shift < 1000; shift++) {
        size_t matched = pattern_match(key(), offsets[_i] + shift, bytes, SIZE);

        most = matched > most ? matched : most;
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t other = offsets[_i] ^ UINT64_C(1) << bit;
        size_t matched = pattern_match(key(), other, bytes, SIZE);

        most = matched > most ? matched : most;
    }
    ck_assert_uint_lt(most, WORD);
}
END_TEST

START_TEST(a_match_ends_at_the_first_wrong_byte)
{
    enum { NEAR = 1100 }; /* more than two blocks in pattern_match() */
    unsigned char bytes[NEAR];

    make(bytes, offsets[_i], NEAR);
    for (size_t wrong = 0; wrong < NEAR; wrong++) {
        unsigned char flip = (unsigned char)(1U << wrong % 8);
        size_t second = wrong + 1 + wrong % 600;

        bytes[wrong] ^= flip;
        ck_assert_uint_eq(pattern_match(key(), offsets[_i], bytes, NEAR),
                          wrong);
        if (second < NEAR) {
            bytes[second] ^= flip;
            ck_assert_uint_eq(pattern_match(key(), offsets[_i], bytes, NEAR),
                              wrong);
            bytes[second] ^= flip;
        }
        bytes[wrong] ^= flip;
    }
}
END_TEST

static const size_t counts[] = {1,  2,  3,   7,   8,    9,    15,   16,
                                24, 64, 255, 256, 1000, 1024, 2048, 65536};

enum { COUNTS = sizeof counts / sizeof counts[0] };

/* The bytes are damaged from start on. The first that differs may come a few
 * bytes later, as some are equal by chance. */
static void expect_found(const unsigned char *received, uint64_t offset,
                         size_t start)
{
    size_t found = pattern_match(key(), offset, received, SIZE);
    size_t first = start;

    while (first < SIZE && received[first] == pattern_at(key(), offset + first))
        first++;
    ck_assert_uint_eq(found, first);
    ck_assert_uint_lt(found, start + WORD);
}

START_TEST(lost_bytes_are_noticed_at_once)
{
    unsigned char received[SIZE];

    for (size_t n = 0; n < COUNTS; n++)
        for (size_t start = 500; start < 500 + 2 * WORD; start++) {
            make(received, offsets[_i], start);
            make(received + start, offsets[_i] + start + counts[n],
                 SIZE - start);
            expect_found(received, offsets[_i], start);
        }
}
END_TEST

START_TEST(repeated_bytes_are_noticed_at_once)
{
    unsigned char received[SIZE];

    for (size_t n = 0; n < COUNTS && counts[n] <= SIZE / 2; n++)
        for (size_t start = 2048; start < 2048 + 2 * WORD; start++) {
            make(received, offsets[_i], start);
            make(received + start, offsets[_i] + start - counts[n],
                 SIZE - start);
            expect_found(received, offsets[_i], start);
        }
}
END_TEST

START_TEST(moved_bytes_are_noticed_at_once)
{
    unsigned char received[SIZE];

    for (size_t n = 0; n < COUNTS && counts[n] <= SIZE / 4; n++)
        for (size_t start = 1000; start < 1000 + 2 * WORD; start++) {
            make(received, offsets[_i], SIZE);
            make(received + start, offsets[_i] + start + counts[n], counts[n]);
            make(received + start + counts[n], offsets[_i] + start, counts[n]);
            /* Two equal bytes cannot be told apart. */
            if (counts[n] > 1 || received[start] != received[start + 1])
                expect_found(received, offsets[_i], start);
        }
}
END_TEST

START_TEST(bytes_of_another_connection_are_noticed_at_once)
{
    enum { RUNS = 8, KEYS = RUNS * RUNS };
    unsigned char bytes[SIZE];

    for (uint64_t mine = 0; mine < KEYS; mine++) {
        size_t most = 0;

        pattern_fill(pattern_key(mine / RUNS, mine % RUNS), offsets[_i], bytes,
                     SIZE);
        for (uint64_t other = 0; other < KEYS; other++) {
            size_t matched =
                pattern_match(pattern_key(other / RUNS, other % RUNS),
                              offsets[_i], bytes, SIZE);

            if (other == mine)
                ck_assert_uint_eq(matched, SIZE);
            else if (matched > most)
                most = matched;
        }
        ck_assert_uint_lt(most, WORD);
    }
}
END_TEST

static int compare(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one;
    uint64_t b = *(const uint64_t *)other;

    return (a > b) - (a < b);
}

static void expect_all_different(uint64_t *words, size_t count)
{
    size_t repeated = 0;

    qsort(words, count, sizeof *words, compare);
    for (size_t i = 1; i < count; i++)
        repeated += words[i - 1] == words[i];
    free(words);
    ck_assert_uint_eq(repeated, 0);
}

/* At any alignment, as a shift may be by any number of bytes. */
START_TEST(no_eight_bytes_occur_twice)
{
    size_t count = (size_t)1 << 17;
    unsigned char *bytes = malloc(count + WORD);
    uint64_t *words = malloc(count * sizeof *words);

    pattern_fill(key(), offsets[_i], bytes, count + WORD);
    for (size_t i = 0; i < count; i++)
        memcpy(&words[i], bytes + i, WORD);
    free(bytes);
    expect_all_different(words, count);
}
END_TEST

START_TEST(no_word_occurs_twice_in_8_mib)
{
    size_t count = (size_t)8 << 20 >> 3;
    uint64_t *words = malloc(count * WORD);

    pattern_fill(key(), 3, words, count * WORD);
    expect_all_different(words, count);
}
END_TEST

/* The low bytes of a plain counter would repeat after 2048 bytes. */
START_TEST(few_bytes_are_equal_a_power_of_two_apart)
{
    for (unsigned bit = 3; bit < 36; bit++) {
        size_t matched = 0;

        for (uint64_t i = 0; i < SIZE; i++)
            matched += pattern_at(key(), i) ==
                       pattern_at(key(), i + (UINT64_C(1) << bit));
        ck_assert_msg(matched < SIZE / 16,
                      "%zu of %d bytes equal those 2^%u later", matched, SIZE,
                      bit);
    }
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, filling_agrees_with_single_bytes, 0, OFFSETS);
    tcase_add_loop_test(tests, bytes_match_at_their_own_offset_only, 0,
                        OFFSETS);
    tcase_add_loop_test(tests, a_match_ends_at_the_first_wrong_byte, 0,
                        OFFSETS);
    tcase_add_loop_test(tests, lost_bytes_are_noticed_at_once, 0, OFFSETS);
    tcase_add_loop_test(tests, repeated_bytes_are_noticed_at_once, 0, OFFSETS);
    tcase_add_loop_test(tests, moved_bytes_are_noticed_at_once, 0, OFFSETS);
    tcase_add_loop_test(tests, bytes_of_another_connection_are_noticed_at_once,
                        0, OFFSETS);
    tcase_add_loop_test(tests, no_eight_bytes_occur_twice, 0, OFFSETS / 2);
    tcase_add_test(tests, no_word_occurs_twice_in_8_mib);
    tcase_add_test(tests, few_bytes_are_equal_a_power_of_two_apart);
}
