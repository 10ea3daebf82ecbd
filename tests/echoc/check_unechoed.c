/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * unechoed: what goes in comes out, in order, and never without end.
 */
#include "config.h"

#include "echoc/unechoed.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char suite_name[] = "unechoed";

enum { PIECE = 256 * 1024, MEBIBYTE = 1024 * 1024 };

/* A byte that depends on its place, so that none can be taken for another. */
static unsigned char byte_at(size_t place)
{
    return (unsigned char)(place * 2654435761U >> 13);
}

static void put(struct unechoed *unechoed, size_t place, size_t size)
{
    unsigned char *room = unechoed_reserve(unechoed, size);

    ck_assert_ptr_nonnull(room);
    for (size_t i = 0; i < size; i++)
        room[i] = byte_at(place + i);
    unechoed_add(unechoed, size);
}

/* The first size bytes must be those of a place. */
static void expect(const struct unechoed *unechoed, size_t place, size_t size)
{
    const unsigned char *bytes = unechoed_bytes(unechoed);
    size_t i = 0;

    while (i < size && bytes[i] == byte_at(place + i))
        i++;
    ck_assert_uint_eq(i, size);
}

START_TEST(what_goes_in_comes_out_in_order)
{
    struct unechoed unechoed = {0};

    put(&unechoed, 0, 5);
    put(&unechoed, 5, 1);
    put(&unechoed, 6, 1000);
    ck_assert_uint_eq(unechoed.length, 1006);
    expect(&unechoed, 0, 1006);
    unechoed_drop(&unechoed, 3);
    expect(&unechoed, 3, 1003);
    put(&unechoed, 1006, 7);
    expect(&unechoed, 3, 1010);
    unechoed_drop(&unechoed, 1010);
    ck_assert_uint_eq(unechoed.length, 0);
    put(&unechoed, 1013, 9);
    expect(&unechoed, 1013, 9);
    unechoed_free(&unechoed);
}
END_TEST

START_TEST(room_counts_only_once_it_is_said_to_be_used)
{
    struct unechoed unechoed = {0};
    unsigned char *room = NULL;

    put(&unechoed, 0, 10);
    room = unechoed_reserve(&unechoed, PIECE);
    ck_assert_ptr_nonnull(room);
    memset(room, 0, PIECE);
    ck_assert_uint_eq(unechoed.length, 10);
    expect(&unechoed, 0, 10);
    put(&unechoed, 10, 10); /* less than was asked for */
    ck_assert_uint_eq(unechoed.length, 20);
    expect(&unechoed, 0, 20);
    ck_assert_ptr_nonnull(unechoed_reserve(&unechoed, 0));
    unechoed_add(&unechoed, 0);
    expect(&unechoed, 0, 20);
    unechoed_free(&unechoed);
}
END_TEST

/* In and out by pieces of any size, sometimes more behind and sometimes less,
 * over every edge of the memory. */
START_TEST(bytes_of_any_amount_keep_their_order)
{
    struct unechoed unechoed = {0};
    uint64_t dice = (uint64_t)_i * 2 + 1;
    size_t in = 0;
    size_t out = 0;

    while (out < 16 * MEBIBYTE) {
        size_t piece = 0;

        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        piece = (size_t)(dice >> 20) % ((dice & 3) == 0 ? PIECE : 5000);
        if ((dice >> 8 & 1) == 1 && in - out < 3 * MEBIBYTE) {
            put(&unechoed, in, piece);
            in += piece;
        } else {
            piece = piece < in - out ? piece : in - out;
            if (piece > 0)
                expect(&unechoed, out, piece);
            unechoed_drop(&unechoed, piece);
            out += piece;
        }
        ck_assert_uint_eq(unechoed.length, in - out);
    }
    unechoed_free(&unechoed);
}
END_TEST

/* At most two pieces are kept, so twice that is all it ever needs. */
START_TEST(a_steady_flow_takes_no_more_memory)
{
    struct unechoed unechoed = {0};

    for (size_t place = 0; place < 64 * MEBIBYTE; place += PIECE) {
        ck_assert_ptr_nonnull(unechoed_reserve(&unechoed, PIECE));
        unechoed_add(&unechoed, PIECE);
        ck_assert_uint_le(unechoed.capacity, 4 * PIECE);
        if (place > 0)
            unechoed_drop(&unechoed, PIECE);
    }
    unechoed_free(&unechoed);
}
END_TEST

START_TEST(more_than_the_limit_is_refused_and_nothing_is_lost)
{
    struct unechoed unechoed = {0};
    size_t place = 0;

    for (; place < UNECHOED_MAX; place += MEBIBYTE) {
        ck_assert_ptr_nonnull(unechoed_reserve(&unechoed, MEBIBYTE));
        if (place < MEBIBYTE)
            put(&unechoed, place, MEBIBYTE);
        else
            unechoed_add(&unechoed, MEBIBYTE);
    }
    errno = EBUSY;
    ck_assert_ptr_null(unechoed_reserve(&unechoed, 1));
    ck_assert_int_eq(errno, ENOBUFS);
    ck_assert_uint_eq(unechoed.length, UNECHOED_MAX);
    ck_assert_ptr_nonnull(unechoed_reserve(&unechoed, 0));
    expect(&unechoed, 0, MEBIBYTE);
    unechoed_drop(&unechoed, 1);
    ck_assert_ptr_null(unechoed_reserve(&unechoed, 2));
    ck_assert_ptr_nonnull(unechoed_reserve(&unechoed, 1));
    unechoed_add(&unechoed, 1);
    expect(&unechoed, 1, MEBIBYTE - 1);
    unechoed_free(&unechoed);
}
END_TEST

START_TEST(one_that_was_freed_begins_anew)
{
    struct unechoed unechoed = {0};

    unechoed_free(&unechoed);
    put(&unechoed, 0, PIECE);
    unechoed_drop(&unechoed, 7);
    unechoed_free(&unechoed);
    ck_assert_uint_eq(unechoed.length, 0);
    put(&unechoed, 100, PIECE);
    expect(&unechoed, 100, PIECE);
    unechoed_free(&unechoed);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, what_goes_in_comes_out_in_order);
    tcase_add_test(tests, room_counts_only_once_it_is_said_to_be_used);
    tcase_add_loop_test(tests, bytes_of_any_amount_keep_their_order, 0, 5);
    tcase_add_test(tests, a_steady_flow_takes_no_more_memory);
    tcase_add_test(tests, more_than_the_limit_is_refused_and_nothing_is_lost);
    tcase_add_test(tests, one_that_was_freed_begins_anew);
}
