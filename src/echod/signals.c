/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * wakeup: signals and leaving clients wake the accept loop through one pipe.
 *
 * Knows signal(7) and the self-pipe. Must not know what the loop does once it
 * is awake.
 */
#include "config.h"

#include "echod/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

enum { STOP = 's', TOTALS = 't', RING = 'r' };
enum { RETRY_MS = 20 };

static int pipe_fds[2] = {-1, -1};
static sigset_t unblocked;

/* The pipe cannot be full: the loop empties it whenever it wakes, and a bell
 * that is set rings once. */
static void put(char what)
{
    int error = errno;

    while (write(pipe_fds[1], &what, 1) < 0 && errno == EINTR)
        continue;
    errno = error;
}

static void on_stop(int number)
{
    (void)number;
    put(STOP);
}

static void on_totals(int number)
{
    (void)number;
    put(TOTALS);
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

/* A parent may have left signals blocked: those caught here get in anyway. */
static int catch_signals(void)
{
    size_t count = sizeof caught / sizeof caught[0];
    sigset_t blocked;

    sigemptyset(&blocked);
    for (size_t i = 0; i < count; i++)
        sigaddset(&blocked, caught[i].number);
    errno = pthread_sigmask(SIG_BLOCK, &blocked, &unblocked);
    if (errno != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct sigaction action = {.sa_handler = caught[i].handler};

        sigdelset(&unblocked, caught[i].number);
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
    put(RING);
}

static void take(struct signals *signals)
{
    char what[64];
    ssize_t got = 0;

    while ((got = read(pipe_fds[0], what, sizeof what)) > 0)
        for (ssize_t i = 0; i < got; i++) {
            signals->stops += what[i] == STOP;
            signals->totals |= what[i] == TOTALS;
            signals->notified |= what[i] == RING;
        }
}

/* The pipe makes it safe to let signals in before the poll: one that comes in
 * between has left its byte. ppoll(2) would not do: on Linux it delivers none
 * while a descriptor is ready, so a busy listener would keep a stop out. */
void signals_wait(struct pollfd *pollfds, nfds_t count, int ms,
                  struct signals *signals)
{
    sigset_t blocked;
    int ready = 0; /* descriptors, or -1 */

    *signals = (struct signals){0};
    pollfds[0] = (struct pollfd){.fd = pipe_fds[0], .events = POLLIN};
    pthread_sigmask(SIG_SETMASK, &unblocked, &blocked);
    ready = poll(pollfds, count, ms);
    pthread_sigmask(SIG_SETMASK, &blocked, NULL);
    if (ready < 0) {
        for (nfds_t i = 0; i < count; i++)
            pollfds[i].revents = 0;
        /* No memory, or a limit below count: wait without descriptors. */
        if (errno != EINTR)
            poll(NULL, 0, RETRY_MS);
    }
    take(signals);
}
