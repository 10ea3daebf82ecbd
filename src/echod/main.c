/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * main: options -> listeners -> privileges -> serve -> status.
 *
 * Knows the order in which things are set up, and decides what a failure there
 * means: nobody else exits. Must not know how any of it is done.
 */
#include "config.h"

#include "common/descriptors.h"
#include "echod/client.h"
#include "echod/clients.h"
#include "echod/inetd.h"
#include "echod/limits.h"
#include "echod/options.h"
#include "echod/privileges.h"
#include "echod/server.h"
#include "echod/signals.h"
#include "echod/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

static int print(const char *text)
{
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return STATUS_OK;
    log_warn("cannot write to standard output: %s", log_strerror(errno));
    return STATUS_FAILED;
}

/* Returns how many sockets were opened or inherited, or -1, and has said why. */
static int open_listeners(const struct options *options,
                          struct listeners *listeners)
{
    char why[ERRMSG_MAX];
    int inherited = supervisor_listeners(why);

    if (inherited < 0)
        log_warn("%s", why);
    if (inherited != 0) {
        if (inherited > 0 &&
            listen_adopt(listeners, SUPERVISOR_FIRST_FD, inherited, why) < 0) {
            log_warn("%s", why);
            return -1;
        }
        return inherited;
    }
    for (size_t i = 0; i < options->address_count; i++) {
        int passed = listen_open(listeners, &options->addresses[i], why);

        if (passed != 0)
            log_warn("%s", why);
        if (passed < 0)
            return -1;
    }
    return (int)listeners->count;
}

/* How many clients there shall be, or 0 and has said why. */
static size_t choose_max_clients(const struct options *options)
{
    struct limit limit = limits_find();

    if (limit.clients == 0)
        log_warn("cannot serve one client: %s is too low", limit.name);
    else if (options->max_clients > limit.clients)
        log_warn("--max-clients=%zu: this process can have %zu (%s)",
                 options->max_clients, limit.clients, limit.name);
    else
        return options->max_clients > 0 ? options->max_clients : limit.clients;
    return 0;
}

static int become(const char *user)
{
    char why[ERRMSG_MAX];

    if (user == NULL || privileges_become(user, why) == 0)
        return 0;
    log_warn("%s", why);
    return -1;
}

/* What must be there before the first client is let in. */
static int set_up(const struct options *options, size_t max_clients)
{
    int error = client_open(options->delay_ms);

    if (error == 0 && clients_open(max_clients, options->max_per_host) < 0)
        error = errno;
    if (error != 0) {
        log_warn("cannot serve %zu clients: %s", max_clients,
                 log_strerror(error));
        return -1;
    }
    limits_grow_table(max_clients);
    return 0;
}

static void announce(const struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++)
        log_listen(listeners->list[i].name);
    supervisor_notify("READY=1");
}

static int serve(const struct options *options)
{
    struct listeners listeners = {.timeout_ms = options->timeout_ms,
                                  .reuseport = options->reuseport};
    struct server server = {.listeners = &listeners,
                            .grace_ms = options->grace_ms,
                            .verbose = options->verbose};

    descriptors_raise_limit();
    if (signals_open() < 0) {
        log_warn("cannot catch signals: %s", log_strerror(errno));
        return STATUS_FAILED;
    }
    if (open_listeners(options, &listeners) < 0 || become(options->user) < 0 ||
        (server.max_clients = choose_max_clients(options)) == 0 ||
        set_up(options, server.max_clients) < 0) {
        listen_close(&listeners);
        return STATUS_FAILED;
    }
    announce(&listeners);
    return server_run(&server) == 0 ? STATUS_OK : STATUS_FAILED;
}

static int serve_inetd(const struct options *options)
{
    int log_fd = inetd_has_client(STDERR_FILENO) ? -1 : STDERR_FILENO;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    log_open(options->log, log_fd, log_fd);
    if (become(options->user) < 0)
        return STATUS_FAILED;
    return inetd_run(options->timeout_ms, options->delay_ms) == 0
               ? STATUS_OK
               : STATUS_FAILED;
}

int main(int argc, char *argv[])
{
    struct options options;
    char why[ERRMSG_MAX];
    int err_fd = STDERR_FILENO;

    descriptors_fill_standard();
    if (inetd_is_client(err_fd))
        err_fd = -1;
    log_open(LOG_NONE, -1, err_fd);
    if (options_parse(&options, argc, argv, why) < 0) {
        log_warn("%s", why);
        return STATUS_USAGE;
    }
    switch (options.action) {
    case OPTIONS_HELP:
        return print(options_help);
    case OPTIONS_VERSION:
        return print(PACKAGE_STRING "\n");
    case OPTIONS_SERVE:
        break;
    }
    if (options.inetd)
        return serve_inetd(&options);
    log_open(options.log, STDOUT_FILENO, err_fd);
    return serve(&options);
}
