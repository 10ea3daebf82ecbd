/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * signals: signals and leaving clients wake the accept loop through one pipe.
 */
#include "config.h"

#include "echod/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* What is written to the pipe. */
enum { STOP = 's', TOTALS = 't', NOTIFY = 'n' };

static int pipe_fds[2] = {-1, -1};
static sigset_t wait_mask; /* in force inside signals_wait() only */

/* The pipe does not fill up: the accept loop empties it whenever it wakes, and
 * a client notifies only if the loop asked for it, once. */
static void write_pipe(char what)
{
    int error = errno;

    while (write(pipe_fds[1], &what, 1) < 0 && errno == EINTR)
        continue;
    errno = error;
}

static void on_stop(int number)
{
    (void)number;
    write_pipe(STOP);
}

static void on_totals(int number)
{
    (void)number;
    write_pipe(TOTALS);
}

static const struct {
    int number;
    void (*handler)(int);
} caught[] = {
    {SIGTERM, on_stop},   {SIGINT, on_stop},
    {SIGHUP, on_stop},    {SIGUSR1, on_totals},
#ifdef SIGINFO
    {SIGINFO, on_totals},
#endif
};

static bool is_ignored(int number)
{
    struct sigaction now;

    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* The parent may have left signals blocked: those caught here are unblocked
 * while waiting in any case. */
static int catch_signals(void)
{
    size_t count = sizeof caught / sizeof caught[0];
    sigset_t blocked;

    sigemptyset(&blocked);
    for (size_t i = 0; i < count; i++)
        sigaddset(&blocked, caught[i].number);
    errno = pthread_sigmask(SIG_BLOCK, &blocked, &wait_mask);
    if (errno != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct sigaction action = {.sa_handler = caught[i].handler};

        sigdelset(&wait_mask, caught[i].number);
        sigfillset(&action.sa_mask);
        if (caught[i].number == SIGHUP && is_ignored(SIGHUP))
            continue;
        if (sigaction(caught[i].number, &action, NULL) < 0)
            return -1;
    }
    return 0;
}

static int set_flags(int fd)
{
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -1;
    return fcntl(fd, F_SETFL, O_NONBLOCK);
}

int signals_open(void)
{
    if (pipe(pipe_fds) < 0 || set_flags(pipe_fds[0]) < 0 ||
        set_flags(pipe_fds[1]) < 0)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    return catch_signals();
}

void signals_notify(void)
{
    write_pipe(NOTIFY);
}

static void read_pipe(struct signals *signals)
{
    char what[64];
    ssize_t count = 0;

    while ((count = read(pipe_fds[0], what, sizeof what)) > 0)
        for (ssize_t i = 0; i < count; i++) {
            signals->stops += what[i] == STOP;
            signals->totals |= what[i] == TOTALS;
            signals->notified |= what[i] == NOTIFY;
        }
}

/* A signal that comes between unblocking and poll(2) is not missed: its handler
 * has written to the pipe. ppoll(2) would not do: on Linux it delivers no
 * signal while a descriptor is ready, so a busy listener would delay a stop. */
void signals_wait(struct pollfd *pollfds, nfds_t count, int ms,
                  struct signals *signals)
{
    enum { RETRY_MS = 20 };
    sigset_t blocked;
    int ready = 0;

    *signals = (struct signals){0};
    pollfds[0] = (struct pollfd){.fd = pipe_fds[0], .events = POLLIN};
    pthread_sigmask(SIG_SETMASK, &wait_mask, &blocked);
    ready = poll(pollfds, count, ms);
    pthread_sigmask(SIG_SETMASK, &blocked, NULL);
    if (ready < 0) {
        for (nfds_t i = 0; i < count; i++)
            pollfds[i].revents = 0;
        /* Out of memory, or a descriptor limit below count: do not spin. */
        if (errno != EINTR)
            poll(NULL, 0, RETRY_MS);
    }
    read_pipe(signals);
}
