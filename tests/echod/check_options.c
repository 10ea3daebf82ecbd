/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * options: the command line.
 */
#include "config.h"

#include "echod/options.h"
#include "tests/common/suite.h"

#include <limits.h>
#include <string.h>

const char suite_name[] = "options";

static struct options options;
static char errmsg[ERRMSG_MAX];

/* The words of one line, split at spaces; "''" is the empty word. */
static int parse(const char *line)
{
    static char copy[256]; /* options point into it */
    char *argv[100] = {(char *)"echod"};
    int argc = 1;

    strcpy(copy, line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
    *errmsg = '\0';
    return options_parse(&options, argc, argv, errmsg);
}

START_TEST(no_arguments_mean_the_defaults)
{
    ck_assert_int_eq(parse(""), 0);
    ck_assert_int_eq(options.action, OPTIONS_SERVE);
    ck_assert_uint_eq(options.max_clients, 0);
    ck_assert_uint_eq(options.max_per_host, 0);
    ck_assert_int_eq(options.ipv6_prefix, 64);
    ck_assert_int_eq(options.timeout_ms, 0);
    ck_assert_int_eq(options.grace_ms, 5000);
    ck_assert_int_eq(options.delay_ms, 0);
    ck_assert_ptr_null(options.user);
    ck_assert_ptr_null(options.group);
    ck_assert_uint_eq(options.mode, 0);
    ck_assert_int_eq(options.log, LOG_TEXT);
    ck_assert(!options.inetd && !options.verbose && !options.reuseport &&
              !options.timestamps);
    ck_assert_uint_eq(options.address_count, 1);
    ck_assert_str_eq(options.addresses[0].host, "127.0.0.1");
    ck_assert_str_eq(options.addresses[0].port, "6142");
}
END_TEST

START_TEST(short_and_long_options_mean_the_same)
{
    static const char *const lines[] = {
        "-c 5 -C 2 -t 1.5 -g 0 -d 20 -u me --group us -l json -v --reuseport "
        ":7 /x",
        ("--max-clients=5 --max-per-host=2 --timeout=1.5 --grace=0 --delay=20 "
         "--user=me --group=us --log=json --verbose --reuseport :7 /x"),
        ":7 -vljson --max-clients 5 -C2 -t1.500 -g0.0 -d20 -ume --gro=us "
        "--reuse /x"};

    ck_assert_int_eq(parse(lines[_i]), 0);
    ck_assert_uint_eq(options.max_clients, 5);
    ck_assert_uint_eq(options.max_per_host, 2);
    ck_assert_int_eq(options.timeout_ms, 1500);
    ck_assert_int_eq(options.grace_ms, 0);
    ck_assert_int_eq(options.delay_ms, 20);
    ck_assert_str_eq(options.user, "me");
    ck_assert_str_eq(options.group, "us");
    ck_assert_int_eq(options.log, LOG_JSON);
    ck_assert(options.verbose && options.reuseport);
    ck_assert_uint_eq(options.address_count, 2);
    ck_assert(options.addresses[1].is_path);
}
END_TEST

static const struct {
    const char *text;
    int ms;
} times[] = {{"0", 0},      {"1", 1000},   {"0.5", 500},
             {".25", 250},  {"2.", 2000},  {"0.0001", 1},
             {"0.0010", 1}, {"0.0011", 2}, {"1000000", 1000000000},
             {"0.0000", 0}};

START_TEST(seconds_may_have_fractions_and_never_round_to_zero)
{
    char line[64] = "--timeout=";

    ck_assert_int_eq(parse(strcat(line, times[_i].text)), 0);
    ck_assert_int_eq(options.timeout_ms, times[_i].ms);
}
END_TEST

static const struct {
    const char *line, *word;
} faults[] = {
    {"--timeout=5x", "5x"},
    {"--timeout=-1", "-1"},
    {"--timeout=", "--timeout="},
    {"--timeout=.", "."},
    {"--timeout=1e3", "1e3"},
    {"--timeout=0x10", "0x10"},
    {"--timeout=nan", "nan"},
    {"--timeout=inf", "inf"},
    {"--timeout=1.2.3", "1.2.3"},
    {"--timeout=1000000.1", "1000000.1"},
    {"--timeout=99999999999999999999999", "9999"},
    {"--grace=soon", "soon"},
    {"--max-clients=0", "0"},
    {"--max-clients=-5", "-5"},
    {"--max-clients=1.5", "1.5"},
    {"--max-clients=2147483648", "2147483648"},
    {"--max-clients=+4", "+4"},
    {"-c 4k", "4k"},
    {"-C 0", "--max-per-host=0"},
    {"-C none", "none"},
    {"--ipv6-prefix=0", "--ipv6-prefix=0"},
    {"--ipv6-prefix=129", "129"},
    {"--ipv6-prefix=/64", "/64"},
    {"--mode=", "--mode="},
    {"--mode=0", "--mode=0:"},
    {"--mode=444", "444"},
    {"--mode=680", "680"},
    {"--mode=1660", "1660"},
    {"--mode=-660", "-660"},
    {"--mode=0x1ff", "0x1ff"},
    {"--mode=u=rw", "u=rw"},
    {"--mode=777777777777777777777777", "7777"},
    {"-d 1.5", "1.5"},
    {"-d 3600001", "3600001"},
    {"--log=xml", "xml"},
    {"-l ''", "--log="},
    {"--bogus", "--bogus"},
    {"--max=4", "--max=4"},
    {"--inetd=5", "--inetd=5"},
    {"-z", "-z"},
    {"-vz", "-z"},
    {"--verbose -zv", "-z:"},
    {":7 -vzi", "-z:"},
    {"-t", "-t"},
    {"--user", "--user"},
    {"''", "empty"},
    {":99999", ":99999"},
    {":7 [::1", "[::1"},
    {"-i :7", ":7"},
};

START_TEST(an_error_names_the_faulty_word_in_one_line)
{
    ck_assert_int_eq(parse(faults[_i].line), -1);
    ck_assert_msg(strstr(errmsg, faults[_i].word) != NULL, "%s: %s",
                  faults[_i].line, errmsg);
    ck_assert_ptr_null(strchr(errmsg, '\n'));
}
END_TEST

START_TEST(the_prefix_of_ipv6_has_1_to_128_bits)
{
    ck_assert_int_eq(parse("--ipv6-prefix=1"), 0);
    ck_assert_int_eq(options.ipv6_prefix, 1);
    ck_assert_int_eq(parse("--ipv6-prefix 128"), 0);
    ck_assert_int_eq(options.ipv6_prefix, 128);
}
END_TEST

START_TEST(a_mode_is_octal)
{
    ck_assert_int_eq(parse("--mode=660"), 0);
    ck_assert_uint_eq(options.mode, 0660);
    ck_assert_int_eq(parse("--mode 0777"), 0);
    ck_assert_uint_eq(options.mode, 0777);
}
END_TEST

START_TEST(timestamps_are_asked_for)
{
    ck_assert_int_eq(parse("--timestamps"), 0);
    ck_assert(options.timestamps);
    ck_assert_int_eq(options.timeout_ms, 0);
}
END_TEST

START_TEST(too_many_addresses_are_an_error)
{
    char line[256] = "";

    for (int i = 0; i <= OPTIONS_ADDRESSES_MAX; i++)
        strcat(line, ":7 ");
    ck_assert_int_eq(parse(line), -1);
}
END_TEST

START_TEST(help_and_version_end_the_parsing)
{
    ck_assert_int_eq(parse("--help --bogus"), 0);
    ck_assert_int_eq(options.action, OPTIONS_HELP);
    ck_assert_int_eq(parse("-V :99999"), 0);
    ck_assert_int_eq(options.action, OPTIONS_VERSION);
}
END_TEST

START_TEST(words_after_two_dashes_are_addresses)
{
    ck_assert_int_eq(parse("-- -x:7"), 0);
    ck_assert_str_eq(options.addresses[0].host, "-x");
}
END_TEST

START_TEST(inetd_takes_no_address)
{
    ck_assert_int_eq(parse("-i"), 0);
    ck_assert(options.inetd);
    ck_assert_uint_eq(options.address_count, 0);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, no_arguments_mean_the_defaults);
    tcase_add_loop_test(tests, short_and_long_options_mean_the_same, 0, 3);
    tcase_add_loop_test(tests,
                        seconds_may_have_fractions_and_never_round_to_zero, 0,
                        sizeof times / sizeof times[0]);
    tcase_add_loop_test(tests, an_error_names_the_faulty_word_in_one_line, 0,
                        sizeof faults / sizeof faults[0]);
    tcase_add_test(tests, the_prefix_of_ipv6_has_1_to_128_bits);
    tcase_add_test(tests, a_mode_is_octal);
    tcase_add_test(tests, timestamps_are_asked_for);
    tcase_add_test(tests, too_many_addresses_are_an_error);
    tcase_add_test(tests, help_and_version_end_the_parsing);
    tcase_add_test(tests, words_after_two_dashes_are_addresses);
    tcase_add_test(tests, inetd_takes_no_address);
}
