/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * signals: signals and leaving clients wake the accept loop through one pipe.
 */
#include "config.h"

#include "echod/signals.h"

#include "echod/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static int pipe_fds[2] = {-1, -1};
static bool is_broken;     /* the pipe */
static sigset_t wait_mask; /* in force inside signals_wait() only */

/* What has come; the pipe only wakes the loop. The signals are counted by their
 * handlers, which run in the accept loop's thread inside signals_wait(). */
static volatile sig_atomic_t stops;
static volatile sig_atomic_t totals;
static atomic_bool notified;

/* A full pipe wakes the loop as well. If writing fails for another reason, the
 * write end is replaced by a read end: then the loop reads end of file. (The
 * number must not become free, or a client's socket might get it.) */
static void wake(void)
{
    int error = errno;
    ssize_t written = 0;

    do
        written = write(pipe_fds[1], "", 1);
    while (written < 0 && errno == EINTR);
    if (written < 0 && errno != EAGAIN)
        dup2(pipe_fds[0], pipe_fds[1]);
    errno = error;
}

static void on_stop(int number)
{
    (void)number;
    stops = stops + 1;
    wake();
}

static void on_totals(int number)
{
    (void)number;
    totals = 1;
    wake();
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

void signals_ignore(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
}

int signals_open(void)
{
    if (pipe(pipe_fds) < 0 || set_flags(pipe_fds[0]) < 0 ||
        set_flags(pipe_fds[1]) < 0)
        return -1;
    return catch_signals();
}

bool signals_stop_pending(void)
{
    size_t count = sizeof caught / sizeof caught[0];
    bool is_pending = false;
    sigset_t pending;

    sigemptyset(&pending);
    sigpending(&pending);
    for (size_t i = 0; i < count; i++)
        if (caught[i].handler == on_stop && !is_ignored(caught[i].number))
            is_pending |= sigismember(&pending, caught[i].number) == 1;
    return is_pending;
}

void signals_notify(void)
{
    atomic_store(&notified, true);
    wake();
}

static void empty_pipe(void)
{
    char bytes[64];
    ssize_t count = 0;

    do
        count = read(pipe_fds[0], bytes, sizeof bytes);
    while (count > 0 || (count < 0 && errno == EINTR));
    if (count < 0 && errno == EAGAIN)
        return;
    is_broken = true;
    log_warn("the pipe for signals: %s (stopping)",
             count < 0 ? log_strerror(errno) : "end of file");
}

/* A pipe that has just failed counts as a signal to stop. */
static void collect(struct signals *signals)
{
    bool was_broken = is_broken;

    if (!is_broken)
        empty_pipe();
    signals->stops = stops;
    signals->totals = totals != 0;
    signals->notified = atomic_exchange(&notified, false);
    signals->failed = is_broken;
    if (!was_broken && is_broken && stops == 0)
        signals->stops = 1;
    stops = totals = 0;
}

/* A signal that comes between unblocking and poll(2) does not wait: its handler
 * has written to the pipe. ppoll(2) would not do: on Linux it delivers no
 * signal while a descriptor is ready, so a busy listener would delay a stop. */
void signals_wait(struct pollfd *pollfds, nfds_t count, int ms,
                  struct signals *signals)
{
    enum { RETRY_MS = 20 };
    sigset_t blocked;
    int ready = 0;

    pollfds[0] =
        (struct pollfd){.fd = is_broken ? -1 : pipe_fds[0], .events = POLLIN};
    if (is_broken && (ms < 0 || ms > RETRY_MS))
        ms = RETRY_MS; /* nobody can wake the loop */
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
    collect(signals);
}
