/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * options_table: the options of echoc, for the compiler and for people.
 *
 * One row describes every option: the commands that take it, its names, the
 * kind of value, the field it sets and the range.
 */
#include "config.h"

#include "echoc/options_table.h"

#include <string.h>
#include <sys/socket.h>

const char options_help[] =
    "Usage: echoc [OPTION]... [ADDRESS]\n"
    "       echoc ping|load|check [OPTION]... [ADDRESS]\n"
    "       echoc compare [OPTION]... FILE FILE\n"
    "Send bytes to an echo server and check that they come back.\n"
    "\n"
    "Commands; the command must be the first argument:\n"
    "  (none)  copy standard input to the server, and the echo to standard "
    "output\n"
    "  ping    measure round trips, one after another\n"
    "  load    run many clients at once\n"
    "  check   test what the server and the path to it do to the bytes\n"
    "  compare tell whether two results of load --json differ\n"
    "\n"
    "ADDRESS is HOST:PORT, [IPV6]:PORT, HOST (port " ADDRESS_DEFAULT_PORT
    "), :PORT (this host), or the\n"
    "path of a Unix socket, which must contain a '/'.\n"
    "Default: " ADDRESS_DEFAULT ".\n"
    "\n"
    "All commands but compare:\n"
    "  -4                      use IPv4 only\n"
    "  -6                      use IPv6 only\n"
    "      --bind=ADDRESS,...  local addresses to connect from, in rotation\n"
    "      --connect-timeout=SECONDS\n"
    "                          time limit for a connect (default: 5)\n"
    "      --dscp=VALUE        mark the packets: 0 to 63, or a name such as "
    "EF\n"
    "      --reply-timeout=SECONDS\n"
    "                          time limit for a reply (default: 5)\n"
    "  -w, --timeout=SECONDS   set both timeouts\n"
    "All commands:\n"
    "  -h, --help              print this help and exit\n"
    "  -V, --version           print the version and exit\n"
    "\n"
    "Without a command:\n"
    "      --verify            compare the echo instead of printing it\n"
    "ping, load, check:\n"
    "      --json              print JSON and nothing else\n"
    "ping, load:\n"
    "  -n, --count=N           number of messages (default: ping runs until\n"
    "                          interrupted, load for --time)\n"
    "  -s, --size=BYTES        size of a message, such as 500, 64k or 1MB\n"
    "                          (default: 64; with --stream 262144)\n"
    "  -i, --interval=SECONDS  ping: time between messages (default: 1)\n"
    "                          load: print a line this often\n"
    "  -T, --time=SECONDS      duration (default: ping runs until "
    "interrupted,\n"
    "                          load for 10)\n"
    "ping:\n"
    "  -c N                    the same as -n\n"
    "  -D, --timestamps        begin each line with the time of day\n"
    "      --new               open a new connection for each message\n"
    "  -q, --quiet             print only the header and the summary\n"
    "load, check:\n"
    "  -c, --clients=N         number of concurrent clients (default: 10)\n"
    "load:\n"
    "      --rate=N            messages a second, over all clients; latency "
    "is\n"
    "                          measured from the time each message was due\n"
    "      --stream            send in bulk, without waiting for replies\n"
    "      --churn             open a new connection for each message\n"
    "      --hold              send one message, then stay idle until the end\n"
    "      --threads=N         number of threads (default: one for every two\n"
    "                          processors, at most 4)\n"
    "      --csv               print the latency histogram and nothing else\n"
    "      --hgrm=FILE         write percentiles in HdrHistogram's format\n"
    "      --plot=FILE         write a plot of the latency (SVG)\n"
    "check:\n"
    "      --explain           say what each result means, not only the bad "
    "ones\n"
    "      --idle=SECONDS      test whether an idle connection survives this "
    "long\n"
    "compare:\n"
    "      --margin=PERCENT    take less than this for no difference (default: "
    "5)\n";

enum {
    COPY = 1 << OPTIONS_COPY,
    PING = 1 << OPTIONS_PING,
    LOAD = 1 << OPTIONS_LOAD,
    CHECK = 1 << OPTIONS_CHECK,
    COMPARE = 1 << OPTIONS_COMPARE,
    ALL = COPY | PING | LOAD | CHECK
};

