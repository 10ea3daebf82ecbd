/*
 * worker: a thread that is a share of a load's clients.
 *
 * Knows when: to dial, to prompt, to look who is late, to begin and to end.
 * Must not know what a client says.
 */
#include "config.h"

#include "echoc/worker.h"

#include "common/clock.h"
#include "echoc/client.h"
#include "echoc/poller.h"
#include "echoc/stream.h"

#include <errno.h>
#include <stdlib.h>

enum {
    DIALLING_MAX = 256, /* more at once would overflow most backlogs */
    TICK_NS = 100000000,
    BARRIER_NS = 1000000,
    NS_PER_MS = 1000000
};

/* A worker's thread: its clients, and those of them that are to dial, in the
 * order they came. */
struct crew {
    struct worker *worker;
    struct shift shift;
    struct client *clients;
    size_t *queue; /* a ring of slots */
    size_t queue_first;
    size_t queue_length;
    size_t dialling;
    size_t tried;      /* clients whose first connection is decided */
    size_t gone;       /* clients that are done for good */
    uint64_t prompted; /* --rate: messages whose time has come */
    bool told;         /* that all are gathered */
    int64_t tick_ns;   /* when to look next who is late */
};

static void enqueue(struct crew *crew, const struct client *client)
{
    size_t count = crew->shift.clients;

    crew->queue[(crew->queue_first + crew->queue_length++) % count] =
        client->slot;
}

/* After everything that may have moved a client on. */
static void follow(struct crew *crew, struct client *client,
                   enum client_state before)
{
    if (before == CLIENT_DIALLING && client->state != CLIENT_DIALLING) {
        crew->dialling--;
        if (crew->tried < crew->shift.clients)
            crew->tried++;
    }
    if (before == CLIENT_AWAY || client->state != CLIENT_AWAY)
        return;
    if (crew->shift.ending)
        crew->gone++;
    else
        enqueue(crew, client);
}

/* A churning client's message begins with its call, so it has its time. */
static int64_t dial_time(const struct crew *crew, const struct client *client)
{
    const struct shift *shift = &crew->shift;
    int64_t due = 0;

    if (shift->options->mode == OPTIONS_CHURN && shift->interval_ns > 0)
        due = client_due(shift, client);
    return due > client->again_ns ? due : client->again_ns;
}

static void dial_some(struct crew *crew)
{
    while (crew->queue_length > 0 && crew->dialling < DIALLING_MAX &&
           crew->shift.local_error == 0) {
        struct client *client = &crew->clients[crew->queue[crew->queue_first]];

        if (dial_time(crew, client) > crew->shift.now_ns)
            return;
        crew->queue_first = (crew->queue_first + 1) % crew->shift.clients;
        crew->queue_length--;
        client_dial(&crew->shift, client);
        if (client->state == CLIENT_DIALLING) {
            crew->dialling++;
        } else {
            enqueue(crew, client);
            crew->tried += crew->tried < crew->shift.clients;
        }
    }
}

static void prompt(struct crew *crew, struct client *client)
{
    enum client_state before = client->state;

    client_prompt(&crew->shift, client);
    follow(crew, client, before);
}

static void prompt_all(struct crew *crew)
{
    for (size_t i = 0; i < crew->shift.clients; i++)
        prompt(crew, &crew->clients[i]);
}

/* The schedule goes round the clients, one message each. */
static void prompt_due(struct crew *crew)
{
    struct shift *shift = &crew->shift;

    if (shift->interval_ns == 0 || shift->gathering || shift->ending)
        return;
    while (shift->start_ns +
               (int64_t)((double)crew->prompted * shift->interval_ns) <=
           shift->now_ns)
        prompt(crew, &crew->clients[crew->prompted++ % shift->clients]);
}

static void begin(struct crew *crew)
{
    crew->shift.gathering = false;
    crew->shift.start_ns = clock_ns();
    crew->shift.now_ns = crew->shift.start_ns;
    crew->worker->start_ns = crew->shift.start_ns;
    if (crew->shift.interval_ns == 0)
        prompt_all(crew);
}

static void end(struct crew *crew)
{
    struct worker *worker = crew->worker;

    crew->shift.gathering = false;
    crew->shift.ending = true;
    worker->end_ns = crew->shift.now_ns;
    worker->timed_echoes = tally_get(&worker->tally.echoed);
    worker->timed_bytes = tally_get(&worker->tally.bytes);
    crew->gone += crew->queue_length;
    crew->queue_length = 0;
    /* The last round trips of --hold are beyond any count. */
    crew->shift.left = UINT64_MAX;
    prompt_all(crew);
}

/* Nobody ever got through, and everybody has tried. */
static bool is_hopeless(const struct crew *crew)
{
    return crew->tried == crew->shift.clients &&
           tally_get(&crew->worker->tally.connects) == 0;
}

static bool is_over(const struct crew *crew)
{
    const struct worker *worker = crew->worker;
    int64_t time_ns = worker->gang->options->time_ms * NS_PER_MS;

    if (crew->shift.local_error != 0)
        atomic_store(&worker->gang->stop, true);
    if (atomic_load(&worker->gang->stop) || crew->shift.left == 0 ||
        is_hopeless(crew))
        return true;
    return !crew->shift.gathering && worker->count == UINT64_MAX &&
           crew->shift.now_ns - crew->shift.start_ns >= time_ns;
}

