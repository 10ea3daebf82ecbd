/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * pattern: every byte knows its place, and any other place is wrong.
 */
#include "config.h"

#include "echoc/net/pattern.h"
#include "tests/common/suite.h"

#include <stdlib.h>
#include <string.h>

const char suite_name[] = "pattern";

enum { SIZE = 4096, WORD = 8 };

/* Places where an index or an offset that is too narrow would begin anew. */
static const uint64_t places[] = {0,
                                  1,
                                  4095,
                                  UINT64_C(0xfffffff8),
                                  UINT64_C(0x100000003),
                                  UINT64_C(0x7fffffff9),
                                  UINT64_C(1) << 40,
                                  (UINT64_C(1) << 53) + 5,
                                  UINT64_C(0x7ffffffffffffffd),
                                  UINT64_MAX - ((uint64_t)16 << 20)};

enum { PLACES = sizeof places / sizeof places[0] };

static uint64_t key(void)
{
    return pattern_key(20, 6142);
}

/* What stands at an offset, byte by byte. */
static void make(unsigned char *bytes, uint64_t offset, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern_at(key(), offset + i);
}

/* Whether size bytes, and no byte beside them, are what stands at offset. An
 * assertion is slow, so that many of these share one. */
static bool fills(uint64_t offset, size_t at, size_t size)
{
    enum { ROOM = 64, GUARD = 0xa5 };
    unsigned char bytes[ROOM];
    bool good = true;

    memset(bytes, GUARD, ROOM);
    pattern_fill(key(), offset, bytes + at, size);
    for (size_t i = 0; i < ROOM; i++)
        if (i < at || i >= at + size)
            good = good && bytes[i] == GUARD;
        else
            good = good && bytes[i] == pattern_at(key(), offset + i - at);
    return good;
}

START_TEST(filling_is_the_same_as_asking_for_each_byte)
{
    for (uint64_t offset = places[_i]; offset < places[_i] + WORD; offset++)
        for (size_t size = 0; size <= 4 * WORD; size++) {
            bool good = true;

            for (size_t at = 1; at <= WORD; at++)
                good = good && fills(offset, at, size);
            ck_assert_msg(good, "%zu bytes at %llu", size,
                          (unsigned long long)offset);
        }
}
END_TEST

START_TEST(what_was_filled_matches_there_and_nowhere_near)
{
    unsigned char bytes[SIZE];
    size_t most = 0;

    pattern_fill(key(), places[_i], bytes, SIZE);
    ck_assert_uint_eq(pattern_match(key(), places[_i], bytes, SIZE), SIZE);
    ck_assert_uint_eq(pattern_match(key(), places[_i], bytes, 0), 0);
    for (uint64_t off = 1; off < 1000; off++) {
        size_t same = pattern_match(key(), places[_i] + off, bytes, SIZE);

        most = same > most ? same : most;
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t other = places[_i] ^ UINT64_C(1) << bit;
        size_t same = pattern_match(key(), other, bytes, SIZE);

        most = same > most ? same : most;
    }
    ck_assert_uint_lt(most, WORD);
}
END_TEST

START_TEST(a_match_ends_at_exactly_the_first_bad_byte)
{
    enum { NEAR = 1100 }; /* past two of the pieces it compares in */
    unsigned char bytes[NEAR];

    make(bytes, places[_i], NEAR);
    for (size_t bad = 0; bad < NEAR; bad++) {
        unsigned char flip = (unsigned char)(1U << bad % 8);
        size_t also = bad + 1 + bad % 600;

        bytes[bad] ^= flip;
        ck_assert_uint_eq(pattern_match(key(), places[_i], bytes, NEAR), bad);
        if (also < NEAR) {
            bytes[also] ^= flip;
            ck_assert_uint_eq(pattern_match(key(), places[_i], bytes, NEAR),
                              bad);
            bytes[also] ^= flip;
        }
        bytes[bad] ^= flip;
    }
}
END_TEST

static const size_t counts[] = {1,  2,  3,   7,   8,    9,    15,   16,
                                24, 64, 255, 256, 1000, 1024, 2048, 65536};

enum { COUNTS = sizeof counts / sizeof counts[0] };

/* Something is wrong from where on; it must show there, or where the first byte
 * does that is not the same by accident: within eight. */
static void expect_found(const unsigned char *came, uint64_t offset,
                         size_t where)
{
    size_t found = pattern_match(key(), offset, came, SIZE);
    size_t first = where;

    while (first < SIZE && came[first] == pattern_at(key(), offset + first))
        first++;
    ck_assert_uint_eq(found, first);
    ck_assert_uint_lt(found, where + WORD);
}

