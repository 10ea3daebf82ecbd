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
#include <time.h>
#ifdef HAVE_LINUX_SOCKIOS_H
#include <linux/sockios.h>
#elif defined __linux__
#define SIOCOUTQ TIOCOUTQ /* a C library without the kernel's headers */
#endif

enum { PAUSE_MIN_US = 100, PAUSE_MAX_US = 500000 };

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

/* A TCP client that resets the connection has acknowledged the bytes before,
 * perhaps after the first look at the queue; a Unix client that closes without
 * reading destroys what was in the queue, perhaps after that look. */
int sendqueue_unacked(int fd, bool half_closed)
{
    int fin = half_closed ? SENDQUEUE_FIN : 0;
    int unacked = sendqueue_bytes(fd) - fin;
    int error = 0;
    socklen_t length = sizeof error;

    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0 && (!is_tcp(fd) || sendqueue_bytes(fd) > fin)) {
        errno = error;
        return -1;
    }
    return error == 0 && unacked > 0 ? unacked : 0;
}

/* Each pause is half as long again, so that the end is noticed soon, relative
 * to the time it took; at most a sixth of the time limit, since a change and
 * the end can both be noticed a pause late, or half a second. */
static void set_next_pause(struct sendqueue_wait *wait)
{
    int max_us = PAUSE_MAX_US;

    if (wait->timeout_ms > 0 && wait->timeout_ms < 6 * PAUSE_MAX_US / 1000)
        max_us = wait->timeout_ms * 1000 / 6;
    wait->pause_us += wait->pause_us / 2 + PAUSE_MIN_US;
    if (wait->pause_us > max_us)
        wait->pause_us = max_us;
}

int sendqueue_wait(struct sendqueue_wait *wait)
{
    struct timespec pause = {.tv_nsec = wait->pause_us * 1000L};
    int64_t now_ms = 0;
    int unacked = 0;

    if (wait->pause_us > 0)
        nanosleep(&pause, NULL);
    set_next_pause(wait);
    now_ms = clock_ms();
    unacked = sendqueue_unacked(wait->fd, wait->half_closed);
    if (unacked != wait->unacked) {
        wait->unacked = unacked;
        wait->moved_ms = now_ms;
    } else if (unacked > 0 && wait->timeout_ms > 0 &&
               now_ms - wait->moved_ms >= wait->timeout_ms) {
        errno = EAGAIN;
        return -1;
    }
    return unacked;
}

bool sendqueue_has_input(int fd)
{
    char byte = 0;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void sendqueue_discard(int fd)
{
    struct linger linger = {.l_onoff = 1};

    if (sendqueue_bytes(fd) > 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
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
