/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * options: argv -> struct options.
 */
#include "config.h"

#include "echod/options.h"

#include "common/number.h"

#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    GRACE_DEFAULT_MS = 5000,
    BUSY_POLL_MAX_US = 1000000,
    DELAY_MAX_MS = 3600000,
    IPV6_BITS = 128,
    IPV6_PREFIX_DEFAULT = 64
};

const char options_help[] =
    "Usage: echod [OPTION]... [ADDRESS]...\n"
    "Send back what each client sends, until end of file.\n"
    "\n"
    "ADDRESS is HOST:PORT, [IPV6]:PORT, HOST (port " ADDRESS_DEFAULT_PORT
    "), :PORT or *:PORT\n"
    "(every interface), or a path that holds a '/' (a Unix socket). PORT is a\n"
    "number, a service name, or 0 for any free one. Default " ADDRESS_DEFAULT
    ".\n"
    "\n"
    "      --busy-poll=US      a thread asks for input this many microseconds\n"
    "                          before it sleeps (default: 0)\n"
    "  -c, --max-clients=N     serve at most N clients at once; more wait in "
    "the\n"
    "                          backlog (default: what the limits allow)\n"
    "  -C, --max-per-host=N    serve at most N clients of one address at "
    "once;\n"
    "                          close more (default: no limit)\n"
    "  -d, --delay=MS          hold each chunk back for MS milliseconds\n"
    "                          (default: 0)\n"
    "  -g, --grace=SECONDS     at a stop, wait this long for clients\n"
    "                          (default: 5)\n"
    "      --group=GROUP       become this group, a name or a number, after "
    "binding\n"
    "  -i, --inetd             serve standard input and output, once\n"
    "      --ipv6-prefix=BITS  for -C, IPv6 addresses that begin with the "
    "same\n"
    "                          BITS bits are one (default: 64)\n"
    "  -l, --log=FORMAT        log as text, json or none (default: text)\n"
    "      --mode=OCTAL        mode of a Unix socket's file, such as 660\n"
    "                          (default: what the umask leaves)\n"
    "      --reuseport         let several servers share an address\n"
    "  -t, --timeout=SECONDS   end a client that is idle this long\n"
    "                          (default: 0, never)\n"
    "      --timestamps        begin each line of text with the time\n"
    "  -u, --user=USER         become this user, a name or a number, after "
    "binding\n"
    "  -v, --verbose           also log when a client connects\n"
    "  -h, --help              print this help and exit\n"
    "  -V, --version           print the version and exit\n"
    "\n"
    "SIGTERM, SIGINT and SIGHUP stop the server; SIGUSR1 logs totals.\n";

enum {
    REUSEPORT = CHAR_MAX + 1,
    BUSY_POLL,
    IPV6_PREFIX,
    GROUP,
    MODE,
    TIMESTAMPS
};

