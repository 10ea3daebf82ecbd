/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * main: set up in order, serve, exit. Nothing else ends the process.
 */
#include "config.h"

#include "common/descriptors.h"
#include "common/errmsg.h"
#include "echod/busypoll.h"
#include "echod/client.h"
#include "echod/clients.h"
#include "echod/echo.h"
#include "echod/inetd.h"
#include "echod/limits.h"
#include "echod/listen.h"
#include "echod/log.h"
#include "echod/options.h"
#include "echod/privileges.h"
#include "echod/server.h"
#include "echod/signals.h"
#include "echod/supervisor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

static int print(const char *text)
{
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return STATUS_OK;
    log_warn("cannot write to standard output: %s", strerror(errno));
    return STATUS_FAILED;
}

/* What may ask a name server or a directory service, and take long. */
static int look_up(const struct options *options, size_t count,
                   struct target *targets, char *errmsg)
{
    for (size_t i = 0; i < count; i++)
        if (listen_look_up(&targets[i], &options->addresses[i], errmsg) < 0)
            return -1;
    return privileges_look_up(options->user, options->group, errmsg);
}

/* Warns of an address that was opened only in part. */
static int open_listeners(size_t count, struct target *targets,
                          struct listeners *listeners, char *errmsg)
{
    for (size_t i = 0; i < count; i++) {
        int skipped = listen_open(listeners, &targets[i], errmsg);

        if (skipped < 0)
            return -1;
        if (skipped > 0)
            log_warn("%s", errmsg);
    }
    return 0;
}

static int choose_max_clients(const struct options *options,
                              size_t *max_clients, char *errmsg)
{
    int log_threads = log_open_queues();
    struct limit limit;

    if (log_threads < 0)
        return errmsg_set(errmsg, "cannot serve: %s", strerror(errno));
    limit = limits_find(privileges_uid(), (size_t)log_threads);
    if (limit.clients == 0)
        return errmsg_set(errmsg, "cannot serve one client: %s is too low",
                          limit.name);
    if (options->max_clients > limit.clients)
        return errmsg_set(errmsg,
                          "--max-clients=%zu: this process can have %zu (%s)",
                          options->max_clients, limit.clients, limit.name);
    *max_clients =
        options->max_clients > 0 ? options->max_clients : limit.by_default;
    return 0;
}

static int prepare_clients(const struct options *options, size_t max_clients,
                           char *errmsg)
{
    int error = 0;

    busypoll_init(options->busy_poll_us);
    error = client_init(options->delay_ms, options->timeout_ms);

    if (error == 0 && clients_open(max_clients, options->max_per_host,
                                   options->ipv6_prefix) < 0)
        error = errno;
    if (error != 0)
        return errmsg_set(errmsg, "cannot serve %zu clients: %s", max_clients,
                          strerror(error));
    limits_grow_table(max_clients);
    return 0;
}

/* Nothing after this waits for the file system of a log file. */
static int start_log(char *errmsg)
{
    int error = log_start_queues();

    if (error != 0)
        return errmsg_set(errmsg, "cannot serve: %s", strerror(error));
    return 0;
}

/* The steps before the first accept(2). Until the look-ups are done a signal
 * ends the process, which has made no socket file yet. Limits are found when
 * all other descriptors are open. Privileges are dropped late: if something
 * fails before, the file of a Unix socket can be removed. */
static int set_up(const struct options *options, struct server *server,
                  char *errmsg)
{
    static struct target targets[OPTIONS_ADDRESSES_MAX];
    int inherited = supervisor_listeners(errmsg);
    size_t count = inherited > 0 ? 0 : options->address_count;

    descriptors_raise_limit();
    if (inherited < 0 || look_up(options, count, targets, errmsg) < 0)
        return -1;
    if (signals_open() < 0)
        return errmsg_set(errmsg, "cannot catch signals: %s", strerror(errno));
    if (listen_adopt(server->listeners, SUPERVISOR_FIRST_FD, inherited,
                     errmsg) < 0 ||
        open_listeners(count, targets, server->listeners, errmsg) < 0 ||
        choose_max_clients(options, &server->max_clients, errmsg) < 0 ||
        prepare_clients(options, server->max_clients, errmsg) < 0 ||
        privileges_take(errmsg) < 0)
        return -1;
    return start_log(errmsg);
}

static int serve(const struct options *options)
{
    char errmsg[ERRMSG_MAX];
    struct listeners listeners = {.timeout_ms =
                                      echo_half_limit(options->timeout_ms),
                                  .mode = options->mode,
                                  .reuseport = options->reuseport};
    struct server server = {.listeners = &listeners,
                            .grace_ms = options->grace_ms,
                            .verbose = options->verbose};

    if (set_up(options, &server, errmsg) < 0) {
        log_warn("%s", errmsg);
        listen_close(&listeners);
        return STATUS_FAILED;
    }
    if (geteuid() == 0 && options->user == NULL)
        log_warn("serving as root: --user=NAME gives up its privileges");
    for (size_t i = 0; i < listeners.count; i++)
        LOG_EVENT(EVENT_LISTEN, .address = listeners.list[i].name);
    supervisor_notify("READY=1");
    return server_run(&server) == 0 ? STATUS_OK : STATUS_FAILED;
}

static int serve_inetd(const struct options *options)
{
    int log_fd = inetd_reaches_client(STDERR_FILENO) ? -1 : STDERR_FILENO;
    char errmsg[ERRMSG_MAX];

    log_open(options->log, log_fd, log_fd);
    if (privileges_look_up(options->user, options->group, errmsg) < 0 ||
        privileges_take(errmsg) < 0) {
        log_warn("%s", errmsg);
        return STATUS_FAILED;
    }
    if (inetd_run(options->timeout_ms, options->delay_ms) < 0)
        return STATUS_FAILED;
    return STATUS_OK;
}

int main(int argc, char *argv[])
{
    struct options options;
    char errmsg[ERRMSG_MAX];
    int err_fd = STDERR_FILENO;
    int status = STATUS_OK;
    int error = descriptors_fill_standard() < 0 ? errno : 0;

    /* Under inetd(8) standard error may be the client's socket, which gets
     * nothing but the echo. */
    if (inetd_is_stdin_socket(err_fd))
        err_fd = -1;
    log_open(LOG_NONE, -1, err_fd);
    if (error != 0) {
        log_warn("cannot open /dev/null: %s", strerror(error));
        return STATUS_FAILED;
    }
    if (options_parse(&options, argc, argv, errmsg) < 0) {
        log_warn("%s", errmsg);
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
    if (options.timestamps)
        log_add_timestamps();
    signals_ignore();
    if (options.inetd)
        return serve_inetd(&options);
    log_open(options.log, STDOUT_FILENO, err_fd);
    status = serve(&options);
    log_finish();
    return status;
}