/* The barrier: nobody begins before all workers' clients are there. */
static void tell(struct crew *crew)
{
    if (!crew->told)
        atomic_fetch_add(&crew->worker->gang->gathered, 1);
    crew->told = true;
}

static void move_phase(struct crew *crew)
{
    struct gang *gang = crew->worker->gang;

    if (!crew->shift.ending && is_over(crew)) {
        tell(crew);
        end(crew);
    } else if (crew->shift.gathering) {
        if (crew->tried == crew->shift.clients)
            tell(crew);
        if (atomic_load(&gang->gathered) == gang->workers)
            begin(crew);
    }
}

/* When interrupted, nobody waits for connections that are not there yet. */
static void look_who_is_late(struct crew *crew)
{
    bool stop = atomic_load(&crew->worker->gang->stop);

    if (crew->shift.now_ns < crew->tick_ns)
        return;
    crew->tick_ns = crew->shift.now_ns + TICK_NS;
    for (size_t i = 0; i < crew->shift.clients; i++) {
        struct client *client = &crew->clients[i];
        enum client_state before = client->state;

        if (stop && before == CLIENT_DIALLING)
            client_drop(&crew->shift, client);
        else
            client_look(&crew->shift, client);
        follow(crew, client, before);
    }
}

static int64_t next_moment(const struct crew *crew)
{
    const struct shift *shift = &crew->shift;
    int64_t next = crew->tick_ns;
    int64_t due = next;

    if (shift->gathering && crew->told)
        due = shift->now_ns + BARRIER_NS;
    else if (shift->interval_ns > 0 && !shift->gathering && !shift->ending)
        due = shift->start_ns +
              (int64_t)((double)crew->prompted * shift->interval_ns);
    if (due < next)
        next = due;
    if (crew->queue_length > 0 && crew->dialling < DIALLING_MAX) {
        due = dial_time(crew, &crew->clients[crew->queue[crew->queue_first]]);
        if (due < next)
            next = due;
    }
    return next;
}

static void run(struct crew *crew)
{
    struct shift *shift = &crew->shift;

    while (crew->gone < shift->clients) {
        int ready = poller_wait(shift->poller, next_moment(crew));

        if (ready < 0) {
            shift->local_error = errno;
            return;
        }
        shift->now_ns = clock_ns();
        for (int i = 0; i < ready; i++) {
            short events = 0;
            size_t slot = poller_ready(shift->poller, i, &events);
            struct client *client = &crew->clients[slot];
            enum client_state before = client->state;

            client_event(shift, client, events);
            follow(crew, client, before);
        }
        move_phase(crew);
        prompt_due(crew);
        dial_some(crew);
        look_who_is_late(crew);
    }
}

static int open_crew(struct crew *crew)
{
    struct worker *worker = crew->worker;
    const struct options *options = worker->gang->options;

    crew->shift =
        (struct shift){.options = options,
                       .target = worker->gang->target,
                       .tally = &worker->tally,
                       .run = worker->gang->run,
                       .clients = worker->clients,
                       .left = worker->count,
                       .interval_ns = worker->rate > 0 ? 1e9 / worker->rate : 0,
                       .gathering = options->mode == OPTIONS_ROUND_TRIPS ||
                                    options->mode == OPTIONS_STREAM};
    crew->shift.poller = poller_open(worker->clients);
    crew->shift.room = malloc(STREAM_PIECE);
    crew->clients = calloc(worker->clients, sizeof *crew->clients);
    crew->queue = calloc(worker->clients, sizeof *crew->queue);
    if (crew->shift.poller == NULL || crew->shift.room == NULL ||
        crew->clients == NULL || crew->queue == NULL)
        return -1;
    for (size_t i = 0; i < worker->clients; i++) {
        crew->clients[i].slot = i;
        crew->clients[i].number = worker->first + (uint32_t)i;
        enqueue(crew, &crew->clients[i]);
    }
    crew->shift.start_ns = clock_ns();
    crew->shift.now_ns = crew->shift.start_ns;
    worker->start_ns = crew->shift.start_ns;
    return 0;
}

static void close_crew(struct crew *crew)
{
    if (crew->clients != NULL && crew->shift.poller != NULL)
        for (size_t i = 0; i < crew->shift.clients; i++)
            client_drop(&crew->shift, &crew->clients[i]);
    poller_close(crew->shift.poller);
    free(crew->shift.room);
    free(crew->clients);
    free(crew->queue);
}

/* With a count the time is that until the last echo. */
static void *worker_main(void *argument)
{
    struct crew crew = {.worker = argument};
    struct worker *worker = argument;

    if (open_crew(&crew) < 0) {
        worker->error = errno;
    } else {
        run(&crew);
        worker->error = crew.shift.local_error;
    }
    tell(&crew);
    if (worker->error != 0)
        atomic_store(&worker->gang->stop, true);
    if (worker->count != UINT64_MAX) {
        worker->timed_echoes = tally_get(&worker->tally.echoed);
        worker->timed_bytes = tally_get(&worker->tally.bytes);
        worker->end_ns = crew.shift.echo_ns;
    }
    close_crew(&crew);
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
