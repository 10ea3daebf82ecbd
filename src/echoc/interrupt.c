/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * interrupt: SIGINT and SIGTERM as a descriptor and a question.
 *
 * Knows signal(7) and the self-pipe. Must not know what an interrupt ends.
 */
#include "config.h"

#include "echoc/interrupt.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static int pipe_fds[2] = {-1, -1};
static atomic_bool came;

static void on_signal(int number)
{
    int error = errno;

    (void)number;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    atomic_store(&came, true);
    (void)!write(pipe_fds[1], "", 1);
    errno = error;
}

int interrupt_open(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    if (pipe(pipe_fds) < 0)
        return -1;
    for (int i = 0; i < 2; i++)
        if (fcntl(pipe_fds[i], F_SETFD, FD_CLOEXEC) < 0)
            return -1;
    if (sigaction(SIGINT, &action, NULL) < 0)
        return -1;
    return sigaction(SIGTERM, &action, NULL);
}

int interrupt_fd(void)
{
    return pipe_fds[0];
}

bool interrupt_came(void)
{
    return atomic_load(&came);
}

int interrupt_wait(int fd, short events, int64_t until_ns)
{
    struct pollfd pollfds[2] = {{.fd = pipe_fds[0], .events = POLLIN},
                                {.fd = fd, .events = events}};
    int ready = 0;

    do {
        int64_t left = (until_ns - clock_ns() + 999999) / 1000000;

        if (left > INT_MAX)
            left = INT_MAX;
        ready = poll(pollfds, 2, left > 0 ? (int)left : 0);
    } while ((ready < 0 && errno == EINTR) ||
             (ready == 0 && clock_ns() < until_ns));
    if (ready < 0)
        return -1;
    if (pollfds[0].revents != 0) {
        errno = EINTR;
        return -1;
    }
    return pollfds[1].revents;
}
