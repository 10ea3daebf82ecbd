/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * fault: what happened to the bytes, found by them alone; and its words.
 */
#include "config.h"

#include "echoc/net/fault.h"
#include "echoc/net/pattern.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char suite_name[] = "fault";

enum { SHIFT_MAX = 65536, ROOM = 2 * SHIFT_MAX, SURE = 8, TELLING = 2 + SURE };

/* The first few are for what takes its time. */
static const uint64_t places[] = {
    0, 1000,  UINT64_C(0xfffffffd),    UINT64_MAX - 4 * (uint64_t)ROOM, 1, 7,
    8, 65539, (UINT64_C(1) << 40) + 5, UINT64_C(0x7ffffffffffffffd)};

static const size_t counts[] = {1,   2,   3,    7,    8,     9,    10,
                                100, 511, 4096, 8192, 65535, 65536};

enum {
    PLACES = sizeof places / sizeof places[0],
    FEW = 4,
    COUNTS = sizeof counts / sizeof counts[0]
};

static uint64_t key(void)
{
    return pattern_key(7, 6142);
}

static unsigned char at(uint64_t offset)
{
    return pattern_at(key(), offset);
}

/* What came from some place on; room is for the shift and what follows it. */
struct came {
    uint64_t place;
    unsigned char bytes[ROOM];
};

static struct came came;

static void come_well(uint64_t place)
{
    came.place = place;
    pattern_fill(key(), place, came.bytes, ROOM);
}

static void lose(size_t count)
{
    pattern_fill(key(), came.place + count, came.bytes, ROOM);
}

static void add(size_t count)
{
    fill(came.bytes, count, count);
    pattern_fill(key(), came.place, came.bytes + count, ROOM - count);
}

static void repeat(size_t count)
{
    pattern_fill(key(), came.place - count, came.bytes, ROOM);
}

static void swap(void)
{
    unsigned char first = came.bytes[0];

    came.bytes[0] = came.bytes[1];
    came.bytes[1] = first;
}

static void change(size_t count)
{
    for (size_t i = 0; i < count; i++)
        came.bytes[i] ^= (unsigned char)(1 + i % 255);
}

/* As a stream would, diagnose from the first byte that is wrong on, with so
 * many bytes at hand. */
static struct fault diagnose(size_t window)
{
    struct fault fault = {.kind = FAULT_CHANGED};
    size_t good = pattern_match(key(), came.place, came.bytes, ROOM);

    ck_assert_uint_lt(good, SURE);
    fault.offset = came.place + good;
    fault.expected = at(fault.offset);
    fault.got = came.bytes[good];
    fault_diagnose(&fault, key(), came.bytes + good, window);
    ck_assert(
        fault.kind == FAULT_CHANGED && fault.offset == came.place + good &&
        fault.expected == at(fault.offset) && fault.got == came.bytes[good]);
    return fault;
}

static void expect(size_t window, enum fault_change change, size_t count)
{
    struct fault fault = diagnose(window);

    ck_assert_msg(fault.change == change,
                  "change %d, not %d, of %zu at %" PRIu64 ", window %zu",
                  (int)fault.change, (int)change, count, came.place, window);
    if (count > 0)
        ck_assert_uint_eq(fault.count, count);
}

START_TEST(lost_bytes_are_counted)
{
    for (size_t i = 0; i < COUNTS; i++) {
        come_well(places[_i]);
        lose(counts[i]);
        for (size_t window = TELLING; window <= 20; window++)
            expect(window, CHANGE_LOST, counts[i]);
        expect(1000, CHANGE_LOST, counts[i]);
        expect(SHIFT_MAX, CHANGE_LOST, counts[i]);
    }
}
END_TEST

/* Eight right bytes have to follow those that were put in. */
START_TEST(added_bytes_are_counted)
{
    for (size_t i = 0; i < COUNTS; i++) {
        size_t least = counts[i] + SURE > TELLING ? counts[i] + SURE : TELLING;

        come_well(places[_i]);
        add(counts[i]);
        for (size_t window = least; window <= least + 3; window++)
            expect(window, CHANGE_ADDED, counts[i]);
        expect(least + 30000, CHANGE_ADDED, counts[i]);
    }
}
END_TEST

