/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * backlog: what goes in comes out, in order, and never without end.
 */
#include "config.h"

#include "echoc/backlog.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char suite_name[] = "backlog";

enum { PIECE = 256 * 1024, MEBIBYTE = 1024 * 1024 };

/* A byte that depends on its place, so that none can be taken for another. */
static unsigned char byte_at(size_t place)
{
    return (unsigned char)(place * 2654435761U >> 13);
}

static void put(struct backlog *backlog, size_t place, size_t size)
{
    unsigned char *room = backlog_room(backlog, size);

    ck_assert_ptr_nonnull(room);
    for (size_t i = 0; i < size; i++)
        room[i] = byte_at(place + i);
    backlog_added(backlog, size);
}

/* The first size bytes must be those of a place. */
static void expect(const struct backlog *backlog, size_t place, size_t size)
{
    const unsigned char *bytes = backlog_bytes(backlog);
    size_t i = 0;

    while (i < size && bytes[i] == byte_at(place + i))
        i++;
    ck_assert_uint_eq(i, size);
}

START_TEST(what_goes_in_comes_out_in_order)
{
    struct backlog backlog = {0};

    put(&backlog, 0, 5);
    put(&backlog, 5, 1);
    put(&backlog, 6, 1000);
    ck_assert_uint_eq(backlog.length, 1006);
    expect(&backlog, 0, 1006);
    backlog_drop(&backlog, 3);
    expect(&backlog, 3, 1003);
    put(&backlog, 1006, 7);
    expect(&backlog, 3, 1010);
    backlog_drop(&backlog, 1010);
    ck_assert_uint_eq(backlog.length, 0);
    put(&backlog, 1013, 9);
    expect(&backlog, 1013, 9);
    backlog_free(&backlog);
}
END_TEST

START_TEST(room_counts_only_once_it_is_said_to_be_used)
{
    struct backlog backlog = {0};
    unsigned char *room = NULL;

    put(&backlog, 0, 10);
    room = backlog_room(&backlog, PIECE);
    ck_assert_ptr_nonnull(room);
    memset(room, 0, PIECE);
    ck_assert_uint_eq(backlog.length, 10);
    expect(&backlog, 0, 10);
    put(&backlog, 10, 10); /* less than was asked for */
    ck_assert_uint_eq(backlog.length, 20);
    expect(&backlog, 0, 20);
    ck_assert_ptr_nonnull(backlog_room(&backlog, 0));
    backlog_added(&backlog, 0);
    expect(&backlog, 0, 20);
    backlog_free(&backlog);
}
END_TEST

/* In and out by pieces of any size, sometimes more behind and sometimes less,
 * over every edge of the memory. */
START_TEST(bytes_of_any_amount_keep_their_order)
{
    struct backlog backlog = {0};
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
            put(&backlog, in, piece);
            in += piece;
        } else {
            piece = piece < in - out ? piece : in - out;
            if (piece > 0)
                expect(&backlog, out, piece);
            backlog_drop(&backlog, piece);
            out += piece;
        }
        ck_assert_uint_eq(backlog.length, in - out);
    }
    backlog_free(&backlog);
}
END_TEST

/* At most two pieces are kept, so twice that is all it ever needs. */
START_TEST(a_steady_flow_takes_no_more_memory)
{
    struct backlog backlog = {0};

    for (size_t place = 0; place < 64 * MEBIBYTE; place += PIECE) {
        ck_assert_ptr_nonnull(backlog_room(&backlog, PIECE));
        backlog_added(&backlog, PIECE);
        ck_assert_uint_le(backlog.room, 4 * PIECE);
        if (place > 0)
            backlog_drop(&backlog, PIECE);
    }
    backlog_free(&backlog);
}
END_TEST

START_TEST(more_than_the_limit_is_refused_and_nothing_is_lost)
{
    struct backlog backlog = {0};
    size_t place = 0;

    for (; place < BACKLOG_MAX; place += MEBIBYTE) {
        ck_assert_ptr_nonnull(backlog_room(&backlog, MEBIBYTE));
        if (place < MEBIBYTE)
            put(&backlog, place, MEBIBYTE);
        else
            backlog_added(&backlog, MEBIBYTE);
    }
    errno = EBUSY;
    ck_assert_ptr_null(backlog_room(&backlog, 1));
    ck_assert_int_eq(errno, 0);
    ck_assert_uint_eq(backlog.length, BACKLOG_MAX);
    ck_assert_ptr_nonnull(backlog_room(&backlog, 0));
    expect(&backlog, 0, MEBIBYTE);
    backlog_drop(&backlog, 1);
    ck_assert_ptr_null(backlog_room(&backlog, 2));
    ck_assert_ptr_nonnull(backlog_room(&backlog, 1));
    backlog_added(&backlog, 1);
    expect(&backlog, 1, MEBIBYTE - 1);
    backlog_free(&backlog);
}
END_TEST

START_TEST(one_that_was_freed_begins_anew)
{
    struct backlog backlog = {0};

    backlog_free(&backlog);
    put(&backlog, 0, PIECE);
    backlog_drop(&backlog, 7);
    backlog_free(&backlog);
    ck_assert_uint_eq(backlog.length, 0);
    put(&backlog, 100, PIECE);
    expect(&backlog, 100, PIECE);
    backlog_free(&backlog);
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
