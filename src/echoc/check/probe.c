/*
 * trial: one question to the path, and its answer.
 *
 * Knows what all trials need: a connection, and words for what went wrong. Must
 * not know the trials.
 */
#include "config.h"

#include "echoc/check/probe.h"

#include "common/clock.h"
#include "echoc/net/dial.h"
#include "echoc/net/pattern.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

int trial_connect(struct site *site, struct stream *stream)
{
    int64_t start = clock_ns();
    int64_t took = 0;
    int fd = dial_endpoint(&site->target.list[site->target.chosen],
                           site->options->connect_timeout_ms);

    stream_open(stream, fd, pattern_key(site->run, site->connections++));
    if (fd < 0) {
        enum fault_kind kind =
            target_is_local(errno) ? FAULT_LOCAL : FAULT_CONNECT;

        return stream_fail(stream, errno == EINTR ? FAULT_STOPPED : kind,
                           errno);
    }
    took = clock_ns() - start;
    histogram_record(&site->connect_times, took);
    if (took < site->quickest_ns)
        site->quickest_ns = took;
    return 0;
}

void trial_hang_up(struct stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

void trial_means(struct answer *answer, const char *words, ...)
{
    va_list list;

    va_start(list, words);
    vsnprintf(answer->means, sizeof answer->means, words, list);
    va_end(list);
}

void trial_ok(struct answer *answer, const char *words, ...)
{
    va_list list;

    answer->verdict = TRIAL_OK;
    va_start(list, words);
    vsnprintf(answer->seen, sizeof answer->seen, words, list);
    va_end(list);
}

void trial_bad(struct answer *answer, const char *words, ...)
{
    va_list list;

    answer->verdict = TRIAL_BAD;
    va_start(list, words);
    vsnprintf(answer->seen, sizeof answer->seen, words, list);
    va_end(list);
}

static const char *meaning_of_change(enum fault_manner manner)
{
    switch (manner) {
    case MANNER_LOST:
        return "bytes are lost on the way";
    case MANNER_ADDED:
        return "something puts bytes in";
    case MANNER_REPEATED:
        return "bytes are sent twice";
    case MANNER_SWAPPED:
        return "bytes change places on the way";
    case MANNER_GARBLED:
        return "what comes back is not an echo";
    case MANNER_CHANGED:
    case MANNER_UNKNOWN:
        break;
    }
    return "bytes are changed on the way";
}

static const char *meaning_of_lateness(const struct fault *fault)
{
    if (fault->sent == fault->offset)
        return "the other side never ends";
    if (fault->offset == 0 && fault->sent == 1)
        return "nothing comes back, or the last byte is held back or dropped";
    if (fault->offset == 0)
        return "nothing answers: no echo server, or a path that swallows bytes";
    if (fault->sent - fault->offset == 1)
        return "the last byte is held back or dropped";
    return "the echo stops short: something holds bytes back or drops them";
}

static const char *meaning_of_refusal(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return "nobody listens there";
    case ENOENT:
        return "there is no such socket: the server does not run, or has it "
               "elsewhere";
    case EACCES:
        return "this user may not connect to it";
    default:
        return "it cannot be reached: a filter, or no way there";
    }
}

static const char *meaning_of(const struct fault *fault)
{
    switch (fault->kind) {
    case FAULT_CONNECT:
        return meaning_of_refusal(fault->error);
    case FAULT_LATE:
        return meaning_of_lateness(fault);
    case FAULT_RESET:
        return "the connection is torn down: a limit, a failure or a middlebox";
    case FAULT_CLOSED:
        return "the other side ends before all is back";
    case FAULT_CHANGED:
        return meaning_of_change(fault->manner);
    case FAULT_EXTRA:
        return "more comes back than was sent: something adds bytes";
    default:
        return "this side's own trouble";
    }
}

void trial_fault(struct site *site, struct answer *answer, const char *where,
                 const struct stream *stream)
{
    char text[FAULT_TEXT_MAX];

    fault_text(&stream->fault, text);
    trial_bad(answer, "%s%s%s", where, *where != '\0' ? ": " : "", text);
    if (answer->means[0] == '\0')
        trial_means(answer, "%s", meaning_of(&stream->fault));
    site->is_short |= stream->fault.kind == FAULT_LOCAL;
    if (stream->fault.kind == FAULT_STOPPED) {
        site->stopped = true;
        answer->verdict = TRIAL_SKIPPED;
        trial_means(answer, "interrupted");
    }
}

void trial_endpoint(struct site *site, size_t endpoint, struct answer *answer)
{
    struct stream stream = {.fd = -1};
    char name[TARGET_NAME_MAX];
    int64_t start = clock_ns();
    int fd = dial_endpoint(&site->target.list[endpoint],
                           site->options->connect_timeout_ms);

    target_name_of(&site->target, endpoint, name);
    if (fd >= 0) {
        trial_ok(answer, "%s in %.3f ms", name,
                 (double)(clock_ns() - start) / 1e6);
        trial_means(answer, "it accepts connections");
        close(fd);
        return;
    }
    stream.fault.kind = errno == EINTR ? FAULT_STOPPED : FAULT_CONNECT;
    stream.fault.error = errno;
    trial_fault(site, answer, name, &stream);
    if (stream.fault.error == EADDRNOTAVAIL ||
        stream.fault.error == EAFNOSUPPORT) {
        answer->verdict = TRIAL_SKIPPED;
        trial_means(answer, "this machine has no address of that family");
    }
}
