/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * interrupt: signals and a deadline end what a command waits for.
 */
#ifndef ECHOC_INTERRUPT_H
#define ECHOC_INTERRUPT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Catch the first SIGINT or SIGTERM; the next one has its default action. One
 * that was ignored when the process started stays ignored (POSIX, sh: commands
 * in the background). main() calls this before it starts threads. Returns 0, or
 * -1 with errno.
 */
int interrupt_catch(void);

/*
 * A descriptor that becomes and stays readable after an interrupt. It is -1,
 * which poll(2) ignores, if signals are not caught. Do not read or close it.
 */
int interrupt_fd(void);

/* Whether an interrupt was received. Safe to call from any thread. */
bool interrupt_received(void);

/*
 * Take a time of clock_ns() for an interrupt, too: interrupt_poll() notices
 * that it has come.
 */
void interrupt_at(int64_t time_ns);

/*
 * Catch SIGQUIT, unless it was ignored: interrupt_poll() calls report(context)
 * and goes on. Returns 0, or -1 with errno.
 */
int interrupt_on_quit(void (*report)(void *context), void *context);

/*
 * poll(2), until a time of clock_ns(). The first INTERRUPT_POLLFDS of the array
 * are for this module to fill in. Returns how many of the others are ready, 0
 * on timeout, or -1 with errno: EINTR after an interrupt.
 */
enum { INTERRUPT_POLLFDS = 2 };
int interrupt_poll(struct pollfd *pollfds, size_t count, int64_t deadline_ns);

/*
 * The same for one descriptor, or none if fd is -1. Returns its revents, 0 on
 * timeout, or -1 with errno: EINTR after an interrupt.
 */
int interrupt_wait(int fd, short events, int64_t deadline_ns);

#endif