const char *const options_commands[] = {[OPTIONS_COPY] =
                                            "echoc without a command",
                                        [OPTIONS_PING] = "ping",
                                        [OPTIONS_LOAD] = "load",
                                        [OPTIONS_CHECK] = "check",
                                        [OPTIONS_COMPARE] = "compare"};

#define FIELD(member)                                                          \
    offsetof(struct options, member), sizeof((struct options *)0)->member

const struct row options_table[] = {
    {ALL, '4', NULL, CONSTANT, FIELD(family), AF_INET, 0},
    {ALL, '6', NULL, CONSTANT, FIELD(family), AF_INET6, 0},
    {ALL, 0, "bind", SOURCES, FIELD(sources), 0, 0},
    {ALL, 0, "connect-timeout", SECONDS, FIELD(connect_timeout_ms), 1, 0},
    {ALL, 0, "dscp", DSCP, FIELD(dscp), 0, 0},
    {ALL, 0, "reply-timeout", SECONDS, FIELD(reply_timeout_ms), 1, 0},
    {ALL, 'w', "timeout", TIMEOUTS, FIELD(reply_timeout_ms), 1, 0},
    {ALL | COMPARE, 'h', "help", CONSTANT, FIELD(command), OPTIONS_HELP, 0},
    {ALL | COMPARE, 'V', "version", CONSTANT, FIELD(command), OPTIONS_VERSION,
     0},
    {COPY, 0, "verify", CONSTANT, FIELD(verify), true, 0},
    {PING | LOAD | CHECK, 0, "json", CONSTANT, FIELD(json), true, 0},
    {PING | LOAD, 'n', "count", NUMBER, FIELD(count), 1, 1000000000000},
    {PING, 'c', "count", NUMBER, FIELD(count), 1, 1000000000000},
    {PING | LOAD, 's', "size", SIZE, FIELD(size), 1, 1 << 30},
    {PING | LOAD, 'i', "interval", SECONDS, FIELD(interval_ms), 0, 0},
    {PING, 0, "new", CONSTANT, FIELD(new_each), true, 0},
    {PING, 'q', "quiet", CONSTANT, FIELD(quiet), true, 0},
    {PING, 'D', "timestamps", CONSTANT, FIELD(timestamps), true, 0},
    {LOAD | CHECK, 'c', "clients", NUMBER, FIELD(clients), 1, 1000000},
    {PING | LOAD, 'T', "time", SECONDS, FIELD(time_ms), 1, 0},
    {LOAD, 0, "rate", RATE, FIELD(rate), 1, 1000000000},
    {LOAD, 0, "stream", MODE, FIELD(mode), OPTIONS_STREAM, 0},
    {LOAD, 0, "churn", MODE, FIELD(mode), OPTIONS_CHURN, 0},
    {LOAD, 0, "hold", MODE, FIELD(mode), OPTIONS_HOLD, 0},
    {LOAD, 0, "threads", NUMBER, FIELD(threads), 1, 1024},
    {LOAD, 0, "csv", CONSTANT, FIELD(csv), true, 0},
    {LOAD, 0, "hgrm", TEXT, FIELD(hgrm), 0, 0},
    {LOAD, 0, "plot", TEXT, FIELD(plot), 0, 0},
    {CHECK, 0, "explain", CONSTANT, FIELD(explain), true, 0},
    {CHECK, 0, "idle", SECONDS, FIELD(idle_ms), 1, 0},
    {COMPARE, 0, "margin", RATE, FIELD(margin), 0, 1000},
};

const size_t options_rows = sizeof options_table / sizeof options_table[0];
_Static_assert(sizeof options_table / sizeof options_table[0] <=
                   OPTIONS_ROWS_MAX,
               "more options than there is space for");

bool options_is_alias(const struct row *row)
{
    return row > options_table && row->name != NULL && row[-1].name != NULL &&
           strcmp(row->name, row[-1].name) == 0;
}
