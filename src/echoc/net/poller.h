/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * poller: wait for events on many descriptors.
 *
 * Uses epoll(7) where available, else poll(2). Only one thread may use a
 * poller.
 */
#ifndef ECHOC_NET_POLLER_H
#define ECHOC_NET_POLLER_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

struct poller;

/* Make a poller with slots 0 to count - 1. Returns NULL with errno on error. */
struct poller *poller_open(size_t count);
void poller_close(struct poller *poller);

/*
 * Watch a descriptor in a free slot for POLLIN, POLLOUT or both; change these
 * events; free the slot again, before the descriptor is closed. Each returns 0,
 * or -1 with errno.
 */
int poller_add(struct poller *poller, size_t slot, int fd, short events);
int poller_change(struct poller *poller, size_t slot, int fd, short events);
int poller_remove(struct poller *poller, size_t slot, int fd);

/*
 * Wait for an event, at most until a time of clock_ns(). Returns the number of
 * ready slots, which is 0 on a timeout or a signal, or -1 with errno.
 */
int poller_wait(struct poller *poller, int64_t deadline_ns);

/* The slot of ready descriptor i, counted from 0, and its events, which may
 * include POLLERR and POLLHUP. */
size_t poller_ready(const struct poller *poller, int i, short *events);

#endif
