/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * echo: copy bytes from one descriptor to another until end of file.
 */
#ifndef ECHOD_ECHO_H
#define ECHOD_ECHO_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * A client has the time limit when it has its echo and sends nothing. If it has
 * not accepted all of its echo, it has three halves of the limit from a look at
 * the send queue, one each half, that finds a change.
 */
static inline int echo_half_limit(int limit_ms)
{
    return limit_ms / 2 + limit_ms % 2;
}

/* The descriptors are blocking, may be the same, and stay the caller's. Their
 * SO_RCVTIMEO and SO_SNDTIMEO, socket(7), are half the time limit. */
struct echo {
    int in_fd;
    int out_fd;
    int delay_ms;              /* each chunk is held back this long */
    int queued;                /* private; the caller sets 0 */
    int waits;                 /* the same */
    _Atomic uint64_t *written; /* bytes echoed so far; any thread may read it */
};

/*
 * Copy in_fd to out_fd until end of file. Returns 0, or -1 with errno from
 * read(2) or write(2); EAGAIN means that the time limit passed and nothing
 * moved. *written counts what was written in either case. Allocates nothing
 * until a chunk fills the small buffer. SIGPIPE must be ignored.
 */
int echo_until_eof(struct echo *echo);

#endif
