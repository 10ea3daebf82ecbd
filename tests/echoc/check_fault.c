/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * fault: the diagnosis of damaged bytes, and the text of every fault.
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

/* MATCH_BYTES and SHIFT_MAX as in fault.c. A diagnosis other than a swap needs
 * WINDOW_MIN bytes. */
enum {
    SHIFT_MAX = 65536,
    SIZE = 2 * SHIFT_MAX,
    MATCH_BYTES = 8,
    WINDOW_MIN = 2 + MATCH_BYTES
};

/* Slow tests use only the first few. */
static const uint64_t offsets[] = {
    0, 1000,  UINT64_C(0xfffffffd),    UINT64_MAX - 4 * (uint64_t)SIZE, 1, 7,
    8, 65539, (UINT64_C(1) << 40) + 5, UINT64_C(0x7ffffffffffffffd)};

static const size_t counts[] = {1,   2,   3,    7,    8,     9,    10,
                                100, 511, 4096, 8192, 65535, 65536};

enum {
    OFFSETS = sizeof offsets / sizeof offsets[0],
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

/* What was received from base on; it may be damaged by the functions below. */
static uint64_t base;
static unsigned char received[SIZE];

static void receive(uint64_t offset)
{
    base = offset;
    pattern_fill(key(), offset, received, SIZE);
}

static void lose(size_t count)
{
    pattern_fill(key(), base + count, received, SIZE);
}

static void add(size_t count)
{
    fill(received, count, count);
    pattern_fill(key(), base, received + count, SIZE - count);
}

static void repeat(size_t count)
{
    pattern_fill(key(), base - count, received, SIZE);
}

static void swap(void)
{
    unsigned char first = received[0];

    received[0] = received[1];
    received[1] = first;
}

static void alter(size_t count)
{
    for (size_t i = 0; i < count; i++)
        received[i] ^= (unsigned char)(1 + i % 255);
}

/* Diagnose, as a connection does, from the first wrong byte on, with `window`
 * bytes received from there. */
static struct fault diagnose(size_t window)
{
    struct fault fault = {.kind = FAULT_CHANGED};
    size_t correct = pattern_match(key(), base, received, SIZE);

