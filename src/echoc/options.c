/*
 * options: argv -> struct options.
 *
 * Knows the command line, to the letter. Must not know what is done with it:
 * no other input, and no output.
 */
#include "config.h"

#include "echoc/options.h"

#include "common/number.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIZE_DEFAULT = 64,
    SIZE_STREAM_DEFAULT = 65536,
    SIZE_MAX_BYTES = 1 << 30,
    TIMEOUT_DEFAULT_MS = 5000,
    TIME_DEFAULT_MS = 10000,
    INTERVAL_DEFAULT_MS = 1000,
    CLIENTS_DEFAULT = 10,
    CLIENTS_MAX = 1000000,
    THREADS_MAX = 1024,
    RATE_MAX = 1000000000
};

const char options_help[] =
    "Usage: echoc [OPTION]... [ADDRESS]\n"
    "       echoc ping|load|check [OPTION]... [ADDRESS]\n"
    "Send bytes to an echo server and see that they come back.\n"
    "\n"
    "Without a command, copy standard input to the server, and what comes "
    "back\n"
    "to standard output. ping: round trips, one after another. load: many\n"
    "clients at once. check: what does the path do to my bytes?\n"
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
    "      --json              one object on standard output\n"
    "ping, load:\n"
    "  -n, --count=N           so many messages (default: no end)\n"
    "  -s, --size=BYTES        of a message (default: 64; --stream 65536)\n"
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
    "      --csv               the histogram on standard output\n"
    "      --hgrm=FILE         percentiles, as HdrHistogram prints them\n"
    "      --plot=FILE         a picture of the latency (SVG)\n"
    "check:\n"
    "      --idle=SECONDS      does a silent connection live so long?\n";

enum {
    CONNECT_TIMEOUT = CHAR_MAX + 1,
    REPLY_TIMEOUT,
    VERIFY,
    JSON,
    NEW,
    RATE,
    STREAM,
    CHURN,
    HOLD,
    BIND,
    THREADS,
    CSV,
    HGRM,
    PLOT,
    IDLE
};

/* Which commands an option belongs to. */
enum {
    PIPE = 1 << OPTIONS_PIPE,
    PING = 1 << OPTIONS_PING,
    LOAD = 1 << OPTIONS_LOAD,
    CHECK = 1 << OPTIONS_CHECK,
    ALL = PIPE | PING | LOAD | CHECK
};

static const char short_options[] = ":46w:hVn:i:s:c:T:";
static const struct {
    int commands;
    struct option option;
} table[] = {
    {ALL, {"connect-timeout", required_argument, NULL, CONNECT_TIMEOUT}},
    {ALL, {"reply-timeout", required_argument, NULL, REPLY_TIMEOUT}},
    {ALL, {"timeout", required_argument, NULL, 'w'}},
    {ALL, {"help", no_argument, NULL, 'h'}},
    {ALL, {"version", no_argument, NULL, 'V'}},
    {PIPE, {"verify", no_argument, NULL, VERIFY}},
    {PING | LOAD | CHECK, {"json", no_argument, NULL, JSON}},
    {PING | LOAD, {"count", required_argument, NULL, 'n'}},
    {PING | LOAD, {"size", required_argument, NULL, 's'}},
    {PING, {"interval", required_argument, NULL, 'i'}},
    {PING, {"new", no_argument, NULL, NEW}},
    {LOAD | CHECK, {"clients", required_argument, NULL, 'c'}},
    {LOAD, {"time", required_argument, NULL, 'T'}},
    {LOAD, {"rate", required_argument, NULL, RATE}},
    {LOAD, {"stream", no_argument, NULL, STREAM}},
    {LOAD, {"churn", no_argument, NULL, CHURN}},
    {LOAD, {"hold", no_argument, NULL, HOLD}},
    {LOAD, {"bind", required_argument, NULL, BIND}},
    {LOAD, {"threads", required_argument, NULL, THREADS}},
    {LOAD, {"csv", no_argument, NULL, CSV}},
    {LOAD, {"hgrm", required_argument, NULL, HGRM}},
    {LOAD, {"plot", required_argument, NULL, PLOT}},
    {CHECK, {"idle", required_argument, NULL, IDLE}},
};

enum { TABLE_COUNT = sizeof table / sizeof table[0] };

static const char *const commands[] = {[OPTIONS_PIPE] =
                                           "echoc without a command",
                                       [OPTIONS_PING] = "ping",
                                       [OPTIONS_LOAD] = "load",
                                       [OPTIONS_CHECK] = "check"};

