/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * options: argv -> struct options.
 *
 * Knows the command line, to the letter. Must not know what is done with it:
 * no other input, and no output.
 */
#include "config.h"

#include "echoc/options.h"

#include "echoc/settings.h"

#include <getopt.h>
#include <string.h>

/* Which commands an option belongs to. */
enum {
    PIPE = 1 << OPTIONS_COPY,
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
    {ALL,
     {"connect-timeout", required_argument, NULL, SETTING_CONNECT_TIMEOUT}},
    {ALL, {"reply-timeout", required_argument, NULL, SETTING_REPLY_TIMEOUT}},
    {ALL, {"timeout", required_argument, NULL, 'w'}},
    {ALL, {"help", no_argument, NULL, 'h'}},
    {ALL, {"version", no_argument, NULL, 'V'}},
    {PIPE, {"verify", no_argument, NULL, SETTING_VERIFY}},
    {PING | LOAD | CHECK, {"json", no_argument, NULL, SETTING_JSON}},
    {PING | LOAD, {"count", required_argument, NULL, 'n'}},
    {PING | LOAD, {"size", required_argument, NULL, 's'}},
    {PING, {"interval", required_argument, NULL, 'i'}},
    {PING, {"new", no_argument, NULL, SETTING_NEW}},
    {LOAD | CHECK, {"clients", required_argument, NULL, 'c'}},
    {LOAD, {"time", required_argument, NULL, 'T'}},
    {LOAD, {"rate", required_argument, NULL, SETTING_RATE}},
    {LOAD, {"stream", no_argument, NULL, SETTING_STREAM}},
    {LOAD, {"churn", no_argument, NULL, SETTING_CHURN}},
    {LOAD, {"hold", no_argument, NULL, SETTING_HOLD}},
    {LOAD, {"bind", required_argument, NULL, SETTING_BIND}},
    {LOAD, {"threads", required_argument, NULL, SETTING_THREADS}},
    {LOAD, {"csv", no_argument, NULL, SETTING_CSV}},
    {LOAD, {"hgrm", required_argument, NULL, SETTING_HGRM}},
    {LOAD, {"plot", required_argument, NULL, SETTING_PLOT}},
    {CHECK, {"idle", required_argument, NULL, SETTING_IDLE}},
};

enum { TABLE_COUNT = sizeof table / sizeof table[0] };

static const char *const commands[] = {[OPTIONS_COPY] =
                                           "echoc without a command",
                                       [OPTIONS_PING] = "ping",
                                       [OPTIONS_LOAD] = "load",
                                       [OPTIONS_CHECK] = "check"};

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

static int refuse(int option, const char *word, char *why)
{
    if (option == ':')
        return settings_refuse(why, "%s: needs a value", word);
    if (optopt == 0)
        return settings_refuse(why, "%s: unknown or ambiguous option", word);
    if (name_of(optopt) != NULL)
        return settings_refuse(why, "%s: takes no value", word);
    return settings_refuse(why, "-%c: no such option", optopt);
}

static int set(int option, const char *word, struct options *options, char *why)
{
    if (option == ':' || option == '?')
        return refuse(option, word, why);
    if (!belongs(option, options->command))
        return settings_refuse(why, "--%s: not an option of %s",
                               name_of(option), commands[options->command]);
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
    case SETTING_RATE:
    case SETTING_THREADS:
        return settings_number(option, name_of(option), optarg, options, why);
    case 'w':
    case SETTING_CONNECT_TIMEOUT:
    case SETTING_REPLY_TIMEOUT:
    case 'i':
    case 'T':
    case SETTING_IDLE:
        return settings_time(option, name_of(option), optarg, options, why);
    default:
        return settings_take(option, optarg, options, why);
    }
}

/* The first word may be a command. */
static enum options_command find_command(int *argc, char *argv[])
{
    for (int command = OPTIONS_PING; command <= OPTIONS_CHECK; command++)
        if (*argc > 1 && strcmp(argv[1], commands[command]) == 0) {
            memmove(&argv[1], &argv[2], (size_t)(*argc - 1) * sizeof argv[0]);
            --*argc;
            return (enum options_command)command;
        }
    return OPTIONS_COPY;
}

static int set_address(struct options *options, int count, char *words[],
                       char *why)
{
    const char *text = count > 0 ? words[0] : ADDRESS_DEFAULT;

    if (count > 1)
        return settings_refuse(why, "%s: more than one address", words[1]);
    if (address_parse(text, &options->address, why) < 0)
        return -1;
    if (options->address.is_path && options->family != AF_UNSPEC)
        return settings_refuse(
            why, "%s: a Unix socket is neither IPv4 nor IPv6", text);
    return settings_complete(options, why);
}

int options_parse(struct options *options, int argc, char *argv[],
                  char why[OPTIONS_WHY_MAX])
{
    struct option long_options[TABLE_COUNT + 1] = {0};
    int option = 0;

    for (size_t i = 0; i < TABLE_COUNT; i++)
        long_options[i] = table[i].option;
    settings_default(options);
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