    ck_assert_uint_lt(correct, MATCH_BYTES);
    fault.offset = base + correct;
    fault.expected = at(fault.offset);
    fault.got = received[correct];
    fault_diagnose(&fault, key(), received + correct, window);
    ck_assert(fault.kind == FAULT_CHANGED && fault.offset == base + correct &&
              fault.expected == at(fault.offset) &&
              fault.got == received[correct]);
    return fault;
}

static void expect(size_t window, enum fault_change change, size_t count)
{
    struct fault fault = diagnose(window);

    ck_assert_msg(fault.change == change,
                  "change %d, not %d, of %zu at %" PRIu64 ", window %zu",
                  (int)fault.change, (int)change, count, base, window);
    if (count > 0)
        ck_assert_uint_eq(fault.count, count);
}

START_TEST(lost_bytes_are_counted)
{
    for (size_t i = 0; i < COUNTS; i++) {
        receive(offsets[_i]);
        lose(counts[i]);
        for (size_t window = WINDOW_MIN; window <= 20; window++)
            expect(window, CHANGE_LOST, counts[i]);
        expect(1000, CHANGE_LOST, counts[i]);
        expect(SHIFT_MAX, CHANGE_LOST, counts[i]);
    }
}
END_TEST

/* MATCH_BYTES correct ones must follow the added bytes. */
START_TEST(added_bytes_are_counted)
{
    for (size_t i = 0; i < COUNTS; i++) {
        size_t smallest = counts[i] + MATCH_BYTES > WINDOW_MIN
                              ? counts[i] + MATCH_BYTES
                              : WINDOW_MIN;

        receive(offsets[_i]);
        add(counts[i]);
        for (size_t window = smallest; window <= smallest + 3; window++)
            expect(window, CHANGE_ADDED, counts[i]);
        expect(smallest + 30000, CHANGE_ADDED, counts[i]);
    }
}
END_TEST

START_TEST(repeated_bytes_are_counted)
{
    for (size_t i = 0; i < COUNTS; i++) {
        size_t smallest = counts[i] + MATCH_BYTES > WINDOW_MIN
                              ? counts[i] + MATCH_BYTES
                              : WINDOW_MIN;

        if (counts[i] > offsets[_i])
            continue;
        receive(offsets[_i]);
        repeat(counts[i]);
        for (size_t window = smallest; window <= smallest + 3; window++)
            expect(window, CHANGE_REPEATED, counts[i]);
        expect(smallest + 30000, CHANGE_REPEATED, counts[i]);
    }
}
END_TEST

START_TEST(swapped_bytes_are_recognised)
{
    for (uint64_t offset = offsets[_i]; offset < offsets[_i] + 20; offset++) {
        if (at(offset) == at(offset + 1))
            continue;
        receive(offset);
        swap();
        for (size_t window = 2; window <= 20; window++)
            expect(window, CHANGE_SWAPPED, 0);
        expect(SHIFT_MAX, CHANGE_SWAPPED, 0);
    }
}
END_TEST

START_TEST(wrong_bytes_after_a_swap_rule_it_out)
{
    for (size_t wrong = 2; wrong < 10; wrong++) {
        receive(offsets[_i] + (at(offsets[_i]) == at(offsets[_i] + 1)));
        swap();
        received[wrong] ^= 1;
        expect(wrong, CHANGE_SWAPPED, 0);
        expect(wrong + 1, CHANGE_UNKNOWN, 0);
        expect(100, CHANGE_UNKNOWN, 0);
    }
}
END_TEST

START_TEST(a_single_replaced_byte_is_recognised)
{
    for (unsigned flip = 1; flip < 256; flip += 2) {
        receive(offsets[_i]);
        received[0] ^= (unsigned char)flip;
        for (size_t window = WINDOW_MIN; window <= 20; window++)
            expect(window, CHANGE_REPLACED, 1);
        expect(SHIFT_MAX, CHANGE_REPLACED, 1);
    }
}
END_TEST

START_TEST(later_damage_does_not_hide_a_replaced_byte)
{
    receive(offsets[_i]);
    alter(1);
    memset(received + 20, 0, SIZE - 20);
    expect(1000, CHANGE_REPLACED, 1);
}
END_TEST

START_TEST(bytes_that_are_all_wrong_are_garbled)
{
    static const size_t windows[] = {32, 33, 100, 4096, SIZE - MATCH_BYTES};

    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        receive(offsets[_i]);
        alter(SIZE);
        expect(windows[i], CHANGE_GARBLED, 0);
        fill(received, SIZE, 3);
        expect(windows[i], CHANGE_GARBLED, 0);
        pattern_fill(pattern_key(8, 6142), base, received, SIZE);
        expect(windows[i], CHANGE_GARBLED, 0);
    }
}
END_TEST

START_TEST(a_shift_beyond_64_kib_is_not_found)
{
    receive(offsets[_i]);
    lose(SHIFT_MAX + 1);
    expect(1000, CHANGE_GARBLED, 0);
    receive(offsets[_i]);
    add(SHIFT_MAX + 1);
    expect(SIZE - MATCH_BYTES, CHANGE_GARBLED, 0);
}
END_TEST

/* Fewer than WINDOW_MIN bytes can only show a swap, and one byte nothing. */
START_TEST(too_few_bytes_give_no_diagnosis)
{
    for (size_t window = 1; window < WINDOW_MIN; window++) {
        receive(offsets[_i]);
        lose(300);
        expect(window, CHANGE_UNKNOWN, 0);
        receive(offsets[_i]);
        add(300);
        expect(window, CHANGE_UNKNOWN, 0);
        receive(offsets[_i]);
        alter(1);
        expect(window, CHANGE_UNKNOWN, 0);
        receive(offsets[_i]);
        alter(SIZE);
        expect(window, CHANGE_UNKNOWN, 0);
    }
    receive(offsets[_i] + (at(offsets[_i]) == at(offsets[_i] + 1)));
    swap();
    expect(1, CHANGE_UNKNOWN, 0);
}
END_TEST