__attribute__((format(printf, 2, 3))) static int
fault(char why[OPTIONS_WHY_MAX], const char *words, ...)
{
    va_list list;

    va_start(list, words);
    vsnprintf(why, OPTIONS_WHY_MAX, words, list);
    va_end(list);
    return -1;
}

/* The long name of an option; NULL if there is none. */
static const char *name_of(int option)
{
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (table[i].option.val == option)
            return table[i].option.name;
    return NULL;
}

/* -4 and -6 have no long name, and belong to all. */
static bool belongs(int option, enum options_command command)
{
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (table[i].option.val == option)
            return (table[i].commands & 1 << command) != 0;
    return true;
}

/* A number from least to most, or -1 and why. */
static int64_t number(int option, const char *text, int64_t least, int64_t most,
                      char *why)
{
    int64_t found = number_whole(text, most);

    if (found >= least)
        return found;
    return fault(why, "--%s=%s: not a number from %lld to %lld",
                 name_of(option), text, (long long)least, (long long)most);
}

static int set_count(int option, const char *text, struct options *options,
                     char *why)
{
    int64_t found = 0;

    switch (option) {
    case 'n':
        found = number(option, text, 1, INT64_C(1000000000000), why);
        options->count = (uint64_t)found;
        break;
    case RATE:
        found = number(option, text, 1, RATE_MAX, why);
        options->rate = (uint64_t)found;
        break;
    case 's':
        found = number(option, text, 1, SIZE_MAX_BYTES, why);
        options->size = (size_t)found;
        break;
    case THREADS:
        found = number(option, text, 1, THREADS_MAX, why);
        options->threads = (size_t)found;
        break;
    default:
        found = number(option, text, 1, CLIENTS_MAX, why);
        options->clients = (size_t)found;
        break;
    }
    return found < 0 ? -1 : 0;
}

/* A time; nothing but an interval can be zero. */
static int set_time(int option, const char *text, struct options *options,
                    char *why)
{
    int64_t ms = number_seconds(text);

    if (ms < 0 || (ms == 0 && option != 'i'))
        return fault(why, "--%s=%s: not a number of seconds%s to %d",
                     name_of(option), text,
                     option == 'i' ? " from 0" : " above 0 and up",
                     NUMBER_SECONDS_MAX);
    if (option == CONNECT_TIMEOUT || option == 'w')
        options->connect_timeout_ms = (int)ms;
    if (option == REPLY_TIMEOUT || option == 'w')
        options->reply_timeout_ms = (int)ms;
    if (option == 'i')
        options->interval_ms = (int)ms;
    if (option == 'T')
        options->time_ms = ms;
    if (option == IDLE)
        options->idle_ms = (int)ms;
    return 0;
}

static int add_source(struct options *options, const char *text, char *why)
{
    struct endpoint *source = &options->sources[options->source_count];

    if (options->source_count == OPTIONS_SOURCES_MAX)
        return fault(why, "--bind: more than %d addresses",
                     OPTIONS_SOURCES_MAX);
    *source = (struct endpoint){0};
    if (inet_pton(AF_INET, text, &source->address.in.sin_addr) == 1) {
        source->address.in.sin_family = AF_INET;
        source->length = sizeof source->address.in;
    } else if (inet_pton(AF_INET6, text, &source->address.in6.sin6_addr) == 1) {
        source->address.in6.sin6_family = AF_INET6;
        source->length = sizeof source->address.in6;
    } else {
        return fault(why, "--bind=%s: not an IPv4 or IPv6 address", text);
    }
    options->source_count++;
    return 0;
}

static int set_sources(struct options *options, const char *text, char *why)
{
    char one[INET6_ADDRSTRLEN];

    for (;;) {
        size_t length = strcspn(text, ",");

        if (length >= sizeof one)
            return fault(why, "--bind=%s: not an IPv4 or IPv6 address", text);
        memcpy(one, text, length);
        one[length] = '\0';
        if (add_source(options, one, why) < 0)
            return -1;
        if (text[length] == '\0')
            return 0;
        text += length + 1;
    }
}

static int set_mode(struct options *options, enum options_mode mode, char *why)
{
    if (options->mode != OPTIONS_ROUND_TRIPS && options->mode != mode)
        return fault(why, "--stream, --churn and --hold exclude each other");
    options->mode = mode;
    return 0;
}

static int set_flag(int option, struct options *options, char *why)
{
    switch (option) {
    case '4':
    case '6':
        options->family = option == '4' ? AF_INET : AF_INET6;
        return 0;
    case VERIFY:
        options->verify = true;
        return 0;
    case JSON:
        options->json = true;
        return 0;
    case CSV:
        options->csv = true;
        return 0;
    case NEW:
        options->new_each = true;
        return 0;
    case STREAM:
        return set_mode(options, OPTIONS_STREAM, why);
    case CHURN:
        return set_mode(options, OPTIONS_CHURN, why);
    case HOLD:
        return set_mode(options, OPTIONS_HOLD, why);
    case HGRM:
        options->hgrm = optarg;
        return 0;
    case PLOT:
        options->plot = optarg;
        return 0;
    default:
        return set_sources(options, optarg, why);
    }
}