START_TEST(repeated_bytes_are_counted)
{
    for (size_t i = 0; i < COUNTS; i++) {
        size_t least = counts[i] + SURE > TELLING ? counts[i] + SURE : TELLING;

        if (counts[i] > places[_i])
            continue;
        come_well(places[_i]);
        repeat(counts[i]);
        for (size_t window = least; window <= least + 3; window++)
            expect(window, CHANGE_REPEATED, counts[i]);
        expect(least + 30000, CHANGE_REPEATED, counts[i]);
    }
}
END_TEST

START_TEST(two_neighbours_that_changed_places_are_named)
{
    for (uint64_t place = places[_i]; place < places[_i] + 20; place++) {
        if (at(place) == at(place + 1))
            continue;
        come_well(place);
        swap();
        for (size_t window = 2; window <= 20; window++)
            expect(window, CHANGE_SWAPPED, 0);
        expect(SHIFT_MAX, CHANGE_SWAPPED, 0);
    }
}
END_TEST

START_TEST(two_that_were_swapped_are_followed_by_what_is_right)
{
    for (size_t wrong = 2; wrong < 10; wrong++) {
        come_well(places[_i] + (at(places[_i]) == at(places[_i] + 1)));
        swap();
        came.bytes[wrong] ^= 1;
        expect(wrong, CHANGE_SWAPPED, 0);
        expect(wrong + 1, CHANGE_UNKNOWN, 0);
        expect(100, CHANGE_UNKNOWN, 0);
    }
}
END_TEST

START_TEST(one_byte_that_is_another_is_just_that)
{
    for (unsigned flip = 1; flip < 256; flip += 2) {
        come_well(places[_i]);
        came.bytes[0] ^= (unsigned char)flip;
        for (size_t window = TELLING; window <= 20; window++)
            expect(window, CHANGE_REPLACED, 1);
        expect(SHIFT_MAX, CHANGE_REPLACED, 1);
    }
}
END_TEST

START_TEST(a_changed_byte_is_found_though_more_is_wrong_later)
{
    come_well(places[_i]);
    change(1);
    memset(came.bytes + 20, 0, ROOM - 20);
    expect(1000, CHANGE_REPLACED, 1);
}
END_TEST

START_TEST(what_has_nothing_right_is_garbled)
{
    static const size_t windows[] = {32, 33, 100, 4096, ROOM - SURE};

    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        come_well(places[_i]);
        change(ROOM);
        expect(windows[i], CHANGE_GARBLED, 0);
        fill(came.bytes, ROOM, 3);
        expect(windows[i], CHANGE_GARBLED, 0);
        pattern_fill(pattern_key(8, 6142), came.place, came.bytes, ROOM);
        expect(windows[i], CHANGE_GARBLED, 0);
    }
}
END_TEST

START_TEST(a_shift_is_looked_for_no_further_than_64_kib)
{
    come_well(places[_i]);
    lose(SHIFT_MAX + 1);
    expect(1000, CHANGE_GARBLED, 0);
    come_well(places[_i]);
    add(SHIFT_MAX + 1);
    expect(ROOM - SURE, CHANGE_GARBLED, 0);
}
END_TEST

/* Whatever happened: of one byte nothing can be said, and of nine no more than
 * that two of them were swapped. */
START_TEST(too_few_bytes_tell_nothing)
{
    for (size_t window = 1; window < TELLING; window++) {
        come_well(places[_i]);
        lose(300);
        expect(window, CHANGE_UNKNOWN, 0);
        come_well(places[_i]);
        add(300);
        expect(window, CHANGE_UNKNOWN, 0);
        come_well(places[_i]);
        change(1);
        expect(window, CHANGE_UNKNOWN, 0);
        come_well(places[_i]);
        change(ROOM);
        expect(window, CHANGE_UNKNOWN, 0);
    }
    come_well(places[_i] + (at(places[_i]) == at(places[_i] + 1)));
    swap();
    expect(1, CHANGE_UNKNOWN, 0);
}
END_TEST

