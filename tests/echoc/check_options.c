/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * options: the command line of echoc.
 */
#include "config.h"

#include "echoc/options.h"
#include "tests/common/suite.h"

#include <arpa/inet.h>
#include <string.h>

const char suite_name[] = "client options";

static struct options options;
static char errmsg[ERRMSG_MAX];

/* Parse a line, split at spaces; '' stands for an empty argument. */
static int parse(const char *line)
{
    static char copy[4096]; /* options point into this */
    char *argv[100] = {(char *)"echoc"};
    int argc = 1;

    strcpy(copy, line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
    *errmsg = '\0';
    memset(&options, 0xa5, sizeof options); /* must all be overwritten */
    return options_parse(&options, argc, argv, errmsg);
}

static void expect_ok(const char *line)
{
    int result = parse(line);

    ck_assert_msg(result == 0, "%s: %s", line, errmsg);
}

static void expect_all_defaults(void)
{
    ck_assert_int_eq(options.family, AF_UNSPEC);
    ck_assert_int_eq(options.connect_timeout_ms, 5000);
    ck_assert_int_eq(options.reply_timeout_ms, 5000);
    ck_assert(!options.verify && !options.new_each);
    ck_assert(!options.json && !options.csv);
    ck_assert_uint_eq(options.count, 0);
    ck_assert_int_eq(options.interval_ms,
                     options.command == OPTIONS_LOAD ? 0 : 1000);
    ck_assert_uint_eq(options.size, 64);
    ck_assert_uint_eq(options.clients, 10);
    ck_assert_uint_eq(options.threads, 0);
    ck_assert_int_eq(options.time_ms,
                     options.command == OPTIONS_PING ? 0 : 10000);
    ck_assert(!options.quiet && !options.timestamps);
    ck_assert_double_eq(options.rate, 0);
    ck_assert_int_eq(options.mode, OPTIONS_ROUND_TRIPS);
    ck_assert_ptr_null(options.hgrm);
    ck_assert_ptr_null(options.plot);
    ck_assert_int_eq(options.idle_ms, 0);
    ck_assert_uint_eq(options.source_count, 0);
    ck_assert_int_eq(options.dscp, -1);
}

static void expect_address(const char *host, const char *port)
{
    ck_assert(!options.address.is_path);
    ck_assert_str_eq(options.address.host, host);
    ck_assert_str_eq(options.address.port, port);
}

static const struct {
    const char *line;
    enum options_command command;
} commands[] = {{"", OPTIONS_COPY},
                {"ping", OPTIONS_PING},
                {"load", OPTIONS_LOAD},
                {"check", OPTIONS_CHECK}};

START_TEST(without_options_there_are_defaults)
{
    expect_ok(commands[_i].line);
    ck_assert_int_eq(options.command, commands[_i].command);
    expect_all_defaults();
    expect_address("127.0.0.1", "6142");
}
END_TEST

START_TEST(all_commands_take_an_address_a_family_and_timeouts)
{
    char line[200];

    strcpy(line, commands[_i].line);
    expect_ok(strcat(line, " -4 --connect-timeout=1.5 --reply-timeout 0.25 "
                           "example.com:7"));
    ck_assert_int_eq(options.command, commands[_i].command);
    ck_assert_int_eq(options.family, AF_INET);
    ck_assert_int_eq(options.connect_timeout_ms, 1500);
    ck_assert_int_eq(options.reply_timeout_ms, 250);
    expect_address("example.com", "7");
    strcpy(line, commands[_i].line);
    expect_ok(strcat(line, " [::1]:7 -6w3"));
    ck_assert_int_eq(options.family, AF_INET6);
    ck_assert_int_eq(options.connect_timeout_ms, 3000);
    ck_assert_int_eq(options.reply_timeout_ms, 3000);
    expect_address("::1", "7");
}
END_TEST

START_TEST(all_commands_take_local_addresses_and_a_code_point)
{
    char line[200];

    strcpy(line, commands[_i].line);
    expect_ok(strcat(line, " --bind=127.0.0.2,::1 --dscp=46 h:7"));
    ck_assert_int_eq(options.command, commands[_i].command);
    ck_assert_uint_eq(options.source_count, 2);
    ck_assert_int_eq(options.sources[1].address.any.sa_family, AF_INET6);
    ck_assert_int_eq(options.dscp, 46);
    expect_address("h", "7");
}
END_TEST

static const struct {
    const char *text;
    int dscp;
} code_points[] = {{"0", 0},     {"63", 63},   {"EF", 46},   {"ef", 46},
                   {"LE", 1},    {"CS0", 0},   {"cs1", 8},   {"CS7", 56},
                   {"AF11", 10}, {"AF13", 14}, {"AF41", 34}, {"af43", 38}};

START_TEST(a_code_point_is_a_number_or_a_name)
{
    char line[200] = "ping --dscp=";

    expect_ok(strcat(line, code_points[_i].text));
    ck_assert_int_eq(options.dscp, code_points[_i].dscp);
}
END_TEST

START_TEST(the_last_of_several_timeouts_counts)
{
    expect_ok("--timeout=7 --connect-timeout=1");
    ck_assert_int_eq(options.connect_timeout_ms, 1000);
    ck_assert_int_eq(options.reply_timeout_ms, 7000);
    expect_ok("--reply-timeout=1 -w 7");
    ck_assert_int_eq(options.connect_timeout_ms, 7000);
    ck_assert_int_eq(options.reply_timeout_ms, 7000);
}
END_TEST

START_TEST(a_copy_takes_verify)
{
    expect_ok("--verify /run/echo");
    ck_assert_int_eq(options.command, OPTIONS_COPY);
    ck_assert(options.verify);
    ck_assert(options.address.is_path);
    ck_assert_str_eq(options.address.text, "/run/echo");
}
END_TEST

START_TEST(short_and_long_options_of_ping_mean_the_same)
{
    static const char *const lines[] = {
        "ping -n 5 -s 100 -i 0.2 -w 2 --new --json :7",
        "ping --count=5 --size=100 --interval=0.2 --timeout=2 --new --json :7",
        "ping :7 -n5 -s100 -i.2 -w2. --ne --js",
        "ping --count 5 :7 --size 100 --interval 0.200 --timeout 2 --js --new"};

    expect_ok(lines[_i]);
    ck_assert_int_eq(options.command, OPTIONS_PING);
    ck_assert_uint_eq(options.count, 5);
    ck_assert_uint_eq(options.size, 100);
    ck_assert_int_eq(options.interval_ms, 200);
    ck_assert_int_eq(options.connect_timeout_ms, 2000);
    ck_assert_int_eq(options.reply_timeout_ms, 2000);
    ck_assert(options.new_each && options.json);
    expect_address("", "7");
}
END_TEST

START_TEST(a_comparison_takes_two_files_and_a_margin)
{
    expect_ok("compare a --margin=2.5 b");
    ck_assert_int_eq(options.command, OPTIONS_COMPARE);
    ck_assert_str_eq(options.files[0], "a");
    ck_assert_str_eq(options.files[1], "b");
    ck_assert(options.margin == 2.5);
    expect_ok("compare a b");
    ck_assert(options.margin == 5);
    ck_assert_int_eq(parse("compare a"), -1);
    ck_assert_int_eq(parse("compare a b c"), -1);
    ck_assert_int_eq(parse("compare a b --json"), -1);
    ck_assert_str_eq(errmsg, "--json: not an option of compare");
    ck_assert_int_eq(parse("compare a b -6"), -1);
    ck_assert_str_eq(errmsg, "-6: not an option of compare");
}
END_TEST

START_TEST(a_load_takes_an_interval)
{
    expect_ok("load -i 0.25");
    ck_assert_int_eq(options.interval_ms, 250);
    expect_ok("load --interval=2 --json");
    ck_assert_int_eq(options.interval_ms, 2000);
    ck_assert_int_eq(parse("load -i 1 --csv"), -1);
    ck_assert_str_eq(errmsg, "--interval and --csv exclude each other");
}
END_TEST

START_TEST(ping_takes_a_count_with_c_a_time_and_what_to_print)
{
    expect_ok("ping -c 5 -T 9 -q -D");
    ck_assert_uint_eq(options.count, 5);
    ck_assert_int_eq(options.time_ms, 9000);
    ck_assert(options.quiet && options.timestamps);
    ck_assert_uint_eq(options.clients, 10);
}
END_TEST

START_TEST(an_interval_may_be_zero)
{
    expect_ok("ping -i 0");
    ck_assert_int_eq(options.interval_ms, 0);
    expect_ok("ping -i 0.0001");
    ck_assert_int_eq(options.interval_ms, 1);
}
END_TEST

START_TEST(short_and_long_options_of_load_mean_the_same)
{
    static const char *const lines[] = {
        ("load -c 500 -T 1.5 -s 32 --churn --rate 1000 --threads 2 --csv "
         "--hgrm a --plot b --bind 127.0.0.2,::1 h:7"),
        ("load --clients=500 --time=1.5 --size=32 --churn --rate=1000 "
         "--threads=2 --csv --hgrm=a --plot=b --bind=127.0.0.2 --bind=::1 h:7"),
        ("load h:7 -c500 -T1.500 -s32 --chu --ra=1000 --th=2 --cs "
         "--hg=a --pl=b --bi=127.0.0.2,::1")};

    expect_ok(lines[_i]);
    ck_assert_int_eq(options.command, OPTIONS_LOAD);
    ck_assert_uint_eq(options.clients, 500);
    ck_assert_int_eq(options.time_ms, 1500);
    ck_assert_uint_eq(options.size, 32);
    ck_assert_int_eq(options.mode, OPTIONS_CHURN);
    ck_assert_double_eq(options.rate, 1000);
    ck_assert_uint_eq(options.threads, 2);
    ck_assert(options.csv && !options.json);
    ck_assert_str_eq(options.hgrm, "a");
    ck_assert_str_eq(options.plot, "b");
    ck_assert_uint_eq(options.source_count, 2);
    ck_assert_int_eq(options.sources[0].address.any.sa_family, AF_INET);
    ck_assert_uint_eq(options.sources[0].length, sizeof(struct sockaddr_in));
    ck_assert_uint_eq(options.sources[0].address.in.sin_addr.s_addr,
                      htonl(0x7f000002));
    ck_assert_uint_eq(options.sources[0].address.in.sin_port, 0);
    ck_assert_int_eq(options.sources[1].address.any.sa_family, AF_INET6);
    ck_assert_uint_eq(options.sources[1].length, sizeof(struct sockaddr_in6));
    ck_assert(IN6_IS_ADDR_LOOPBACK(&options.sources[1].address.in6.sin6_addr));
    ck_assert_uint_eq(options.sources[1].address.in6.sin6_port, 0);
    expect_address("h", "7");
}
END_TEST

START_TEST(load_has_one_mode_which_may_be_repeated)
{
    expect_ok("load --stream");
    ck_assert_int_eq(options.mode, OPTIONS_STREAM);
    ck_assert_uint_eq(options.size, 262144);
    expect_ok("load --stream --size=64");
    ck_assert_uint_eq(options.size, 64);
    expect_ok("load --churn --churn");
    ck_assert_int_eq(options.mode, OPTIONS_CHURN);
    ck_assert_uint_eq(options.size, 64);
    expect_ok("load --hold");
    ck_assert_int_eq(options.mode, OPTIONS_HOLD);
}
END_TEST

START_TEST(compatible_options_can_be_combined)
{
    expect_ok("load --churn --count=5");
    ck_assert_uint_eq(options.count, 5);
    expect_ok("load --stream --count=5 --json");
    expect_ok("load --hold --time=3 --csv --plot=x --hgrm=y");
    expect_ok("load --rate=5 --count=5");
    expect_ok("load --rate=5 --churn --time=1");
}
END_TEST

START_TEST(a_size_may_have_a_suffix)
{
    expect_ok("ping -s 64KiB");
    ck_assert_uint_eq(options.size, 65536);
    expect_ok("load --stream --size=1k");
    ck_assert_uint_eq(options.size, 1024);
    expect_ok("load -s2MB");
    ck_assert_uint_eq(options.size, 2000000);
}
END_TEST

START_TEST(a_rate_may_have_a_fraction)
{
    expect_ok("load --rate=0.5");
    ck_assert_double_eq(options.rate, 0.5);
    expect_ok("load --rate 1500.25");
    ck_assert_double_eq(options.rate, 1500.25);
    expect_ok("load --rate=0.001");
    ck_assert_double_eq(options.rate, 0.001);
}
END_TEST

START_TEST(check_takes_clients_explain_idle_and_json)
{
    expect_ok("check -c 3 --explain --idle=0.5 --json h");
    ck_assert(options.explain);
    ck_assert_int_eq(options.command, OPTIONS_CHECK);
    ck_assert_uint_eq(options.clients, 3);
    ck_assert_int_eq(options.idle_ms, 500);
    ck_assert(options.json);
    expect_address("h", "6142");
}
END_TEST

START_TEST(the_largest_values_are_accepted)
{
    expect_ok("load --count=1000000000000 --size=1073741824 "
              "--clients=1000000 --rate=1000000000 --threads=1024");
    ck_assert_uint_eq(options.count, UINT64_C(1000000000000));
    ck_assert_uint_eq(options.size, 1073741824);
    ck_assert_uint_eq(options.clients, 1000000);
    ck_assert_double_eq(options.rate, 1000000000);
    ck_assert_uint_eq(options.threads, 1024);
    expect_ok("load --time=1000000 --timeout=1000000");
    ck_assert_int_eq(options.time_ms, 1000000000);
    ck_assert_int_eq(options.reply_timeout_ms, 1000000000);
    expect_ok("load --time=0.0001");
    ck_assert_int_eq(options.time_ms, 1);
}
END_TEST

static void repeat_sources(char *line, int times)
{
    strcpy(line, "load --bind=127.0.0.1");
    for (int i = 1; i < times; i++)
        strcat(line, i % 5 == 0 ? " --bind ::1" : ",127.0.0.1");
}

START_TEST(the_number_of_sources_is_limited)
{
    char line[4096];

    repeat_sources(line, OPTIONS_SOURCES_MAX);
    expect_ok(line);
    ck_assert_uint_eq(options.source_count, OPTIONS_SOURCES_MAX);
    repeat_sources(line, OPTIONS_SOURCES_MAX + 1);
    ck_assert_int_eq(parse(line), -1);
    ck_assert_ptr_nonnull(strstr(errmsg, "--bind"));
    ck_assert_ptr_nonnull(strstr(errmsg, "64"));
}
END_TEST

static const struct {
    const char *line, *host, *port;
    enum options_command command;
} hosts[] = {
    {"ping:7", "ping", "7", OPTIONS_COPY},
    {"load:echo", "load", "echo", OPTIONS_COPY},
    {"-- ping", "ping", "6142", OPTIONS_COPY},
    {"-- check:7", "check", "7", OPTIONS_COPY},
    {"ping ping", "ping", "6142", OPTIONS_PING},
    {"ping load", "load", "6142", OPTIONS_PING},
    {"load -- check", "check", "6142", OPTIONS_LOAD},
    {"check -c 2 load:7", "load", "7", OPTIONS_CHECK},
    {"pin", "pin", "6142", OPTIONS_COPY},
    {"pings", "pings", "6142", OPTIONS_COPY},
    {"PING", "PING", "6142", OPTIONS_COPY},
    {"-4 -- ping", "ping", "6142", OPTIONS_COPY},
    {"ping -- -x:7", "-x", "7", OPTIONS_PING},
};

START_TEST(a_host_may_have_the_name_of_a_command)
{
    expect_ok(hosts[_i].line);
    ck_assert_int_eq(options.command, hosts[_i].command);
    expect_address(hosts[_i].host, hosts[_i].port);
}
END_TEST

START_TEST(a_path_may_have_the_name_of_a_command)
{
    expect_ok("./ping");
    ck_assert_int_eq(options.command, OPTIONS_COPY);
    ck_assert(options.address.is_path);
    expect_ok("load ./load");
    ck_assert_int_eq(options.command, OPTIONS_LOAD);
    ck_assert(options.address.is_path);
}
END_TEST

START_TEST(help_and_version_ignore_the_rest)
{
    static const struct {
        const char *line;
        enum options_command command;
    } lines[] = {{"--help --bogus", OPTIONS_HELP},
                 {"-h", OPTIONS_HELP},
                 {"ping -h :99999", OPTIONS_HELP},
                 {"load --json --csv --help", OPTIONS_HELP},
                 {"check --version --help", OPTIONS_VERSION},
                 {"-V :99999", OPTIONS_VERSION}};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        expect_ok(lines[i].line);
        ck_assert_int_eq(options.command, lines[i].command);
    }
}
END_TEST

