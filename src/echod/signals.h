/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * signals: signals and leaving clients wake the accept loop through one pipe.
 *
 * The accept loop's thread opens and waits; any thread may notify. The signals
 * that are caught stay blocked except inside signals_wait(), so that the
 * clients' threads, which inherit the mask, never receive one.
 */
#ifndef ECHOD_SIGNALS_H
#define ECHOD_SIGNALS_H

#include <poll.h>
#include <stdbool.h>

/* What has happened since the last signals_wait(). */
struct signals {
    int stops;     /* SIGTERM, SIGINT, SIGHUP: how many */
    bool totals;   /* SIGUSR1, SIGINFO */
    bool notified; /* signals_notify() */
    bool failed;   /* the pipe, for good: the server must end */
};

/*
 * Ignore SIGPIPE and SIGXFSZ, so that a write returns EPIPE or EFBIG instead,
 * and SIGTTOU, so that a report from the background reaches a terminal that
 * stops others for it (stty tostop).
 */
void signals_ignore(void);

/*
 * Make the pipe, block and catch the signals. SIGHUP stays ignored if it was
 * before, as under nohup(1). Call it before the first thread. Returns 0, or -1
 * with errno.
 */
int signals_open(void);

/* Whether a signal to stop has come since then that signals_wait() has not seen
 * yet: for a wait before the accept loop. */
bool signals_stop_pending(void);

/* Wake the accept loop. Never blocks, and keeps errno. */
void signals_notify(void);

/*
 * Wait like poll(2), ms milliseconds at most (-1: no limit), or until a signal
 * or signals_notify() comes, and store what came. The first element of pollfds
 * is reserved for the pipe. If poll(2) fails, no descriptor is ready; unless a
 * signal ended it, 20 ms pass.
 *
 * If the pipe fails for good, that is logged once and counts as a stop. From
 * then on a wait lasts 20 ms at most, so that the stop can end.
 */
void signals_wait(struct pollfd *pollfds, nfds_t count, int ms,
                  struct signals *signals);

#endif