START_TEST(what_fits_nothing_is_not_given_a_name)
{
    for (size_t window = TELLING; window <= 20; window++) {
        come_well(places[_i]);
        add(window); /* the eight that would prove it are not there */
        expect(window, CHANGE_UNKNOWN, 0);
        come_well(places[_i]);
        change(ROOM);
        expect(window, CHANGE_UNKNOWN, 0);
    }
    come_well(places[_i]);
    change(5);
    expect(1000, CHANGE_UNKNOWN, 0);
}
END_TEST

/* Nothing beyond what came is looked at: the sanitizer and valgrind watch. */
static void diagnose_alone(size_t window)
{
    unsigned char *bytes = malloc(window);
    struct fault fault = {.kind = FAULT_CHANGED,
                          .offset = came.place,
                          .expected = at(came.place),
                          .got = came.bytes[0]};

    memcpy(bytes, came.bytes, window);
    fault_diagnose(&fault, key(), bytes, window);
    free(bytes);
    ck_assert_int_le(fault.change, CHANGE_GARBLED);
}

START_TEST(no_window_is_overrun)
{
    for (size_t window = 1; window <= 40; window++) {
        come_well(places[_i]);
        lose(window);
        diagnose_alone(window);
        come_well(places[_i]);
        add(window - 1);
        diagnose_alone(window);
        come_well(places[_i]);
        swap();
        diagnose_alone(window);
        come_well(places[_i]);
        change(window);
        diagnose_alone(window);
    }
}
END_TEST

static const struct {
    struct fault fault;
    const char *text;
} texts[] = {
    {{.kind = FAULT_CONNECT, .error = ECONNREFUSED}, "Connection refused"},
    {{.kind = FAULT_LOCAL, .error = EMFILE}, "Too many open files"},
    {{.kind = FAULT_LATE, .after_ms = 5000}, "nothing for 5 s"},
    {{.kind = FAULT_LATE, .after_ms = 1500, .offset = 9, .sent = 10},
     "nothing for 1.5 s with 1 byte missing"},
    {{.kind = FAULT_LATE, .after_ms = 1, .sent = 65536},
     "nothing for 0.001 s with 65536 bytes missing"},
    {{.kind = FAULT_RESET, .error = ECONNRESET, .offset = 12, .sent = 12},
     "Connection reset by peer after 12 bytes"},
    {{.kind = FAULT_RESET, .error = ECONNRESET, .offset = 12, .sent = 15},
     "Connection reset by peer after 12 bytes with 3 bytes missing"},
    {{.kind = FAULT_CLOSED}, "closed by the other side after 0 bytes"},
    {{.kind = FAULT_CLOSED, .offset = 4294967296, .sent = 4294967297},
     "closed by the other side after 4294967296 bytes with 1 byte missing"},
    {{.kind = FAULT_CHANGED,
      .change = CHANGE_REPLACED,
      .offset = 77,
      .sent = 99,
      .count = 1,
      .expected = 0x05,
      .got = 0xf0},
     "byte 77 changed: expected 0x05, got 0xf0"},
    {{.kind = FAULT_CHANGED, .change = CHANGE_LOST, .count = 1, .got = 1},
     "byte 0 changed: expected 0x00, got 0x01: 1 byte lost here"},
    {{.kind = FAULT_CHANGED, .change = CHANGE_LOST, .count = 512, .got = 1},
     "byte 0 changed: expected 0x00, got 0x01: 512 bytes lost here"},
    {{.kind = FAULT_CHANGED, .change = CHANGE_ADDED, .count = 1, .got = 1},
     "byte 0 changed: expected 0x00, got 0x01: 1 byte added here"},
    {{.kind = FAULT_CHANGED, .change = CHANGE_ADDED, .count = 2, .got = 1},
     "byte 0 changed: expected 0x00, got 0x01: 2 bytes added here"},
    {{.kind = FAULT_CHANGED, .change = CHANGE_REPEATED, .count = 1, .got = 1},
     "byte 0 changed: expected 0x00, got 0x01: 1 byte repeated here"},
    {{.kind = FAULT_CHANGED, .change = CHANGE_REPEATED, .count = 99, .got = 1},
     "byte 0 changed: expected 0x00, got 0x01: 99 bytes repeated here"},
    {{.kind = FAULT_CHANGED, .change = CHANGE_SWAPPED, .got = 1},
     "byte 0 changed: expected 0x00, got 0x01: swapped with the next"},
    {{.kind = FAULT_CHANGED, .change = CHANGE_GARBLED, .got = 1},
     "byte 0 changed: expected 0x00, got 0x01: none of what follows is right"},
    {{.kind = FAULT_CHANGED, .change = CHANGE_UNKNOWN, .sent = 1, .got = 1},
     "byte 0 changed: expected 0x00, got 0x01"},
    {{.kind = FAULT_EXTRA, .offset = 64, .sent = 64, .got = 10, .count = 1},
     "byte 64 was never sent: got 0x0a, and 0 more"},
    {{.kind = FAULT_EXTRA, .offset = 64, .sent = 64, .got = 10, .count = 8},
     "byte 64 was never sent: got 0x0a, and 7 more"},
};

