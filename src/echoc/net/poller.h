/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * poller: many descriptors, and which of them are ready.
 *
 * One thread's. epoll(7) where there is one, else poll(2).
 */
#ifndef ECHOC_NET_POLLER_H
#define ECHOC_NET_POLLER_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

struct poller;

/* For slots numbered below count; NULL with errno. */
struct poller *poller_open(size_t count);
void poller_close(struct poller *poller);

/*
 * Watch a descriptor in a slot that is free, for POLLIN, POLLOUT or both; watch
 * it for something else; stop, before it is closed. Return 0, or -1 with errno.
 */
int poller_add(struct poller *poller, size_t slot, int fd, short events);
int poller_change(struct poller *poller, size_t slot, int fd, short events);
int poller_remove(struct poller *poller, size_t slot, int fd);

/*
 * Wait until something is ready or a moment of clock_ns(). Returns how many
 * slots are ready, which poller_ready() then tells; -1 with errno, not EINTR.
 */
int poller_wait(struct poller *poller, int64_t until_ns);

/* The slot of one that is ready, and its events, POLLERR and POLLHUP too. */
size_t poller_ready(const struct poller *poller, int index, short *events);

#endif