static const char short_options[] = ":c:C:t:g:d:iu:l:vhV";
static const struct option long_options[] = {
    {"busy-poll", required_argument, NULL, BUSY_POLL},
    {"max-clients", required_argument, NULL, 'c'},
    {"max-per-host", required_argument, NULL, 'C'},
    {"timeout", required_argument, NULL, 't'},
    {"grace", required_argument, NULL, 'g'},
    {"delay", required_argument, NULL, 'd'},
    {"inetd", no_argument, NULL, 'i'},
    {"ipv6-prefix", required_argument, NULL, IPV6_PREFIX},
    {"group", required_argument, NULL, GROUP},
    {"mode", required_argument, NULL, MODE},
    {"user", required_argument, NULL, 'u'},
    {"log", required_argument, NULL, 'l'},
    {"verbose", no_argument, NULL, 'v'},
    {"reuseport", no_argument, NULL, REUSEPORT},
    {"timestamps", no_argument, NULL, TIMESTAMPS},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

/* Each of these sets one value from optarg. Returns 0, or -1 with errmsg. */

static int set_count(const char *name, size_t *count, char *errmsg)
{
    int64_t number = number_integer(optarg, INT_MAX);

    if (number < 1)
        return errmsg_set(errmsg,
                          "--%s=%s: not a number of clients from 1 to %d", name,
                          optarg, INT_MAX);
    *count = (size_t)number;
    return 0;
}

static int set_seconds(const char *name, int *ms, char *errmsg)
{
    int64_t number = number_seconds(optarg);

    if (number < 0)
        return errmsg_set(errmsg,
                          "--%s=%s: not a number of seconds from 0 to %d", name,
                          optarg, NUMBER_SECONDS_MAX);
    *ms = (int)number;
    return 0;
}

static int set_number(const char *name, const char *unit, int min, int max,
                      int *value, char *errmsg)
{
    int64_t number = number_integer(optarg, max);

    if (number < min)
        return errmsg_set(errmsg, "--%s=%s: not a number of %s from %d to %d",
                          name, optarg, unit, min, max);
    *value = (int)number;
    return 0;
}

/* A server that may not write to its own stale file cannot replace it. */
static int set_mode(mode_t *mode, char *errmsg)
{
    unsigned long number = strtoul(optarg, NULL, 8);

    if (optarg[strspn(optarg, "01234567")] != '\0' || number > 0777 ||
        (number & S_IWUSR) == 0)
        return errmsg_set(errmsg,
                          "--mode=%s: not an octal mode from 200 to 777 with "
                          "write permission for the owner",
                          optarg);
    *mode = (mode_t)number;
    return 0;
}

static int set_log(enum log_format *format, char *errmsg)
{
    static const char *const names[] = {
        [LOG_TEXT] = "text", [LOG_JSON] = "json", [LOG_NONE] = "none"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(optarg, names[i]) == 0) {
            *format = (enum log_format)i;
            return 0;
        }
    return errmsg_set(errmsg, "--log=%s: not text, json or none", optarg);
}

static int unknown_option(const char *word, char *errmsg)
{
    if (optopt == 0)
        return errmsg_set(errmsg, "%s: unknown or ambiguous option", word);
    for (const struct option *option = long_options; option->name; option++)
        if (option->val == optopt)
            return errmsg_set(errmsg, "%s: takes no value", word);
    return errmsg_set(errmsg, "-%c: no such option", optopt);
}

/* Returns whether it is an option without a value. */
static bool set_flag(int option, struct options *options)
{
    switch (option) {
    case 'i':
        options->inetd = true;
        return true;
    case 'v':
        options->verbose = true;
        return true;
    case REUSEPORT:
        options->reuseport = true;
        return true;
    case TIMESTAMPS:
        options->timestamps = true;
        return true;
    case 'h':
        options->action = OPTIONS_HELP;
        return true;
    case 'V':
        options->action = OPTIONS_VERSION;
        return true;
    default:
        return false;
    }
}

static int set_option(int option, const char *word, struct options *options,
                      char *errmsg)
{
    if (set_flag(option, options))
        return 0;
    switch (option) {
    case 'c':
        return set_count("max-clients", &options->max_clients, errmsg);
    case 'C':
        return set_count("max-per-host", &options->max_per_host, errmsg);
    case 't':
        return set_seconds("timeout", &options->timeout_ms, errmsg);
    case 'g':
        return set_seconds("grace", &options->grace_ms, errmsg);
    case 'd':
        return set_number("delay", "ms", 0, DELAY_MAX_MS, &options->delay_ms,
                          errmsg);
    case 'l':
        return set_log(&options->log, errmsg);
    case 'u':
        options->user = optarg;
        return 0;
    case GROUP:
        options->group = optarg;
        return 0;
    case MODE:
        return set_mode(&options->mode, errmsg);
    case BUSY_POLL:
        return set_number("busy-poll", "us", 0, BUSY_POLL_MAX_US,
                          &options->busy_poll_us, errmsg);
    case IPV6_PREFIX:
        return set_number("ipv6-prefix", "bits", 1, IPV6_BITS,
                          &options->ipv6_prefix, errmsg);
    case ':':
        return errmsg_set(errmsg, "%s: needs a value", word);
    default:
        return unknown_option(word, errmsg);
    }
}

static int set_addresses(struct options *options, int count, char *words[],
                         char *errmsg)
{
    if (options->inetd && count > 0)
        return errmsg_set(errmsg, "%s: --inetd takes no ADDRESS", words[0]);
    if (count > OPTIONS_ADDRESSES_MAX)
        return errmsg_set(errmsg, "%s: more than %d addresses",
                          words[OPTIONS_ADDRESSES_MAX], OPTIONS_ADDRESSES_MAX);
    for (int i = 0; i < count; i++)
        if (address_parse(words[i], &options->addresses[i], errmsg) < 0)
            return -1;
    options->address_count = (size_t)count;
    if (count > 0 || options->inetd)
        return 0;
    options->address_count = 1;
    return address_parse(ADDRESS_DEFAULT, &options->addresses[0], errmsg);
}

int options_parse(struct options *options, int argc, char *argv[],
                  char errmsg[ERRMSG_MAX])
{
    int option = 0;

    *options = (struct options){.grace_ms = GRACE_DEFAULT_MS,
                                .ipv6_prefix = IPV6_PREFIX_DEFAULT};
    optind = 0; /* start over, should this not be the first call */
    opterr = 0;
    while (option != -1 && options->action == OPTIONS_SERVE) {
        option = getopt_long(argc, argv, short_options, long_options, NULL);
        if (option != -1 &&
            set_option(option, argv[optind - 1], options, errmsg) < 0)
            return -1;
    }
    if (options->action != OPTIONS_SERVE)
        return 0;
    return set_addresses(options, argc - optind, argv + optind, errmsg);
}
