/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * echo: bytes back until end of file.
 */
#ifndef ECHOD_ECHO_H
#define ECHOD_ECHO_H

#include <stdatomic.h>
#include <stdint.h>

/* One stream. The descriptors are blocking, the caller's, and may be the same;
 * a time limit is theirs: SO_RCVTIMEO and SO_SNDTIMEO, socket(7). */
struct echo {
    int in_fd;
    int out_fd;
    int delay_ms;              /* every piece is held back so long */
    int pending;               /* echo's own; 0 at first */
    _Atomic uint64_t *written; /* bytes echoed so far; any thread may look */
};

/*
 * Copy in_fd to out_fd until end of file. Returns 0 then, or -1 with errno
 * from read(2) or write(2); EAGAIN means that nothing moved for the sockets'
 * time limit. Whatever it returns, *written has grown by what went out.
 * SIGPIPE must be ignored. Allocates nothing until a piece fills the first
 * buffer.
 */
int echo_until_end(struct echo *echo);

#endif
