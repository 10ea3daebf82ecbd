/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * load: many clients at once, divided among worker threads.
 */
#include "config.h"

#include "echoc/load/load.h"

#include "common/clock.h"
#include "echoc/interrupt.h"
#include "echoc/load/interval.h"
#include "echoc/load/report.h"
#include "echoc/load/worker.h"
#include "echoc/net/race.h"
#include "echoc/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    THREADS_MAX = 4,      /* without --threads */
    CONNECTING_MAX = 256, /* more at once would overflow most backlogs */
    UPDATE_MS = 100       /* between two checks of the workers */
};

static size_t choose_threads(const struct options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = options->threads;

    if (threads == 0) {
        threads = processors > 1 ? (size_t)processors / 2 : 1;
        if (threads > THREADS_MAX)
            threads = THREADS_MAX;
    }
    return threads < options->clients ? threads : options->clients;
}

/* Where a name has several addresses, one connection finds out which of them
 * accepts. */
static enum status choose_endpoint(struct load *load)
{
    struct fault fault;
    char text[FAULT_TEXT_MAX];
    char errmsg[ERRMSG_MAX];
    int fd = -1;

    if (load->server.count == 1)
        return STATUS_OK;
    fd = race_connect(&load->server, 0, &fault);
    if (fd < 0) {
        fault_text(&fault, text);
        errmsg_set(errmsg, "cannot connect to %s: %s", load->server.text, text);
        return status_cannot_begin(load->options, status_of(&fault), errmsg);
    }
    close(fd);
    return STATUS_OK;
}

/* Worker i's part of a total. */
static size_t part_of(size_t total, size_t i, size_t workers)
{
    return total / workers + (i < total % workers);
}

static void prepare_worker(struct load *load, size_t i)
{
    const struct options *options = load->options;
    struct worker *worker = &load->workers[i];
    size_t count = load->worker_count;

    worker->load = load;
    worker->options = options;
    worker->shared = &load->shared;
    worker->client_count = part_of(options->clients, i, count);
    if (i > 0) {
        const struct worker *last = &load->workers[i - 1];

        worker->first_client =
            last->first_client + (uint32_t)last->client_count;
    }
    worker->connecting_max = part_of(CONNECTING_MAX, i, count);
    if (worker->connecting_max == 0)
        worker->connecting_max = 1;
    worker->schedule = (struct schedule){
        .interval_ns = options->rate > 0 ? 1e9 / options->rate : 0,
        .clients = options->clients};
}

static int start_workers(struct load *load, char errmsg[ERRMSG_MAX])
{
    load->workers = calloc(load->worker_count, sizeof *load->workers);
    if (load->workers == NULL)
        return errmsg_set(errmsg, "cannot begin: %s", strerror(errno));
    load->start_ns = clock_ns();
    shared_init(&load->shared, load->options, load->start_ns);
    for (size_t i = 0; i < load->worker_count; i++)
        atomic_init(&load->workers[i].waiting_ns, INT64_MAX);
    for (size_t i = 0; i < load->worker_count; i++) {
        int error = 0;

        prepare_worker(load, i);
        error = worker_start(&load->workers[i]);
        if (error != 0) {
            atomic_store(&load->shared.stop, true);
            return errmsg_set(errmsg, "cannot start a thread: %s",
                              strerror(error));
        }
        load->started++;
    }
    return 0;
}

/* --hold: if all clients have been served, print a line and return true. */
static bool report_served(const struct load *load)
{
    uint64_t served = 0;
    int64_t last_ns = 0;

    for (size_t i = 0; i < load->started; i++) {
        const struct counters *counters = &load->workers[i].counters;

        served += counters_get(&counters->served);
        if ((int64_t)counters_get(&counters->served_ns) > last_ns)
            last_ns = (int64_t)counters_get(&counters->served_ns);
    }
    if (served < load->options->clients)
        return false;
    progress_clear();
    fprintf(stderr, "%" PRIu64 " of %zu clients served in %.3f s\n", served,
            load->options->clients, (double)(last_ns - load->start_ns) / 1e9);
    return true;
}

