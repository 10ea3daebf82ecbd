/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * wakeup: signals and leaving clients wake the accept loop through one pipe.
 *
 * The loop's thread opens and waits; any thread may ring. All signals that are
 * handled stay blocked but inside signals_wait(), so threads made by the loop
 * never see one, and no time is left between looking and sleeping.
 */
#ifndef ECHOD_SIGNALS_H
#define ECHOD_SIGNALS_H

#include <poll.h>
#include <stdbool.h>

/* What has come since the last call. */
struct signals {
    int stops;     /* SIGTERM, SIGINT, SIGHUP: how many */
    bool totals;   /* SIGUSR1, SIGINFO */
    bool notified; /* signals_notify() */
};

/*
 * Make the pipe, block and catch the signals, ignore SIGPIPE and SIGXFSZ (a
 * write says EPIPE or EFBIG instead). A SIGHUP that is ignored already stays
 * so, as nohup(1) wants it. Before the first thread. Returns 0, or -1 with
 * errno.
 */
int signals_open(void);

/* Wake the loop; never blocks, and keeps errno. */
void signals_notify(void);

/*
 * poll(2), with the pipe and the signals: waits for the descriptors in pollfds,
 * whose first element is wakeup's own to fill, for ms milliseconds (-1: no
 * limit) or until it is woken. Tells what woke it, and which of them are ready;
 * if poll(2) fails, none is, and some ms pass.
 */
void signals_wait(struct pollfd *pollfds, nfds_t count, int ms,
                  struct signals *signals);

#endif
