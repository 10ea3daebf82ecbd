/*
 * stream: one connection's bytes, sent and proven to come back.
 *
 * Knows send(2), recv(2) and the pattern. Must not know when to send, how long
 * to wait, or how many other streams there are.
 */
#include "config.h"

#include "echoc/net/connection.h"

#include "echoc/net/pattern.h"

#include <errno.h>
#include <sys/socket.h>

void stream_open(struct stream *stream, int fd, uint64_t key)
{
    *stream = (struct stream){.fd = fd, .key = key};
}

uint64_t stream_missing(const struct stream *stream)
{
    return stream->sent - stream->received;
}

int stream_fail(struct stream *stream, enum fault_kind kind, int error)
{
    stream->fault = (struct fault){.kind = kind,
                                   .error = error,
                                   .offset = stream->received,
                                   .sent = stream->sent};
    return -1;
}

static bool is_for_later(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* EPIPE: the other side has ended, and what came before is still to be read, so
 * the reading side tells. After a reset there is nothing more to learn. */
int64_t stream_send(struct stream *stream, uint64_t upto, void *room)
{
    uint64_t left = upto - stream->sent;
    size_t size = left < STREAM_PIECE ? (size_t)left : STREAM_PIECE;
    ssize_t taken = 0;

    if (size == 0)
        return 0;
    pattern_fill(stream->key, stream->sent, room, size);
    taken = send(stream->fd, room, size, MSG_NOSIGNAL);
    if (taken < 0)
        return is_for_later(errno) || errno == EPIPE
                   ? 0
                   : stream_fail(stream, FAULT_RESET, errno);
    stream->sent += (uint64_t)taken;
    return taken;
}

/* The first right bytes of a piece are counted before it fails. */
static int64_t fail_changed(struct stream *stream, const unsigned char *came,
                            size_t right, size_t size)
{
    stream_fail(stream, FAULT_CHANGED, 0);
    stream->fault.expected = pattern_at(stream->key, stream->received);
    stream->fault.got = came[right];
    if (!stream->brief)
        fault_diagnose(&stream->fault, stream->key, came + right, size - right);
    return -1;
}

static int64_t fail_extra(struct stream *stream, const unsigned char *came,
                          size_t right, size_t size)
{
    stream_fail(stream, FAULT_EXTRA, 0);
    stream->fault.got = came[right];
    stream->fault.count = size - right;
    return -1;
}

static int64_t take(struct stream *stream, const unsigned char *came,
                    size_t size)
{
    uint64_t missing = stream_missing(stream);
    size_t due = size < missing ? size : (size_t)missing;
    size_t right = pattern_match(stream->key, stream->received, came, due);

    stream->received += right;
    if (right < due)
        return fail_changed(stream, came, right, size);
    if (due < size)
        return fail_extra(stream, came, right, size);
    return (int64_t)right;
}

int64_t stream_receive(struct stream *stream, void *room)
{
    ssize_t got = recv(stream->fd, room, STREAM_PIECE, 0);

    if (got > 0)
        return take(stream, room, (size_t)got);
    if (got < 0)
        return is_for_later(errno) ? 0
                                   : stream_fail(stream, FAULT_RESET, errno);
    if (stream_missing(stream) > 0)
        return stream_fail(stream, FAULT_CLOSED, 0);
    stream->ended = true;
    return 0;
}

/* ENOTCONN: it is over already, and to read tells how. */
int stream_half_close(struct stream *stream)
{
    if (shutdown(stream->fd, SHUT_WR) == 0 || errno == ENOTCONN)
        return 0;
    return stream_fail(stream, FAULT_RESET, errno);
}
