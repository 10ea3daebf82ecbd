/*
 * trial_crowd: are many clients served at once, or one after another?
 *
 * Knows how to tell the two apart. Must not know the other trials.
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/interrupt.h"
#include "echoc/net/poller.h"
#include "echoc/check/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE = 64, LOOK_NS = 100000000, NS_PER_MS = 1000000 };

struct crowd {
    struct stream *streams;
    size_t count;
    size_t connected;
    size_t answered;
    size_t failed;
    struct poller *poller;
    struct stream first_failed;
};

static void count_failure(struct crowd *crowd, const struct stream *stream)
{
    if (crowd->failed++ == 0)
        crowd->first_failed = *stream;
}

static int gather(struct site *site, struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++) {
        struct stream *stream = &crowd->streams[i];

        crowd->connected++;
        if (trial_connect(site, stream) == 0 &&
            poller_add(crowd->poller, i, stream->fd, POLLIN) < 0)
            stream_fail(stream, FAULT_LOCAL, errno);
        if (stream->fault.kind == FAULT_NONE)
            continue;
        count_failure(crowd, stream);
        trial_hang_up(stream);
        if (stream->fault.kind != FAULT_CONNECT)
            return -1;
        /* The others would not fare better, each after as long a wait. */
        crowd->failed = crowd->count - i;
        break;
    }
    return 0;
}

/* The last to come speaks first: who serves in turn has not met it yet. */
static void speak(struct site *site, struct crowd *crowd)
{
    for (size_t i = crowd->connected; i-- > 0;) {
        struct stream *stream = &crowd->streams[i];

        if (stream->fd < 0 ||
            stream_send(stream, MESSAGE, site->talk.room) >= 0)
            continue;
        count_failure(crowd, stream);
        trial_hang_up(stream);
    }
}

static void hear(struct site *site, struct crowd *crowd, size_t slot)
{
    struct stream *stream = &crowd->streams[slot];
    int64_t got = 0;

    if (stream->received == MESSAGE) { /* it has its answer already */
        poller_remove(crowd->poller, slot, stream->fd);
        trial_hang_up(stream);
        return;
    }
    got = stream_receive(stream, site->talk.room);
    if (got >= 0 && !stream->ended) {
        crowd->answered += stream->received == MESSAGE && got > 0;
        return;
    }
    if (stream->ended)
        stream_fail(stream, FAULT_CLOSED, 0);
    poller_remove(crowd->poller, slot, stream->fd);
    count_failure(crowd, stream);
    trial_hang_up(stream);
}

/* Until all have their answer, or the time is up. Returns -1 if interrupted. */
static int listen_to_all(struct site *site, struct crowd *crowd)
{
    int64_t until = clock_ns() + site->talk.timeout_ms * (int64_t)NS_PER_MS;

    while (crowd->answered + crowd->failed < crowd->count) {
        int64_t now = clock_ns();
        int ready = 0;

        if (interrupt_came())
            return -1;
        if (now >= until)
            break;
        ready = poller_wait(crowd->poller,
                            until < now + LOOK_NS ? until : now + LOOK_NS);
        for (int i = 0; i < ready; i++) {
            short events = 0;

            hear(site, crowd, poller_ready(crowd->poller, i, &events));
        }
    }
    return 0;
}

static void judge(struct site *site, struct answer *answer,
                  const struct crowd *crowd)
{
    char where[96];

    if (crowd->answered == crowd->count) {
        trial_means(answer, "clients are served at the same time");
        trial_ok(answer, "%zu of %zu clients answered while all were there",
                 crowd->answered, crowd->count);
        return;
    }
    if (crowd->failed == 0 && crowd->answered == 1)
        trial_means(answer, "clients are served one after another");
    else if (crowd->answered > 0)
        trial_means(answer, "not all are served at once: a limit, or a server "
                            "that cannot keep up");
    else if (crowd->failed == 0)
        trial_means(answer, "nobody has a whole answer");
    snprintf(where, sizeof where,
             "%zu of %zu clients answered while all were there",
             crowd->answered, crowd->count);
    if (crowd->failed > 0)
        trial_fault(site, answer, where, &crowd->first_failed);
    else
        trial_bad(answer, "%s", where);
}

static void try(struct site *site, struct crowd *crowd, struct answer *answer)
{
    int done = gather(site, crowd);

    if (done == 0) {
        speak(site, crowd);
        done = listen_to_all(site, crowd);
        if (done < 0)
            stream_fail(&crowd->first_failed, FAULT_STOPPED, 0);
    }
    if (done < 0)
        trial_fault(site, answer, "", &crowd->first_failed);
    else
        judge(site, answer, crowd);
    for (size_t i = 0; i < crowd->connected; i++)
        trial_hang_up(&crowd->streams[i]);
}

void trial_crowd(struct site *site, struct answer *answer)
{
    struct crowd crowd = {.count = site->options->clients};

    crowd.streams = calloc(crowd.count, sizeof *crowd.streams);
    crowd.poller = poller_open(crowd.count);
    if (crowd.streams != NULL && crowd.poller != NULL) {
        try(site, &crowd, answer);
    } else {
        stream_fail(&crowd.first_failed, FAULT_LOCAL, errno);
        trial_fault(site, answer, "", &crowd.first_failed);
    }
    poller_close(crowd.poller);
    free(crowd.streams);
}
