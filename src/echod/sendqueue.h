/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * sendqueue: what was written to a socket but has not reached the peer.
 *
 * Any thread may call these on a descriptor of its own.
 */
#ifndef ECHOD_SENDQUEUE_H
#define ECHOD_SENDQUEUE_H

#include <stdbool.h>
#include <stdint.h>

/* TCP counts the FIN as a byte. */
enum { SENDQUEUE_FIN = 1 };

/*
 * The bytes that the peer has not acknowledged (TCP, tcp(7) SIOCOUTQ) or not
 * read (Unix sockets); 0 where the kernel cannot tell. Keeps errno.
 */
int sendqueue_bytes(int fd);

/*
 * The same, or -1 with errno if the connection broke before the peer had
 * acknowledged everything: ECONNRESET, ETIMEDOUT and others of tcp(7).
 * half_closed says that shutdown(2) with SHUT_WR came before: then the FIN does
 * not count.
 */
int sendqueue_unacked(int fd, bool half_closed);

/* A wait for acknowledgements. The caller sets fd, the longest time without
 * progress (0: no limit), and whether shutdown(2) came before. */
struct sendqueue_wait {
    int fd;
    int timeout_ms;
    bool half_closed;
    int pause_us; /* private, like the rest */
    int unacked;
    int64_t moved_ms;
};

/*
 * Sleep for a moment, but not the first time, and return what
 * sendqueue_unacked() returns then; -1 with EAGAIN after the time limit. To be
 * called in a loop: no system call waits for an acknowledgement but a close(2)
 * that lingers, and that reports nothing. The pauses grow from 0.1 ms to half a
 * second.
 */
int sendqueue_wait(struct sendqueue_wait *wait);

/* Whether there is input that was not read. */
bool sendqueue_has_input(int fd);

/* Make the close of a TCP socket discard what is still in its queue, and reset
 * the connection, if there is something (SO_LINGER, socket(7)). */
void sendqueue_discard(int fd);

/*
 * Wait until the connection is over in both directions (reset, or shut down),
 * at most ms milliseconds. Returns whether it is over.
 */
bool sendqueue_wait_hangup(int fd, int ms);

#endif
