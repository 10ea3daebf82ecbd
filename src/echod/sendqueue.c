/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * sendqueue: what was written to a socket but has not reached the peer.
 */
#include "config.h"

#include "echod/sendqueue.h"

#include "common/address.h"
#include "common/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#ifdef HAVE_LINUX_SOCKIOS_H
#include <linux/sockios.h>
#endif

enum { POLL_INTERVAL_MS = 5 };

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

static bool is_tcp(int fd)
{
    struct endpoint name = {.length = sizeof name.address};

    return getsockname(fd, &name.address.any, &name.length) == 0 &&
           name.address.any.sa_family != AF_UNIX;
}

/* No system call waits for this without closing the socket first: so poll. */
bool sendqueue_drain(int fd)
{
    char byte = 0;

    if (!is_tcp(fd))
        return true;
    while (sendqueue_bytes(fd) > 0 &&
           !sendqueue_wait_hangup(fd, POLL_INTERVAL_MS))
        continue;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

/* poll(2) for no event still reports POLLHUP and POLLERR. */
bool sendqueue_wait_hangup(int fd, int ms)
{
    struct pollfd pollfd = {.fd = fd, .events = 0};
    int64_t until_ms = clock_ms() + ms;
    int ready = 0;

    do
        ready = poll(&pollfd, 1, clock_left(until_ms));
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}