static const struct {
    const char *line, *word;
} errors[] = {
    /* Unknown options, missing values and values not allowed. */
    {"--bogus", "--bogus"},
    {"-z", "-z"},
    {"-4z", "-z:"},
    {"ping -46zh", "-z:"},
    {"ping :7 --bogus", "--bogus"},
    {"load --c=5", "--c=5"},
    {"load --h", "--h"},
    {"--verify=yes", "--verify=yes"},
    {"ping --new=1", "--new=1"},
    {"load --csv=", "--csv="},
    {"-w", "-w"},
    {"ping --count", "--count"},
    {"ping -4n", "-4n"},
    {"load --bind", "--bind"},
    {"load --plot", "--plot"},

    /* Options of other commands. */
    {"--json", "--json"},
    {"-n 5", "--count"},
    {"-n5", "--count"},
    {"-4n5", "--count"},
    {"--size=5", "--size"},
    {"--clients 5 :7", "--clients"},
    {":7 --idle=5", "--idle"},
    {"ping --verify", "--verify"},
    {"ping --rate=5", "--rate"},
    {"ping --stream", "--stream"},
    {"ping --churn", "--churn"},
    {"ping --hold", "--hold"},
    {"ping --threads=1", "--threads"},
    {"ping --csv", "--csv"},
    {"ping --hgrm=x", "--hgrm"},
    {"ping --plot=x", "--plot"},
    {"ping --idle=1", "--idle"},
    {"load --verify", "--verify"},
    {"load --new", "--new"},
    {"load --idle=1", "--idle"},
    {"load --explain", "--explain"},
    {"check --verify", "--verify"},
    {"check -n 5", "--count"},
    {"check -s 5", "--size"},
    {"check -i 5", "--interval"},
    {"check --new", "--new"},
    {"check -T 5", "--time"},
    {"check --csv", "--csv"},
    {"check --plot=x", "--plot"},
    {"check --plo=x", "--plot"},
    {"-c 5", "without a command"},

    /* Numbers. */
    {"ping -n 0", "--count=0"},
    {"ping --count=-1", "--count=-1"},
    {"ping --count=1000000000001", "1000000000001"},
    {"ping --count=1k", "1k"},
    {"ping -n ''", "--count="},
    {"ping -s 0", "--size=0"},
    {"ping --size=1073741825", "1073741825"},
    {"ping -s 64.0", "64.0"},
    {"ping -s 2g", "2g"},
    {"ping -s 64kb", "64kb"},
    {"ping -s 18446744073709551617", "18446744073709551617"},
    {"load -c 0", "--clients=0"},
    {"load -c 1000001", "1000001"},
    {"check -c many", "many"},
    {"load --rate=0", "--rate=0"},
    {"load --rate=1000000001", "1000000001"},
    {"load --rate=0.0009", "0.0009"},
    {"load --rate=1k", "1k"},
    {"load --threads=0", "--threads=0"},
    {"load --threads=1025", "1025"},

    /* Times. */
    {"-w 0", "--timeout=0"},
    {"-w 5s", "5s"},
    {"--timeout=-1", "-1"},
    {"--timeout=", "--timeout="},
    {"--connect-timeout=0", "--connect-timeout=0"},
    {"--connect-timeout=nan", "nan"},
    {"--reply-timeout=0.000", "--reply-timeout=0.000"},
    {"--reply-timeout=1000001", "1000001"},
    {"ping -i -1", "--interval=-1"},
    {"ping -i .", "--interval=."},
    {"load -T 0", "--time=0"},
    {"load --time=1e3", "1e3"},
    {"check --idle=0", "--idle=0"},
    {"check --idle=soon", "soon"},

    /* Sources. */
    {"load --bind=localhost", "localhost"},
    {"load --bind ''", "--bind="},
    {"load --bind=127.0.0.1,", "--bind="},
    {"load --bind=127.0.0.1,,::1", "--bind="},
    {"load --bind=127.0.0.1:7", "127.0.0.1:7"},
    {"load --bind=[::1]", "[::1]"},
    {"load --bind=127.0.0.1,300.0.0.1,::1", "300.0.0.1"},
    {"load --bind=1234567890123456789012345678901234567890123456789",
     "1234567890123456789012345678901234567890123456789"},

    /* Code points. */
    {"--dscp=64", "--dscp=64"},
    {"ping --dscp ''", "--dscp="},
    {"load --dscp=-1", "--dscp=-1"},
    {"check --dscp=0x2e", "--dscp=0x2e"},
    {"--dscp=CS8", "CS8"},
    {"--dscp=AF14", "AF14"},
    {"--dscp=AF10", "AF10"},
    {"--dscp=AF51", "AF51"},
    {"--dscp=EFF", "EFF"},

    /* Combinations. */
    {"load --json --csv", "--json and --csv"},
    {"load --csv --json", "--json and --csv"},
    {"load --time=5 --count=5", "--time and --count"},
    {"load -n5 -T5", "--time and --count"},
    {"load --stream --churn", "--stream"},
    {"load --churn --hold", "--hold"},
    {"load --hold --stream", "--hold"},
    {"load --rate=5 --stream", "--rate"},
    {"load --hold --rate=5", "--rate"},
    {"load --hold --count=5", "--count"},

    /* Addresses. */
    {"''", "empty"},
    {":99999", ":99999"},
    {"ping [::1", "[::1"},
    {":7 :8", ":8"},
    {"h ping", "ping"},
    {"-4 ping", "the command must be the first argument"},
    {"-4 load :7", "the command must be the first argument"},
    {"check h load", "load"},
    {"load :7 -- -4", "-4"},
    {"-4 /run/echo", "/run/echo"},
    {"load ./echo -6", "./echo"},
    {"load ./echo --bind=::1", "--bind"},
    {"--dscp=EF ./echo", "--dscp"},
};

