/*
 * trial_end: what becomes of a connection when one side has said all?
 *
 * Knows half-close, end and reset. Must not know the other trials.
 */
#include "config.h"

#include "common/clock.h"
#include "common/sockopt.h"
#include "echoc/interrupt.h"
#include "echoc/check/probe.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

/* The rest and our end fit the first windows (RFC 6928), so that the end is
 * there as soon as the bytes are. */
enum { REST_BYTES = 8 * 1024, SMALL_BYTES = 512, NS_PER_MS = 1000000 };

/* What works without ends; a fault here is no fault of theirs. */
static int warm_up(struct site *site, struct stream *stream)
{
    if (trial_connect(site, stream) < 0)
        return -1;
    return talk_until(&site->talk, stream, SMALL_BYTES);
}

/* Send without reading; the last bytes are held back, so that they travel with
 * the end and cannot be answered before it. */
static int send_only(struct site *site, struct stream *stream)
{
    int64_t until = clock_ns() + site->talk.timeout_ms * (int64_t)NS_PER_MS;

#ifdef TCP_CORK
    sockopt_set(stream->fd, IPPROTO_TCP, TCP_CORK, 1);
#endif
    while (stream->sent < SMALL_BYTES + REST_BYTES) {
        int events = interrupt_wait(stream->fd, POLLOUT, until);

        if (events < 0)
            return stream_fail(stream, FAULT_STOPPED, 0);
        if (events == 0)
            break; /* so much is enough */
        if (stream_send(stream, SMALL_BYTES + REST_BYTES, site->talk.room) < 0)
            return -1;
    }
    return 0;
}

static void judge_rest(struct site *site, struct answer *answer,
                       const struct stream *stream)
{
    switch (stream->fault.kind) {
    case FAULT_CLOSED:
    case FAULT_RESET:
        trial_means(answer, "our end is taken for the end of both sides: "
                            "half-close is not honoured, and the rest is lost");
        break;
    case FAULT_LATE:
        if (stream_missing(stream) == 0)
            trial_means(answer, "our end is not passed on: the other side "
                                "never ends");
        break;
    default:
        break;
    }
    trial_fault(site, answer, "after our end", stream);
}

void trial_half_close(struct site *site, struct answer *answer)
{
    struct stream stream;

    if (warm_up(site, &stream) < 0 || send_only(site, &stream) < 0) {
        trial_fault(site, answer, "", &stream);
    } else if (talk_finish(&site->talk, &stream) < 0) {
        judge_rest(site, answer, &stream);
    } else {
        trial_means(answer, "half-close is honoured");
        trial_ok(answer,
                 "%" PRIu64 " bytes came back after our end, then a clean end",
                 stream.received - SMALL_BYTES);
    }
    trial_hang_up(&stream);
}

/* Everything is back, so nothing excuses a reset. */
void trial_end(struct site *site, struct answer *answer)
{
    struct stream stream;

    if (warm_up(site, &stream) < 0) {
        trial_fault(site, answer, "", &stream);
    } else if (talk_finish(&site->talk, &stream) < 0) {
        if (stream.fault.kind == FAULT_RESET)
            trial_means(answer, "connections end by reset: who waits for an "
                                "end takes that for a failure");
        trial_fault(site, answer, "at the end", &stream);
    } else {
        trial_means(answer, "an end arrives as an end");
        trial_ok(answer, "a clean end and no reset after %d bytes",
                 SMALL_BYTES);
    }
    trial_hang_up(&stream);
}

/* SO_LINGER of zero: close(2) resets, socket(7). */
static void reset(struct stream *stream)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    trial_hang_up(stream);
}

void trial_abort(struct site *site, struct answer *answer)
{
    struct stream stream;

    if (warm_up(site, &stream) < 0 || send_only(site, &stream) < 0) {
        trial_fault(site, answer, "", &stream);
        trial_hang_up(&stream);
        return;
    }
    reset(&stream);
    if (warm_up(site, &stream) < 0) {
        trial_means(answer, "one client's reset hurts the next");
        trial_fault(site, answer, "after a reset of ours", &stream);
    } else {
        trial_means(answer, "one client's reset hurts nobody else");
        trial_ok(answer, "we reset a connection, the next was served");
    }
    trial_hang_up(&stream);
}
