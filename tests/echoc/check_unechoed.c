/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * unechoed: bytes leave the queue in order, and memory stays limited.
 */
#include "config.h"

#include "echoc/unechoed.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char suite_name[] = "unechoed";

enum { CHUNK = 256 * 1024, MEBIBYTE = 1024 * 1024 };

static struct unechoed queue;

static void free_queue(void)
{
    unechoed_free(&queue);
}

/* A byte that depends on its offset, so that a wrong order shows. */
static unsigned char byte_at(size_t offset)
{
    return (unsigned char)(offset * 2654435761U >> 13);
}

static void put(size_t offset, size_t size)
{
    unsigned char *space = unechoed_reserve(&queue, size);

    ck_assert_ptr_nonnull(space);
    for (size_t i = 0; i < size; i++)
        space[i] = byte_at(offset + i);
    unechoed_add(&queue, size);
}

/* Check that the oldest bytes are those from offset on. */
static void expect(size_t offset, size_t size)
{
    const unsigned char *bytes = unechoed_bytes(&queue);
    size_t i = 0;

    while (i < size && bytes[i] == byte_at(offset + i))
        i++;
    ck_assert_uint_eq(i, size);
}

START_TEST(bytes_leave_in_order)
{
    put(0, 5);
    put(5, 1);
    put(6, 1000);
    ck_assert_uint_eq(queue.length, 1006);
    expect(0, 1006);
    unechoed_drop(&queue, 3);
    expect(3, 1003);
    put(1006, 7);
    expect(3, 1010);
    unechoed_drop(&queue, 1010);
    ck_assert_uint_eq(queue.length, 0);
    put(1013, 9);
    expect(1013, 9);
}
END_TEST

START_TEST(reserved_space_is_not_part_of_the_queue)
{
    unsigned char *space = NULL;

    put(0, 10);
    space = unechoed_reserve(&queue, CHUNK);
    ck_assert_ptr_nonnull(space);
    memset(space, 0, CHUNK);
    ck_assert_uint_eq(queue.length, 10);
    expect(0, 10);
    put(10, 10); /* less than was reserved */
    ck_assert_uint_eq(queue.length, 20);
    expect(0, 20);
    ck_assert_ptr_nonnull(unechoed_reserve(&queue, 0));
    unechoed_add(&queue, 0);
    expect(0, 20);
}
END_TEST

/* With random sizes, while the queue grows and shrinks. */
START_TEST(chunks_of_any_size_stay_in_order)
{
    uint64_t seed = (uint64_t)_i * 2 + 1;
    size_t in = 0;
    size_t out = 0;

    while (out < 16 * MEBIBYTE) {
        size_t chunk = 0;

        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        chunk = (size_t)(seed >> 20) % ((seed & 3) == 0 ? CHUNK : 5000);
        if ((seed >> 8 & 1) == 1 && in - out < 3 * MEBIBYTE) {
            put(in, chunk);
            in += chunk;
        } else {
            chunk = chunk < in - out ? chunk : in - out;
            if (chunk > 0)
                expect(out, chunk);
            unechoed_drop(&queue, chunk);
            out += chunk;
        }
        ck_assert_uint_eq(queue.length, in - out);
    }
}
END_TEST

/* There are never more than two chunks, and capacity is twice that. */
START_TEST(a_steady_flow_needs_no_more_memory)
{
    for (size_t offset = 0; offset < 64 * MEBIBYTE; offset += CHUNK) {
        ck_assert_ptr_nonnull(unechoed_reserve(&queue, CHUNK));
        unechoed_add(&queue, CHUNK);
        ck_assert_uint_le(queue.capacity, 4 * CHUNK);
        if (offset > 0)
            unechoed_drop(&queue, CHUNK);
    }
}
END_TEST

START_TEST(the_limit_is_enforced_and_nothing_is_lost)
{
    size_t offset = 0;

    for (; offset < UNECHOED_MAX; offset += MEBIBYTE) {
        ck_assert_ptr_nonnull(unechoed_reserve(&queue, MEBIBYTE));
        if (offset < MEBIBYTE)
            put(offset, MEBIBYTE);
        else
            unechoed_add(&queue, MEBIBYTE);
    }
    errno = EBUSY;
    ck_assert_ptr_null(unechoed_reserve(&queue, 1));
    ck_assert_int_eq(errno, ENOBUFS);
    ck_assert_uint_eq(queue.length, UNECHOED_MAX);
    ck_assert_ptr_nonnull(unechoed_reserve(&queue, 0));
    expect(0, MEBIBYTE);
    unechoed_drop(&queue, 1);
    ck_assert_ptr_null(unechoed_reserve(&queue, 2));
    ck_assert_ptr_nonnull(unechoed_reserve(&queue, 1));
    unechoed_add(&queue, 1);
    expect(1, MEBIBYTE - 1);
}
END_TEST

START_TEST(a_freed_queue_can_be_used_again)
{
    unechoed_free(&queue);
    put(0, CHUNK);
    unechoed_drop(&queue, 7);
    unechoed_free(&queue);
    ck_assert_uint_eq(queue.length, 0);
    put(100, CHUNK);
    expect(100, CHUNK);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, free_queue);
    tcase_add_test(tests, bytes_leave_in_order);
    tcase_add_test(tests, reserved_space_is_not_part_of_the_queue);
    tcase_add_loop_test(tests, chunks_of_any_size_stay_in_order, 0, 5);
    tcase_add_test(tests, a_steady_flow_needs_no_more_memory);
    tcase_add_test(tests, the_limit_is_enforced_and_nothing_is_lost);
    tcase_add_test(tests, a_freed_queue_can_be_used_again);
}
