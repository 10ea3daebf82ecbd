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

/* The descriptors are blocking, may be the same, and stay the caller's. Their
 * time limit is SO_RCVTIMEO and SO_SNDTIMEO, socket(7). */
struct echo {
    int in_fd;
    int out_fd;
    int delay_ms;              /* each chunk is held back this long */
    int queued;                /* private; the caller sets 0 */
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
