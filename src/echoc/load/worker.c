/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * worker: a thread that is a share of a load's clients.
 *
 * Knows when it begins and when it is over, and the loop between. Must not know
 * who of its clients is next, nor what one says.
 */
#include "config.h"

#include "echoc/load/worker.h"

#include "common/clock.h"
#include "echoc/load/crew.h"
#include "echoc/net/poller.h"

#include <errno.h>

enum { BARRIER_NS = 1000000, NS_PER_MS = 1000000 };

/* A worker at work. */
struct work {
    struct worker *worker;
    struct crew crew;
    bool told;     /* that all its clients are there */
    int64_t up_ns; /* when last any was */
};

static void begin(struct work *work)
{
    struct shift *shift = &work->crew.shift;

    shift->gathering = false;
    shift->start_ns = clock_ns();
    shift->now_ns = shift->start_ns;
    work->worker->start_ns = shift->start_ns;
    if (shift->interval_ns == 0)
        crew_prompt_all(&work->crew);
}

static void end(struct work *work)
{
    struct worker *worker = work->worker;

    worker->end_ns = work->crew.shift.now_ns;
    worker->timed_echoes = counters_get(&worker->counters.echoed);
    worker->timed_bytes = counters_get(&worker->counters.bytes);
    if (worker->count == UINT64_MAX &&
        work->crew.prompted > counters_get(&worker->counters.sent))
        worker->unsent =
            work->crew.prompted - counters_get(&worker->counters.sent);
    crew_end(&work->crew);
}

/* Everybody has tried to connect, or has had the time to. */
static bool have_tried(const struct work *work)
{
    const struct shift *shift = &work->crew.shift;
    int64_t timeout_ns =
        shift->options->connect_timeout_ms * (int64_t)NS_PER_MS;

    return work->crew.tried == shift->clients ||
           shift->now_ns - shift->arrived_ns >= timeout_ns;
}

/* Nobody ever got through; or, where only a count would end it, nobody has been
 * there for as long as it takes to give up. */
static bool is_hopeless(struct work *work)
{
    const struct shift *shift = &work->crew.shift;
    int64_t patience_ns = (shift->options->connect_timeout_ms +
                           (int64_t)shift->options->reply_timeout_ms) *
                          NS_PER_MS;

    if (counters_get(&work->worker->counters.up) > 0)
        work->up_ns = shift->now_ns;
    if (counters_get(&work->worker->counters.connects) == 0)
        return have_tried(work);
    return work->worker->count != UINT64_MAX &&
           shift->now_ns - work->up_ns >= patience_ns;
}

static bool is_over(struct work *work)
{
    const struct worker *worker = work->worker;
    const struct shift *shift = &work->crew.shift;
    int64_t time_ns = worker->gang->options->time_ms * NS_PER_MS;

    if (shift->local_error != 0)
        atomic_store(&worker->gang->stop, true);
    if (atomic_load(&worker->gang->stop) || shift->left == 0 ||
        is_hopeless(work))
        return true;
    return !shift->gathering && worker->count == UINT64_MAX &&
           shift->now_ns - shift->start_ns >= time_ns;
}

/* The barrier: nobody begins before all workers' clients are there. */
static void tell(struct work *work)
{
    if (!work->told)
        atomic_fetch_add(&work->worker->gang->gathered, 1);
    work->told = true;
}

static void move_phase(struct work *work)
{
    struct gang *gang = work->worker->gang;
    const struct crew *crew = &work->crew;

    if (!crew->shift.ending && is_over(work)) {
        tell(work);
        end(work);
    } else if (crew->shift.gathering) {
        if (have_tried(work))
            tell(work);
        if (atomic_load(&gang->gathered) == gang->workers)
            begin(work);
    }
}

static int64_t next_moment(const struct work *work)
{
    int64_t next = crew_next(&work->crew);
    int64_t barrier = work->crew.shift.now_ns + BARRIER_NS;

    if (work->crew.shift.gathering && work->told && barrier < next)
        return barrier;
    return next;
}

static void run(struct work *work)
{
    struct crew *crew = &work->crew;
    struct shift *shift = &crew->shift;

    while (crew->gone < shift->clients) {
        int ready = poller_wait(shift->poller, next_moment(work));

        if (ready < 0) {
            shift->local_error = errno;
            return;
        }
        shift->now_ns = clock_ns();
        for (int i = 0; i < ready; i++) {
            short events = 0;
            size_t slot = poller_ready(shift->poller, i, &events);

            crew_event(crew, slot, events);
        }
        move_phase(work);
        crew_prompt_due(crew);
        crew_dial(crew);
        crew_look(crew, atomic_load(&work->worker->gang->stop));
    }
}

static int open_work(struct work *work)
{
    struct worker *worker = work->worker;
    const struct options *options = worker->gang->options;
    bool is_gathering =
        options->mode == OPTIONS_ROUND_TRIPS || options->mode == OPTIONS_STREAM;
    int64_t now_ns = clock_ns();

    work->up_ns = now_ns;
    worker->start_ns = is_gathering ? INT64_MAX : now_ns;
    work->crew.shift =
        (struct shift){.options = options,
                       .server = worker->gang->server,
                       .counters = &worker->counters,
                       .run = worker->gang->run,
                       .clients = worker->clients,
                       .left = worker->count,
                       .now_ns = now_ns,
                       .start_ns = now_ns,
                       .arrived_ns = now_ns,
                       .phase_ns = worker->phase_ns,
                       .interval_ns = worker->rate > 0 ? 1e9 / worker->rate : 0,
                       .gathering = is_gathering};
    return crew_open(&work->crew, worker->first);
}

/* With a count the time is that until the last echo. */
static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct work work = {.worker = worker};

    if (open_work(&work) < 0) {
        worker->error = errno;
    } else {
        run(&work);
        worker->error = work.crew.shift.local_error;
    }
    tell(&work);
    if (worker->error != 0)
        atomic_store(&worker->gang->stop, true);
    if (worker->count != UINT64_MAX) {
        worker->timed_echoes = counters_get(&worker->counters.echoed);
        worker->timed_bytes = counters_get(&worker->counters.bytes);
        worker->end_ns = work.crew.shift.echo_ns;
    }
    crew_close(&work.crew);
    atomic_fetch_add(&worker->gang->ended, 1);
    return NULL;
}

int worker_start(struct worker *worker)
{
    return pthread_create(&worker->thread, NULL, worker_main, worker);
}

void worker_join(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
}