START_TEST(an_error_names_the_wrong_word_in_one_line)
{
    ck_assert_msg(parse(errors[_i].line) == -1, "accepted: %s",
                  errors[_i].line);
    ck_assert_msg(strstr(errmsg, errors[_i].word) != NULL, "%s: %s",
                  errors[_i].line, errmsg);
    ck_assert_ptr_null(strchr(errmsg, '\n'));
}
END_TEST

START_TEST(a_long_word_does_not_overrun_errmsg)
{
    char line[2000] = "--";

    memset(line + 2, 'x', sizeof line - 3);
    line[sizeof line - 1] = '\0';
    ck_assert_int_eq(parse(line), -1);
    ck_assert_uint_lt(strnlen(errmsg, sizeof errmsg), sizeof errmsg);
    line[0] = 'h';
    line[1] = 'h';
    ck_assert_int_eq(parse(line), -1);
    ck_assert_uint_lt(strnlen(errmsg, sizeof errmsg), sizeof errmsg);
}
END_TEST

/* Neither a success nor an error leaves state behind, as in getopt_long(3). */
START_TEST(parsing_twice_is_independent)
{
    expect_ok("load -4 -w9 -c9 -T9 -s9 --rate=9 --churn --bind=::1 --csv "
              "--threads=9 --hgrm=x --plot=y h:9");
    expect_ok("");
    ck_assert_int_eq(options.command, OPTIONS_COPY);
    expect_all_defaults();
    ck_assert_int_eq(parse("ping -4zzz --json"), -1);
    expect_ok("load");
    expect_all_defaults();
}
END_TEST

