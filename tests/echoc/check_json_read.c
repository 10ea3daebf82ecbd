/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * check_json_read: texts that are JSON, and texts that are not.
 */
#include "config.h"

#include "echoc/compare/json_read.h"
#include "tests/common/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char suite_name[] = "json_read";

static char errmsg[ERRMSG_MAX];

/* In memory of exactly its size, so that valgrind or a sanitizer notices a read
 * beyond the end. */
static char *copy_of(const char *text, size_t length)
{
    char *copy = malloc(length + 1);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static const char *const numbers[] = {"0",    "-0",  "1",    "-12",
                                      "1.5",  "1e3", "1E+3", "1.5e-3",
                                      "0.25", "120", " 7\t", "1e308"};

START_TEST(a_number_is_read)
{
    char *text = copy_of(numbers[_i], strlen(numbers[_i]));
    struct json_value *value = json_read(text, errmsg);

    ck_assert_msg(value != NULL, "%s: %s", numbers[_i], errmsg);
    ck_assert_int_eq(value->kind, JSON_NUMBER);
    ck_assert(value->number == strtod(numbers[_i], NULL));
    json_read_free(value);
    free(text);
}
END_TEST

static const struct {
    const char *json;
    const char *text;
} strings[] = {
    {"\"\"", ""},
    {"\"abc\"", "abc"},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
    {"\"\\u0041\\u00e9\\u20aC\"", "A\xc3\xa9\xe2\x82\xac"},
    {"\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!"},
    {"\"\xf0\x9f\x98\x80\xc3\xa9\"", "\xf0\x9f\x98\x80\xc3\xa9"},
    {"\"\xef\xbf\xbd\\uffff\"", "\xef\xbf\xbd\xef\xbf\xbf"},
};

START_TEST(a_string_is_read)
{
    char *text = copy_of(strings[_i].json, strlen(strings[_i].json));
    struct json_value *value = json_read(text, errmsg);

    ck_assert_msg(value != NULL, "%s: %s", strings[_i].json, errmsg);
    ck_assert_int_eq(value->kind, JSON_STRING);
    ck_assert_str_eq(value->text, strings[_i].text);
    json_read_free(value);
    free(text);
}
END_TEST

static const char nested[] = " { \"a\" : [ 1 , \"x\", [], {} ] ,\"b\":{\"c\": "
                             "null},\"d\":true , \"e\":false,\"f\":2.5}\n";

START_TEST(members_and_elements_are_found)
{
    char *text = copy_of(nested, strlen(nested));
    struct json_value *value = json_read(text, errmsg);
    const struct json_value *a = json_read_member(value, "a");
    const struct json_value *b = json_read_member(value, "b");

    ck_assert_msg(value != NULL, "%s", errmsg);
    ck_assert_int_eq(a->kind, JSON_ARRAY);
    ck_assert(a->first->number == 1);
    ck_assert_str_eq(a->first->next->text, "x");
    ck_assert_int_eq(a->first->next->next->kind, JSON_ARRAY);
    ck_assert_int_eq(a->first->next->next->next->kind, JSON_OBJECT);
    ck_assert_ptr_null(a->first->next->next->next->next);
    ck_assert_int_eq(json_read_member(b, "c")->kind, JSON_NULL);
    ck_assert_int_eq(json_read_member(value, "d")->kind, JSON_TRUE);
    ck_assert_int_eq(json_read_member(value, "e")->kind, JSON_FALSE);
    ck_assert(json_read_number(value, "f") == 2.5);
    ck_assert(isnan(json_read_number(value, "a")));
    ck_assert(isnan(json_read_number(value, "g")));
    ck_assert_ptr_null(json_read_text(value, "f"));
    ck_assert_ptr_null(json_read_member(a, "a"));
    ck_assert_ptr_null(json_read_member(NULL, "a"));
    json_read_free(value);
    free(text);
}
END_TEST

static const char *const wrong[] = {
    "",
    " ",
    "nul",
    "nullx",
    "True",
    "+1",
    "01",
    ".5",
    "1.",
    "1e",
    "1e+",
    "-",
    "0x10",
    "inf",
    "nan",
    "1e999",
    "1 2",
    "\"",
    "\"a",
    "\"\\",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\ud800\\n\"",
    "\"\\ud800\\u0041\"",
    "\"\\udc00\"",
    "\"\t\"",
    "\"\xff\"",
    "\"\xc0\xaf\"",
    "\"\xed\xa0\x80\"",
    "[",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "]",
    "{",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{a:1}",
    "{\"a\" 1}",
    "{1:1}",
    "{}{}",
    "[1}",
    "'a'",
    "// a\n1",
    "1,",
};

START_TEST(what_is_not_json_is_refused)
{
    char *text = copy_of(wrong[_i], strlen(wrong[_i]));
    struct json_value *value = json_read(text, errmsg);

    ck_assert_msg(value == NULL, "accepted: %s", wrong[_i]);
    ck_assert_msg(strncmp(errmsg, "column ", 7) == 0, "%s", errmsg);
    free(text);
}
END_TEST

START_TEST(levels_are_limited)
{
    char levels[2 * 33 + 1];

    for (size_t depth = 32; depth <= 33; depth++) {
        struct json_value *value = NULL;

        memset(levels, '[', depth);
        memset(levels + depth, ']', depth);
        levels[2 * depth] = '\0';
        value = json_read(levels, errmsg);
        ck_assert_int_eq(value != NULL, depth == 32);
        json_read_free(value);
    }
    ck_assert_str_eq(errmsg, "column 33: too many levels");
}
END_TEST

/* Each beginning of a text is refused, and each byte changed in every bit is
 * refused or read; neither may read beyond the end. */
START_TEST(a_damaged_text_does_no_harm)
{
    size_t length = strlen(nested) - 1;

    for (size_t i = 1; i < length; i++) {
        char *text = copy_of(nested, i);

        ck_assert_ptr_null(json_read(text, errmsg));
        free(text);
        for (int bit = 0; bit < 8; bit++) {
            text = copy_of(nested, length);
            text[i] = (char)(text[i] ^ 1 << bit);
            json_read_free(json_read(text, errmsg));
            free(text);
        }
    }
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_number_is_read, 0,
                        sizeof numbers / sizeof numbers[0]);
    tcase_add_loop_test(tests, a_string_is_read, 0,
                        sizeof strings / sizeof strings[0]);
    tcase_add_test(tests, members_and_elements_are_found);
    tcase_add_loop_test(tests, what_is_not_json_is_refused, 0,
                        sizeof wrong / sizeof wrong[0]);
    tcase_add_test(tests, levels_are_limited);
    tcase_add_test(tests, a_damaged_text_does_no_harm);
}