static int refuse(int option, const char *word, char *why)
{
    if (option == ':')
        return fault(why, "%s: needs a value", word);
    if (optopt == 0)
        return fault(why, "%s: unknown or ambiguous option", word);
    if (name_of(optopt) != NULL)
        return fault(why, "%s: takes no value", word);
    return fault(why, "-%c: no such option", optopt);
}

static int set(int option, const char *word, struct options *options, char *why)
{
    if (option == ':' || option == '?')
        return refuse(option, word, why);
    if (!belongs(option, options->command))
        return fault(why, "%s: not an option of %s", word,
                     commands[options->command]);
    switch (option) {
    case 'h':
        options->command = OPTIONS_HELP;
        return 0;
    case 'V':
        options->command = OPTIONS_VERSION;
        return 0;
    case 'n':
    case 's':
    case 'c':
    case RATE:
    case THREADS:
        return set_count(option, optarg, options, why);
    case 'w':
    case CONNECT_TIMEOUT:
    case REPLY_TIMEOUT:
    case 'i':
    case 'T':
    case IDLE:
        return set_time(option, optarg, options, why);
    default:
        return set_flag(option, options, why);
    }
}

/* The first word that is no option may be a command. */
static enum options_command find_command(int *argc, char *argv[])
{
    for (int command = OPTIONS_PING; command <= OPTIONS_CHECK; command++)
        if (*argc > 1 && strcmp(argv[1], commands[command]) == 0) {
            memmove(&argv[1], &argv[2], (size_t)(*argc - 1) * sizeof argv[0]);
            --*argc;
            return (enum options_command)command;
        }
    return OPTIONS_PIPE;
}

/* What goes together, once all is known. */
static int complete(struct options *options, char *why)
{
    if (options->size == 0)
        options->size = options->mode == OPTIONS_STREAM ? SIZE_STREAM_DEFAULT
                                                        : SIZE_DEFAULT;
    if (options->json && options->csv)
        return fault(why, "--json and --csv exclude each other");
    if (options->time_ms > 0 && options->count > 0)
        return fault(why, "--time and --count exclude each other");
    if (options->rate > 0 &&
        (options->mode == OPTIONS_STREAM || options->mode == OPTIONS_HOLD))
        return fault(why, "--rate goes with neither --stream nor --hold");
    if (options->count > 0 && options->mode == OPTIONS_HOLD)
        return fault(why, "--count does not go with --hold");
    if (options->time_ms == 0)
        options->time_ms = TIME_DEFAULT_MS;
    return 0;
}

static int set_address(struct options *options, int count, char *words[],
                       char *why)
{
    const char *text = count > 0 ? words[0] : ADDRESS_DEFAULT;
    const char *fault_found = NULL;

    if (count > 1)
        return fault(why, "%s: more than one address", words[1]);
    if (address_parse(text, &options->address, &fault_found) < 0)
        return fault(why, "%s: %s", text, fault_found);
    if (options->address.is_path && options->family != AF_UNSPEC)
        return fault(why, "%s: a Unix socket is neither IPv4 nor IPv6", text);
    return complete(options, why);
}

int options_parse(struct options *options, int argc, char *argv[],
                  char why[OPTIONS_WHY_MAX])
{
    struct option long_options[TABLE_COUNT + 1] = {0};
    int option = 0;

    for (size_t i = 0; i < TABLE_COUNT; i++)
        long_options[i] = table[i].option;
    *options = (struct options){.family = AF_UNSPEC,
                                .connect_timeout_ms = TIMEOUT_DEFAULT_MS,
                                .reply_timeout_ms = TIMEOUT_DEFAULT_MS,
                                .interval_ms = INTERVAL_DEFAULT_MS,
                                .clients = CLIENTS_DEFAULT};
    options->command = find_command(&argc, argv);
    optind = 0; /* start anew; both glibc and the BSDs have their word for it */
    opterr = 0;
    while (option != -1 && options->command <= OPTIONS_CHECK) {
        option = getopt_long(argc, argv, short_options, long_options, NULL);
        if (option != -1 && set(option, argv[optind - 1], options, why) < 0)
            return -1;
    }
    if (options->command > OPTIONS_CHECK)
        return 0;
    return set_address(options, argc - optind, argv + optind, why);
}