START_TEST(every_fault_is_told_with_its_figures)
{
    char text[FAULT_TEXT_MAX];

    fault_text(&texts[_i].fault, text);
    ck_assert_str_eq(text, texts[_i].text);
}
END_TEST

START_TEST(every_kind_has_a_word_of_its_own)
{
    for (int kind = FAULT_NONE; kind < FAULT_KINDS; kind++) {
        const char *name = fault_name((enum fault_kind)kind);

        ck_assert_ptr_nonnull(name);
        ck_assert_uint_gt(strlen(name), 0);
        ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz"),
                          strlen(name));
        for (int other = FAULT_NONE; other < kind; other++)
            ck_assert_str_ne(name, fault_name((enum fault_kind)other));
    }
}
END_TEST

/* With the longest figures there are, and every errno's words. */
START_TEST(every_text_is_one_line_that_fits)
{
    for (int kind = FAULT_NONE; kind < FAULT_KINDS; kind++)
        for (int i = 0; i <= 140; i++) {
            struct fault fault = {
                .kind = (enum fault_kind)kind,
                .change = (enum fault_change)(i % (CHANGE_UNKNOWN + 1)),
                .expected = 255,
                .got = 255,
                .error = i,
                .after_ms = INT32_MAX,
                .offset = (uint64_t)1 << 63,
                .sent = UINT64_MAX,
                .count = UINT64_MAX};
            char text[FAULT_TEXT_MAX + 1];
            size_t length = 0;

            memset(text, 'x', sizeof text);
            fault_text(&fault, text);
            length = strnlen(text, sizeof text);
            ck_assert_uint_gt(length, 0);
            /* The last byte but one would be where it is cut off. */
            ck_assert_uint_lt(length, FAULT_TEXT_MAX - 1);
            ck_assert_int_eq(text[FAULT_TEXT_MAX], 'x');
            ck_assert_ptr_null(strchr(text, '\n'));
            ck_assert_int_ne(text[length - 1], '.');
        }
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, lost_bytes_are_counted, 0, PLACES);
    tcase_add_loop_test(tests, added_bytes_are_counted, 0, FEW);
    tcase_add_loop_test(tests, repeated_bytes_are_counted, 0, FEW);
    tcase_add_loop_test(tests, two_neighbours_that_changed_places_are_named, 0,
                        PLACES);
    tcase_add_loop_test(
        tests, two_that_were_swapped_are_followed_by_what_is_right, 0, FEW);
    tcase_add_loop_test(tests, one_byte_that_is_another_is_just_that, 0, FEW);
    tcase_add_loop_test(
        tests, a_changed_byte_is_found_though_more_is_wrong_later, 0, PLACES);
    tcase_add_loop_test(tests, what_has_nothing_right_is_garbled, 0, FEW);
    tcase_add_loop_test(tests, a_shift_is_looked_for_no_further_than_64_kib, 0,
                        FEW);
    tcase_add_loop_test(tests, too_few_bytes_tell_nothing, 0, PLACES);
    tcase_add_loop_test(tests, what_fits_nothing_is_not_given_a_name, 0, FEW);
    tcase_add_loop_test(tests, no_window_is_overrun, 0, 2);
    tcase_add_loop_test(tests, every_fault_is_told_with_its_figures, 0,
                        sizeof texts / sizeof texts[0]);
    tcase_add_test(tests, every_kind_has_a_word_of_its_own);
    tcase_add_test(tests, every_text_is_one_line_that_fits);
}
