/*
 * talk: one stream, blocking, with an end to every wait.
 *
 * Knows poll(2) and deadlines. Must not know what the talk is to prove.
 */
#include "config.h"

#include "echoc/net/exchange.h"

#include "common/clock.h"
#include "echoc/interrupt.h"

#include <poll.h>
#include <stddef.h>

/* Patience ends where bytes only drip: below 10 kB/s, and after ten times. */
enum { NS_PER_MS = 1000000, SLOWEST_NS_PER_BYTE = 100000, PATIENCE_MOST = 10 };

static int fail_waiting(struct stream *stream, int ready, int timeout_ms)
{
    stream_fail(stream, ready < 0 ? FAULT_STOPPED : FAULT_LATE, 0);
    stream->fault.after_ms = timeout_ms;
    return -1;
}

/* One step in each direction. Returns bytes moved, or -1. */
static int64_t step(const struct talk *talk, struct stream *stream,
                    uint64_t upto, int revents)
{
    int64_t moved = 0;

    if ((revents & (POLLIN | POLLERR | POLLHUP)) != 0) {
        moved = stream_receive(stream, talk->room);
        if (moved < 0)
            return -1;
    }
    if ((revents & POLLOUT) != 0 && !stream->ended) {
        int64_t sent = stream_send(stream, upto, talk->room);

        if (sent < 0)
            return -1;
        moved += sent;
    }
    return moved;
}

/* Until all is back, or until the end when that is wanted. */
static int run(const struct talk *talk, struct stream *stream, uint64_t upto,
               bool to_end)
{
    int64_t patience = talk->timeout_ms * (int64_t)NS_PER_MS;
    int64_t until = clock_ns() + patience;
    int64_t limit = until + PATIENCE_MOST * patience +
                    (int64_t)(upto - stream->received) * SLOWEST_NS_PER_BYTE;

    while (!stream->ended &&
           (to_end || stream->sent < upto || stream_missing(stream) > 0)) {
        short events = stream->sent < upto ? POLLIN | POLLOUT : POLLIN;
        int ready = interrupt_wait(stream->fd, events, until);
        int64_t moved = 0;

        if (ready <= 0)
            return fail_waiting(stream, ready, talk->timeout_ms);
        moved = step(talk, stream, upto, ready);
        if (moved < 0)
            return -1;
        if (moved > 0 && talk->patient)
            until = clock_ns() + patience;
        if (until > limit)
            until = limit;
        if (moved > 0 && talk->moved != NULL)
            talk->moved(stream);
    }
    if (stream->sent < upto)
        return stream_fail(stream, FAULT_CLOSED, 0);
    return 0;
}

int talk_until(const struct talk *talk, struct stream *stream, uint64_t upto)
{
    return run(talk, stream, upto, false);
}

int talk_finish(const struct talk *talk, struct stream *stream)
{
    if (stream_half_close(stream) < 0)
        return -1;
    return run(talk, stream, stream->sent, true);
}

int talk_silence(const struct talk *talk, struct stream *stream, int ms)
{
    int64_t until = clock_ns() + ms * (int64_t)NS_PER_MS;

    for (;;) {
        int ready = interrupt_wait(stream->fd, POLLIN, until);

        if (ready < 0)
            return fail_waiting(stream, ready, ms);
        if (ready == 0)
            return 0;
        if (stream_receive(stream, talk->room) < 0)
            return -1;
        if (stream->ended)
            return stream_fail(stream, FAULT_CLOSED, 0);
    }
}
