/*
 * talk: one stream, blocking, with an end to every wait.
 *
 * Times are in ms. Every function returns 0, or -1 with the stream's fault:
 * FAULT_LATE when the time is up, FAULT_STOPPED when interrupted.
 */
#ifndef ECHOC_TALK_H
#define ECHOC_TALK_H

#include "echoc/net/connection.h"

/* What talking needs besides the stream: memory, and patience. */
struct talk {
    int timeout_ms;
    bool patient; /* the time is since something moved, not for the whole,
                     ten times, and longer if that is 10 kB/s */
    unsigned char *room; /* STREAM_PIECE bytes, the caller's */
    void (*moved)(const struct stream *stream); /* after each; may be NULL */
};

/* Send up to a total of upto bytes, and receive until all is back. */
int talk_until(const struct talk *talk, struct stream *stream, uint64_t upto);

/* Half-close, and receive what is missing and the other side's end. */
int talk_finish(const struct talk *talk, struct stream *stream);

/*
 * Let so much time pass with nothing to say; an end or a byte that nobody asked
 * for is a fault: FAULT_CLOSED, RESET or EXTRA.
 */
int talk_silence(const struct talk *talk, struct stream *stream, int ms);

#endif
