/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * delivery: what has been written to a descriptor but is still on its way.
 *
 * Knows the two kernel queries about the sending side of a socket. Must not
 * know what is sent, nor why anybody waits.
 */
#include "config.h"

#include "echod/sendqueue.h"

#include "common/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#ifdef HAVE_LINUX_SOCKIOS_H
#include <linux/sockios.h>
#endif

enum { LOOK_EVERY_MS = 5 };

int sendqueue_bytes(int fd)
{
    int error = errno;
    int bytes = 0;

#ifdef SIOCOUTQ
    if (ioctl(fd, SIOCOUTQ, &bytes) < 0)
        bytes = 0;
#else
    (void)fd;
#endif
    errno = error;
    return bytes;
}

bool sendqueue_changed(int fd, int *last)
{
    int before = *last;

    *last = sendqueue_bytes(fd);
    return *last != before;
}

/* A poll for no event still ends on an error or a hang-up: a sleep that a
 * reset or shutdown(2) cuts short. */
bool sendqueue_hold(int fd, int ms)
{
    struct pollfd pollfd = {.fd = fd, .events = 0};
    int64_t until = clock_ms() + ms;
    int ready = 0;

    do
        ready = poll(&pollfd, 1, clock_left(until));
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

void sendqueue_wait(int fd)
{
    while (sendqueue_bytes(fd) > 0 && !sendqueue_hold(fd, LOOK_EVERY_MS))
        continue;
}
