/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * drain: end the copy loops at a stop, where SHUT_RD would destroy input.
 *
 * On the BSDs and macOS, shutdown(2) with SHUT_RD discards what was received,
 * and nothing tells that there was something. There, and only there, main()
 * calls drain_open(): then each read(2) comes after a poll(2) for input or the
 * drain.
 */
#ifndef ECHOD_DRAIN_H
#define ECHOD_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

/* Prepare for a drain, with the clients' time limit (0: none), before the first
 * thread. Takes two descriptors. Returns 0, or -1 with errno. */
int drain_open(int timeout_ms);

/* End the reading of all clients. Any thread may call it, again, too. Returns
 * false if drain_open() was not called: then SHUT_RD has to do it. */
bool drain_begin(void);

/*
 * Wait until read(2) does not block. Returns 1 then, or at once if drain_open()
 * was not called; 0 after drain_begin(), when what was received by then has
 * been read; or -1 with errno, EAGAIN after the time limit. done is the number
 * of bytes that were read before; *end is 0 at first, and private. Any thread
 * may call it.
 */
int drain_wait(int fd, uint64_t done, uint64_t *end);

#endif
