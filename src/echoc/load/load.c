/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * load: many clients at once.
 *
 * Knows the workers, the progress line and the order of things. Must not know
 * what a client does, nor what the whole comes to.
 */
#include "config.h"

#include "echoc/load/load.h"

#include "common/clock.h"
#include "echoc/interrupt.h"
#include "echoc/load/report.h"
#include "echoc/load/progress.h"
#include "echoc/load/worker.h"
#include "echoc/net/connect.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS_MOST = 4, LOOK_MS = 100 };

struct load {
    const struct options *options;
    struct server server;
    struct gang gang;
    struct worker *workers;
    size_t started;
    int64_t start_ns;
    bool told; /* --hold: that all have been served */
};

static size_t choose_threads(const struct options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = options->threads;

    if (threads == 0 && processors > 1)
        threads = (size_t)processors / 2;
    if (options->threads == 0 && threads > THREADS_MOST)
        threads = THREADS_MOST;
    if (threads > options->clients)
        threads = options->clients;
    return threads > 0 ? threads : 1;
}

static enum status check_sources(const struct load *load)
{
    const struct options *options = load->options;
    int family =
        load->server.endpoints[load->server.chosen].address.any.sa_family;

    for (size_t i = 0; i < options->source_count; i++)
        if (options->sources[i].address.any.sa_family != family) {
            status_warn("--bind: not of the same family as the server");
            return STATUS_LOCAL;
        }
    return STATUS_OK;
}

/* Where a name has many addresses, one call finds out which answers. */
static enum status choose_endpoint(struct load *load)
{
    struct fault fault;
    char text[FAULT_TEXT_MAX];
    int fd = -1;

    if (load->server.count == 1)
        return STATUS_OK;
    fd = connect_any(&load->server, load->options->connect_timeout_ms, &fault);
    if (fd < 0) {
        fault_text(&fault, text);
        status_warn("cannot connect to %s: %s", load->server.text, text);
        return status_of(&fault);
    }
    close(fd);
    return STATUS_OK;
}

/* The share of worker i in what there is in all. */
static uint64_t share(uint64_t all, size_t i, size_t workers)
{
    return all / workers + (i < all % workers);
}

static enum status start(struct load *load)
{
    const struct options *options = load->options;
    size_t workers = load->gang.workers;
    uint32_t first = 0;

    for (size_t i = 0; i < workers; i++) {
        struct worker *worker = &load->workers[i];
        int error = 0;

        worker->gang = &load->gang;
        worker->first = first;
        worker->clients = (size_t)share(options->clients, i, workers);
        worker->rate = (double)options->rate / (double)workers;
        if (options->rate > 0)
            worker->phase_ns =
                (int64_t)((double)i * 1e9 / (double)options->rate);
        worker->count =
            options->count > 0 ? share(options->count, i, workers) : UINT64_MAX;
        first += (uint32_t)worker->clients;
        error = worker_start(worker);
        if (error != 0) {
            status_warn("cannot start a thread: %s", strerror(error));
            atomic_store(&load->gang.stop, true);
            return STATUS_LOCAL;
        }
        load->started++;
    }
    return STATUS_OK;
}

static void add_up(const struct load *load, struct counters *counters)
{
    for (size_t i = 0; i < load->started; i++)
        counters_merge(counters, &load->workers[i].counters);
}

/* Whoever holds clients wants to know when they are all there. */
static void tell_served(struct load *load)
{
    uint64_t served = 0;
    int64_t last_ns = 0;

    if (load->told || load->options->mode != OPTIONS_HOLD)
        return;
    for (size_t i = 0; i < load->started; i++) {
        const struct counters *counters = &load->workers[i].counters;

        served += counters_get(&counters->served);
        if ((int64_t)counters_get(&counters->served_ns) > last_ns)
            last_ns = (int64_t)counters_get(&counters->served_ns);
    }
    if (served < load->options->clients)
        return;
    load->told = true;
    progress_clear();
    fprintf(stderr, "%" PRIu64 " of %zu clients served in %.3f s\n", served,
            load->options->clients, (double)(last_ns - load->start_ns) / 1e9);
}

static void show_progress(const struct load *load)
{
    static struct counters counters; /* too large for a stack */
    static struct counters before;
    static int64_t before_ns;
    const struct options *options = load->options;
    int64_t now = clock_ns();
    double left =
        (double)options->time_ms / 1e3 - (double)(now - load->start_ns) / 1e9;

    if (!progress_is_due())
        return;
    memset(&counters, 0, sizeof counters);
    add_up(load, &counters);
    if (before_ns == 0)
        before_ns = load->start_ns;
    progress_show("%" PRIu64 " clients up, %.0f messages/s, p99 %.3f ms, "
                  "%.0f %s",
                  counters.up,
                  (double)(counters.echoed - before.echoed) /
                      ((double)(now - before_ns) / 1e9),
                  histogram_quantile(&counters.round_trips, 0.99) / 1e6,
                  options->count > 0
                      ? (double)(options->count - counters.echoed)
                      : (left > 0 ? left : 0),
                  options->count > 0 ? "to go" : "s left");
    before = counters;
    before_ns = now;
}

static void wait_for_all(struct load *load)
{
    int fd = interrupt_fd();

    while (atomic_load(&load->gang.ended) < load->started) {
        struct pollfd pollfd = {.fd = fd, .events = POLLIN};

        if (poll(&pollfd, 1, LOOK_MS) > 0) {
            atomic_store(&load->gang.stop, true);
            fd = -1; /* once is enough: it stays readable */
        }
        tell_served(load);
        show_progress(load);
    }
    progress_clear();
    tell_served(load);
    for (size_t i = 0; i < load->started; i++)
        worker_join(&load->workers[i]);
}

static enum status run(struct load *load)
{
    enum status status = choose_endpoint(load);
    char errmsg[ERRMSG_MAX];

    if (status == STATUS_OK)
        status = check_sources(load);
    if (status == STATUS_OK &&
        connect_check_limit(load->options->clients, load->gang.workers,
                            errmsg) < 0) {
        status_warn("%s", errmsg);
        return STATUS_LOCAL;
    }
    if (status == STATUS_OK)
        status = report_prepare(load->options);
    if (status != STATUS_OK)
        return status;
    load->workers = calloc(load->gang.workers, sizeof *load->workers);
    if (load->workers == NULL) {
        status_warn("cannot begin: %s", strerror(errno));
        return STATUS_LOCAL;
    }
    load->start_ns = clock_ns();
    status = start(load);
    wait_for_all(load);
    if (status == STATUS_OK)
        status = report_write(load->options, &load->server, load->workers,
                              load->started, load->start_ns);
    free(load->workers);
    return status;
}

enum status load_run(const struct options *options)
{
    struct load load = {.options = options};
    enum status status = STATUS_OK;
    char errmsg[ERRMSG_MAX];

    if (connect_resolve(&load.server, options, errmsg) < 0) {
        status_warn("%s", errmsg);
        return STATUS_FAULT;
    }
    load.gang.options = options;
    load.gang.server = &load.server;
    load.gang.run = (uint64_t)clock_ns();
    load.gang.workers = choose_threads(options);
    status = run(&load);
    connect_free(&load.server);
    return status;
}
