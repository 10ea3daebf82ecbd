/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * poller: wait for events on many descriptors.
 */
#include "config.h"

#include "echoc/net/poller.h"

#include "common/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

static int64_t left_ns(int64_t deadline_ns)
{
    int64_t left = deadline_ns - clock_ns();

    return left > 0 ? left : 0;
}

/* Rounded up, so that no wait ends early. */
static int to_ms(int64_t ns)
{
    int64_t ms = (ns + NS_PER_MS - 1) / NS_PER_MS;

    return ms < INT_MAX ? (int)ms : INT_MAX;
}

#if defined HAVE_SYS_EPOLL_H && !defined POLLER_USE_POLL

#include <sys/epoll.h>

enum { READY_MAX = 512 };

struct poller {
    int fd;
    struct epoll_event ready[READY_MAX];
};

/* True on Linux, see epoll_ctl(2), but not guaranteed. */
_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT &&
                   EPOLLERR == POLLERR && EPOLLHUP == POLLHUP,
               "EPOLL* events differ from POLL*");

struct poller *poller_open(size_t count)
{
    struct poller *poller = calloc(1, sizeof *poller);

    (void)count;
    if (poller == NULL)
        return NULL;
    poller->fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->fd >= 0)
        return poller;
    free(poller);
    return NULL;
}

void poller_close(struct poller *poller)
{
    if (poller == NULL)
        return;
    close(poller->fd);
    free(poller);
}

static int control(struct poller *poller, int operation, size_t slot, int fd,
                   short events)
{
    struct epoll_event event = {.events = (uint32_t)events,
                                .data.u64 = (uint64_t)slot};

    return epoll_ctl(poller->fd, operation, fd, &event);
}

int poller_add(struct poller *poller, size_t slot, int fd, short events)
{
    return control(poller, EPOLL_CTL_ADD, slot, fd, events);
}

int poller_change(struct poller *poller, size_t slot, int fd, short events)
{
    return control(poller, EPOLL_CTL_MOD, slot, fd, events);
}

/* close(2) removes it from the epoll set, as no descriptor is duplicated. */
int poller_remove(struct poller *poller, size_t slot, int fd)
{
    (void)poller;
    (void)slot;
    (void)fd;
    return 0;
}

static int wait_ns(struct poller *poller, int64_t ns)
{
#ifdef HAVE_EPOLL_PWAIT2
    struct timespec timeout = {.tv_sec = (time_t)(ns / NS_PER_S),
                               .tv_nsec = (long)(ns % NS_PER_S)};
    int ready =
        epoll_pwait2(poller->fd, poller->ready, READY_MAX, &timeout, NULL);

    if (ready >= 0 || (errno != ENOSYS && errno != EPERM))
        return ready;
#endif
    return epoll_wait(poller->fd, poller->ready, READY_MAX, to_ms(ns));
}

int poller_wait(struct poller *poller, int64_t deadline_ns)
{
    int ready = wait_ns(poller, left_ns(deadline_ns));

    return ready < 0 && errno == EINTR ? 0 : ready;
}

size_t poller_ready(const struct poller *poller, int i, short *events)
{
    *events = (short)poller->ready[i].events;
    return (size_t)poller->ready[i].data.u64;
}

#else

struct poller {
    size_t count;
    struct pollfd *slots; /* fd is -1 where nothing is watched */
    size_t *ready;
};

struct poller *poller_open(size_t count)
{
    struct poller *poller = calloc(1, sizeof *poller);

    if (poller == NULL)
        return NULL;
    poller->count = count;
    poller->slots = calloc(count, sizeof *poller->slots);
    poller->ready = calloc(count, sizeof *poller->ready);
    if (poller->slots == NULL || poller->ready == NULL) {
        poller_close(poller);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        poller->slots[i].fd = -1;
    return poller;
}

void poller_close(struct poller *poller)
{
    if (poller == NULL)
        return;
    free(poller->slots);
    free(poller->ready);
    free(poller);
}

int poller_add(struct poller *poller, size_t slot, int fd, short events)
{
    poller->slots[slot] = (struct pollfd){.fd = fd, .events = events};
    return 0;
}

int poller_change(struct poller *poller, size_t slot, int fd, short events)
{
    return poller_add(poller, slot, fd, events);
}

int poller_remove(struct poller *poller, size_t slot, int fd)
{
    (void)fd;
    return poller_add(poller, slot, -1, 0);
}

int poller_wait(struct poller *poller, int64_t deadline_ns)
{
    int ready = poll(poller->slots, poller->count, to_ms(left_ns(deadline_ns)));
    int found = 0;

    if (ready < 0)
        return errno == EINTR ? 0 : -1;
    for (size_t i = 0; i < poller->count && found < ready; i++)
        if (poller->slots[i].fd >= 0 && poller->slots[i].revents != 0)
            poller->ready[found++] = i;
    return found;
}

size_t poller_ready(const struct poller *poller, int i, short *events)
{
    *events = poller->slots[poller->ready[i]].revents;
    return poller->ready[i];
}

#endif
