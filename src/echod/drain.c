/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * drain: end the copy loops at a stop, where SHUT_RD would destroy input.
 */
#include "config.h"

#include "echod/drain.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Its end of file is the drain: no thread can miss it, or take it away from
 * another. */
static int read_fd = -1;
static _Atomic int write_fd = -1;
static int limit_ms = -1; /* as poll(2) has it */

int drain_open(int timeout_ms)
{
    int fds[2];

    if (pipe(fds) < 0)
        return -1;
    for (int i = 0; i < 2; i++)
        fcntl(fds[i], F_SETFD, FD_CLOEXEC);
    read_fd = fds[0];
    write_fd = fds[1];
    limit_ms = timeout_ms > 0 ? timeout_ms : -1;
    return 0;
}

bool drain_begin(void)
{
    int fd = atomic_exchange(&write_fd, -1);

    if (fd >= 0)
        close(fd);
    return read_fd >= 0;
}

static unsigned received_bytes(int fd)
{
    int bytes = 0;

    return ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? (unsigned)bytes : 0;
}

/* A client that keeps sending must not keep its loop from ending. */
int drain_wait(int fd, uint64_t done, uint64_t *end)
{
    struct pollfd pollfds[] = {{.fd = fd, .events = POLLIN},
                               {.fd = read_fd, .events = POLLIN}};
    int ready = 0;

    if (read_fd < 0)
        return 1;
    ready = poll(pollfds, 2, limit_ms);
    if (ready < 0)
        return -1;
    if (ready == 0) {
        errno = EAGAIN;
        return -1;
    }
    if (pollfds[1].revents == 0 || pollfds[0].revents & (POLLERR | POLLHUP))
        return 1;
    if (*end == 0)
        *end = done + received_bytes(fd);
    return done < *end;
}