START_TEST(bytes_that_are_lost_are_missed_at_once)
{
    unsigned char came[SIZE];

    for (size_t n = 0; n < COUNTS; n++)
        for (size_t where = 500; where < 500 + 2 * WORD; where++) {
            make(came, places[_i], where);
            make(came + where, places[_i] + where + counts[n], SIZE - where);
            expect_found(came, places[_i], where);
        }
}
END_TEST

START_TEST(bytes_that_are_repeated_are_seen_at_once)
{
    unsigned char came[SIZE];

    for (size_t n = 0; n < COUNTS && counts[n] <= SIZE / 2; n++)
        for (size_t where = 2048; where < 2048 + 2 * WORD; where++) {
            make(came, places[_i], where);
            make(came + where, places[_i] + where - counts[n], SIZE - where);
            expect_found(came, places[_i], where);
        }
}
END_TEST

START_TEST(bytes_that_change_places_are_seen_at_once)
{
    unsigned char came[SIZE];

    for (size_t n = 0; n < COUNTS && counts[n] <= SIZE / 4; n++)
        for (size_t where = 1000; where < 1000 + 2 * WORD; where++) {
            make(came, places[_i], SIZE);
            make(came + where, places[_i] + where + counts[n], counts[n]);
            make(came + where + counts[n], places[_i] + where, counts[n]);
            /* Of two that are the same nobody can tell. */
            if (counts[n] > 1 || came[where] != came[where + 1])
                expect_found(came, places[_i], where);
        }
}
END_TEST

START_TEST(another_connections_bytes_are_wrong_at_once)
{
    enum { RUNS = 8, KEYS = RUNS * RUNS };
    unsigned char bytes[SIZE];

    for (uint64_t mine = 0; mine < KEYS; mine++) {
        size_t most = 0;

        pattern_fill(pattern_key(mine / RUNS, mine % RUNS), places[_i], bytes,
                     SIZE);
        for (uint64_t other = 0; other < KEYS; other++) {
            size_t same = pattern_match(pattern_key(other / RUNS, other % RUNS),
                                        places[_i], bytes, SIZE);

            if (other == mine)
                ck_assert_uint_eq(same, SIZE);
            else if (same > most)
                most = same;
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
    size_t again = 0;

    qsort(words, count, sizeof *words, compare);
    for (size_t i = 1; i < count; i++)
        again += words[i - 1] == words[i];
    free(words);
    ck_assert_uint_eq(again, 0);
}

/* Wherever they begin: a shift need not be by eights. */
START_TEST(eight_bytes_never_occur_twice)
{
    size_t count = (size_t)1 << 17;
    unsigned char *bytes = malloc(count + WORD);
    uint64_t *words = malloc(count * sizeof *words);

    pattern_fill(key(), places[_i], bytes, count + WORD);
    for (size_t i = 0; i < count; i++)
        memcpy(&words[i], bytes + i, WORD);
    free(bytes);
    expect_all_different(words, count);
}
END_TEST

START_TEST(the_eights_of_many_mebibytes_are_all_different)
{
    size_t count = (size_t)8 << 20 >> 3;
    uint64_t *words = malloc(count * WORD);

    pattern_fill(key(), 3, words, count * WORD);
    expect_all_different(words, count);
}
END_TEST

/* A counter alone would have the same low bytes again after 2048. */
START_TEST(few_bytes_are_the_same_a_power_of_two_later)
{
    for (unsigned bit = 3; bit < 36; bit++) {
        size_t same = 0;

        for (uint64_t i = 0; i < SIZE; i++)
            same += pattern_at(key(), i) ==
                    pattern_at(key(), i + (UINT64_C(1) << bit));
        ck_assert_msg(same < SIZE / 16, "2^%u later %zu of %d are the same",
                      bit, same, SIZE);
    }
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, filling_is_the_same_as_asking_for_each_byte, 0,
                        PLACES);
    tcase_add_loop_test(tests, what_was_filled_matches_there_and_nowhere_near,
                        0, PLACES);
    tcase_add_loop_test(tests, a_match_ends_at_exactly_the_first_bad_byte, 0,
                        PLACES);
    tcase_add_loop_test(tests, bytes_that_are_lost_are_missed_at_once, 0,
                        PLACES);
    tcase_add_loop_test(tests, bytes_that_are_repeated_are_seen_at_once, 0,
                        PLACES);
    tcase_add_loop_test(tests, bytes_that_change_places_are_seen_at_once, 0,
                        PLACES);
    tcase_add_loop_test(tests, another_connections_bytes_are_wrong_at_once, 0,
                        PLACES);
    tcase_add_loop_test(tests, eight_bytes_never_occur_twice, 0, PLACES / 2);
    tcase_add_test(tests, the_eights_of_many_mebibytes_are_all_different);
    tcase_add_test(tests, few_bytes_are_the_same_a_power_of_two_later);
}