START_TEST(help_has_every_option_in_80_columns)
{
    static const char *const words[] = {
        "ping",       "load",      "check",     "--connect-timeout",
        "--verify",   "--timeout", "--help",    "--reply-timeout",
        "--version",  "--json",    "--count",   "--size",
        "--interval", "--new",     "--clients", "--time",
        "--rate",     "--stream",  "--churn",   "--hold",
        "--bind",     "--threads", "--csv",     "--hgrm",
        "--plot",     "--idle",    "--dscp",    "-4",
        "-6"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        ck_assert_msg(strstr(options_help, words[i]) != NULL, "%s missing",
                      words[i]);
    for (const char *line = options_help; *line != '\0';) {
        size_t length = strcspn(line, "\n");

        ck_assert_msg(length <= 80, "%zu columns: %.*s", length, (int)length,
                      line);
        ck_assert_int_eq(line[length], '\n');
        line += length + 1;
    }
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, without_options_there_are_defaults, 0, 4);
    tcase_add_loop_test(
        tests, all_commands_take_an_address_a_family_and_timeouts, 0, 4);
    tcase_add_loop_test(
        tests, all_commands_take_local_addresses_and_a_code_point, 0, 4);
    tcase_add_loop_test(tests, a_code_point_is_a_number_or_a_name, 0,
                        sizeof code_points / sizeof code_points[0]);
    tcase_add_test(tests, the_last_of_several_timeouts_counts);
    tcase_add_test(tests, a_copy_takes_verify);
    tcase_add_loop_test(tests, short_and_long_options_of_ping_mean_the_same, 0,
                        4);
    tcase_add_test(tests, a_comparison_takes_two_files_and_a_margin);
    tcase_add_test(tests, a_load_takes_an_interval);
    tcase_add_test(tests, ping_takes_a_count_with_c_a_time_and_what_to_print);
    tcase_add_test(tests, an_interval_may_be_zero);
    tcase_add_loop_test(tests, short_and_long_options_of_load_mean_the_same, 0,
                        3);
    tcase_add_test(tests, load_has_one_mode_which_may_be_repeated);
    tcase_add_test(tests, compatible_options_can_be_combined);
    tcase_add_test(tests, a_size_may_have_a_suffix);
    tcase_add_test(tests, a_rate_may_have_a_fraction);
    tcase_add_test(tests, check_takes_clients_explain_idle_and_json);
    tcase_add_test(tests, the_largest_values_are_accepted);
    tcase_add_test(tests, the_number_of_sources_is_limited);
    tcase_add_loop_test(tests, a_host_may_have_the_name_of_a_command, 0,
                        sizeof hosts / sizeof hosts[0]);
    tcase_add_test(tests, a_path_may_have_the_name_of_a_command);
    tcase_add_test(tests, help_and_version_ignore_the_rest);
    tcase_add_loop_test(tests, an_error_names_the_wrong_word_in_one_line, 0,
                        sizeof errors / sizeof errors[0]);
    tcase_add_test(tests, a_long_word_does_not_overrun_errmsg);
    tcase_add_test(tests, parsing_twice_is_independent);
    tcase_add_test(tests, help_has_every_option_in_80_columns);
}