START_TEST(other_damage_gives_no_diagnosis)
{
    for (size_t window = WINDOW_MIN; window <= 20; window++) {
        receive(offsets[_i]);
        add(window); /* without correct bytes after it */
        expect(window, CHANGE_UNKNOWN, 0);
        receive(offsets[_i]);
        alter(SIZE);
        expect(window, CHANGE_UNKNOWN, 0);
    }
    receive(offsets[_i]);
    alter(5);
    expect(1000, CHANGE_UNKNOWN, 0);
}
END_TEST

/* On the heap, so that a sanitizer or valgrind notices a read too far. */
static void diagnose_on_heap(size_t window)
{
    unsigned char *bytes = malloc(window);
    struct fault fault = {.kind = FAULT_CHANGED,
                          .offset = base,
                          .expected = at(base),
                          .got = received[0]};

    memcpy(bytes, received, window);
    fault_diagnose(&fault, key(), bytes, window);
    free(bytes);
    ck_assert_int_le(fault.change, CHANGE_GARBLED);
}

START_TEST(nothing_beyond_the_window_is_read)
{
    for (size_t window = 1; window <= 40; window++) {
        receive(offsets[_i]);
        lose(window);
        diagnose_on_heap(window);
        receive(offsets[_i]);
        add(window - 1);
        diagnose_on_heap(window);
        receive(offsets[_i]);
        swap();
        diagnose_on_heap(window);
        receive(offsets[_i]);
        alter(window);
        diagnose_on_heap(window);
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
    {{.kind = FAULT_LATE,
      .is_slow = true,
      .after_ms = 5049,
      .offset = 9,
      .sent = 10},
     "1 byte missing after 5.0 s"},
    {{.kind = FAULT_LATE, .is_slow = true, .after_ms = 12300, .sent = 65536},
     "65536 bytes missing after 12.3 s"},
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

START_TEST(the_text_of_a_fault_has_its_numbers)
{
    char text[FAULT_TEXT_MAX];

    fault_text(&texts[_i].fault, text);
    ck_assert_str_eq(text, texts[_i].text);
}
END_TEST

START_TEST(every_kind_has_its_own_name)
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

/* With the largest numbers, and the text of every errno. */
START_TEST(every_text_is_one_line_that_fits)
{
    for (int kind = FAULT_NONE; kind < FAULT_KINDS; kind++)
        for (int i = 0; i <= 140; i++) {
            struct fault fault = {
                .kind = (enum fault_kind)kind,
                .change = (enum fault_change)(i % (CHANGE_GARBLED + 1)),
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
            /* A text that was cut off would be this long. */
            ck_assert_uint_lt(length, FAULT_TEXT_MAX - 1);
            ck_assert_int_eq(text[FAULT_TEXT_MAX], 'x');
            ck_assert_ptr_null(strchr(text, '\n'));
            ck_assert_int_ne(text[length - 1], '.');
        }
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, lost_bytes_are_counted, 0, OFFSETS);
    tcase_add_loop_test(tests, added_bytes_are_counted, 0, FEW);
    tcase_add_loop_test(tests, repeated_bytes_are_counted, 0, FEW);
    tcase_add_loop_test(tests, swapped_bytes_are_recognised, 0, OFFSETS);
    tcase_add_loop_test(tests, wrong_bytes_after_a_swap_rule_it_out, 0, FEW);
    tcase_add_loop_test(tests, a_single_replaced_byte_is_recognised, 0, FEW);
    tcase_add_loop_test(tests, later_damage_does_not_hide_a_replaced_byte, 0,
                        OFFSETS);
    tcase_add_loop_test(tests, bytes_that_are_all_wrong_are_garbled, 0, FEW);
    tcase_add_loop_test(tests, a_shift_beyond_64_kib_is_not_found, 0, FEW);
    tcase_add_loop_test(tests, too_few_bytes_give_no_diagnosis, 0, OFFSETS);
    tcase_add_loop_test(tests, other_damage_gives_no_diagnosis, 0, FEW);
    tcase_add_loop_test(tests, nothing_beyond_the_window_is_read, 0, 2);
    tcase_add_loop_test(tests, the_text_of_a_fault_has_its_numbers, 0,
                        sizeof texts / sizeof texts[0]);
    tcase_add_test(tests, every_kind_has_its_own_name);
    tcase_add_test(tests, every_text_is_one_line_that_fits);
}