static void show_progress(const struct load *load)
{
    static struct counters counters; /* too large for a stack */
    static struct counters before;
    static int64_t before_ns;
    const struct options *options = load->options;
    int64_t now_ns = clock_ns();
    double left = (double)options->time_ms / 1e3 -
                  (double)(now_ns - load->start_ns) / 1e9;

    if (!progress_is_due())
        return;
    memset(&counters, 0, sizeof counters);
    for (size_t i = 0; i < load->started; i++)
        counters_merge(&counters, &load->workers[i].counters);
    if (before_ns == 0)
        before_ns = load->start_ns;
    progress_show("%" PRIu64 " clients up, %.0f messages/s, p99 %.3f ms, "
                  "%.0f %s",
                  counters.up,
                  (double)(counters.echoed - before.echoed) /
                      ((double)(now_ns - before_ns) / 1e9),
                  histogram_quantile(&counters.round_trips, 0.99) / 1e6,
                  options->count > 0
                      ? (double)(options->count - counters.echoed)
                      : (left > 0 ? left : 0),
                  options->count > 0 ? "to go" : "s left");
    before = counters;
    before_ns = now_ns;
}

/* ms, rounded up */
static int next_wakeup(const struct load *load)
{
    int64_t left_ns =
        intervals_due_ns(load->intervals, load) - clock_ns() + 999999;

    if (left_ns / 1000000 >= UPDATE_MS)
        return UPDATE_MS;
    return left_ns > 0 ? (int)(left_ns / 1000000) : 0;
}

/* Also when nobody reads the lines of --interval any more. */
static bool is_stopped(void)
{
    return interrupt_received() || ferror(stdout) != 0;
}

static void wait_for_workers(struct load *load)
{
    bool is_reported = load->options->mode != OPTIONS_HOLD;
    int fd = interrupt_fd();

    while (atomic_load(&load->shared.finished) < load->started) {
        struct pollfd pollfd = {.fd = fd, .events = POLLIN};

        if (poll(&pollfd, 1, next_wakeup(load)) > 0)
            fd = -1; /* it stays readable */
        if (is_stopped())
            atomic_store(&load->shared.stop, true);
        is_reported = is_reported || report_served(load);
        intervals_take(load->intervals, load);
        show_progress(load);
    }
    progress_clear();
    if (!is_reported)
        report_served(load);
    for (size_t i = 0; i < load->started; i++)
        worker_join(&load->workers[i]);
    intervals_finish(load->intervals, load);
}

static enum status run(struct load *load)
{
    const struct options *options = load->options;
    enum status status = choose_endpoint(load);
    char errmsg[ERRMSG_MAX];

    if (status != STATUS_OK)
        return status;
    if (connect_check_limit(options->clients, load->worker_count, errmsg) < 0 ||
        report_prepare(options, errmsg) < 0 ||
        start_workers(load, errmsg) < 0) {
        status = status_cannot_begin(options, STATUS_LOCAL, errmsg);
    }
    wait_for_workers(load); /* also for those that did start */
    if (status == STATUS_OK)
        status = report_write(load);
    free(load->workers);
    return status;
}

enum status load_run(const struct options *options)
{
    struct intervals intervals;
    struct load load = {.options = options,
                        .run = (uint64_t)clock_ns(),
                        .intervals = &intervals,
                        .worker_count = choose_threads(options)};
    enum status status = STATUS_OK;
    char errmsg[ERRMSG_MAX];

    status = connect_resolve(&load.server, options, errmsg);
    if (status != STATUS_OK)
        return status_cannot_begin(options, status, errmsg);
    intervals_init(&intervals, options);
    status = run(&load);
    intervals_free(&intervals);
    connect_free(&load.server);
    return status;
}
