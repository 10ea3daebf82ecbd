/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * help: what --help prints.
 *
 * Knows the words. The command line they describe is read in options.
 */
#include "config.h"

#include "echoc/options.h"

const char options_help[] =
    "Usage: echoc [OPTION]... [ADDRESS]\n"
    "       echoc ping|load|check [OPTION]... [ADDRESS]\n"
    "Send bytes to an echo server and see that they come back.\n"
    "\n"
    "Without a command, which is the first word, copy standard input to the\n"
    "server, and what comes back to standard output. ping: round trips, one\n"
    "after another. load: many clients at once. check: what does the path do\n"
    "to my bytes?\n"
    "\n"
    "ADDRESS is HOST:PORT, [IPV6]:PORT, HOST (port " ADDRESS_DEFAULT_PORT
    "), :PORT (this host), or a\n"
    "path that holds a '/' (a Unix socket). Default " ADDRESS_DEFAULT ".\n"
    "\n"
    "  -4                      IPv4 only\n"
    "  -6                      IPv6 only\n"
    "      --connect-timeout=SECONDS\n"
    "                          give up on an address (default: 5)\n"
    "      --reply-timeout=SECONDS\n"
    "                          give up on what should come back (default: 5)\n"
    "  -w, --timeout=SECONDS   both of these\n"
    "  -h, --help              print this and exit\n"
    "  -V, --version           print the version and exit\n"
    "\n"
    "Without a command:\n"
    "      --verify            compare what comes back instead of printing it\n"
    "ping, load, check:\n"
    "      --json              one object on standard output, nothing else\n"
    "ping, load:\n"
    "  -n, --count=N           so many messages (default: ping has no end, "
    "load\n"
    "                          goes by --time)\n"
    "  -s, --size=BYTES        of a message (default: 64; --stream 262144)\n"
    "ping:\n"
    "  -i, --interval=SECONDS  between two messages (default: 1)\n"
    "      --new               a new connection for each message\n"
    "load, check:\n"
    "  -c, --clients=N         at once (default: 10)\n"
    "load:\n"
    "  -T, --time=SECONDS      so long (default: 10)\n"
    "      --rate=N            messages a second, all clients together;\n"
    "                          latency counts from when each was due\n"
    "      --stream            bulk in both directions, not round trips\n"
    "      --churn             a connection for each message\n"
    "      --hold              one message each, then silence until the end\n"
    "      --bind=ADDRESS,...  local addresses to connect from, in turn\n"
    "      --threads=N         (default: one for every two processors, to 4)\n"
    "      --csv               the histogram on standard output, nothing else\n"
    "      --hgrm=FILE         percentiles, as HdrHistogram prints them\n"
    "      --plot=FILE         a picture of the latency (SVG)\n"
    "check:\n"
    "      --idle=SECONDS      does a silent connection live so long?\n";
