/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * interrupt: SIGINT and SIGTERM as a descriptor and a question.
 */
#ifndef ECHOC_INTERRUPT_H
#define ECHOC_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

/* Catch the two from now on; returns 0, or -1 with errno. For main, before
 * there are threads. A second one has its default effect: it kills. */
int interrupt_open(void);

/* A descriptor that is readable, for good, once one was caught; -1 (which
 * poll(2) passes over) if they are not caught. Nobody reads or closes it. */
int interrupt_fd(void);

/* Whether one was caught. From any thread. */
bool interrupt_came(void);

/*
 * poll(2) on one descriptor, or none (-1), until a moment of clock_ns() or an
 * interrupt. Returns its revents, 0 when the time has come, or -1 with EINTR
 * once interrupted.
 */
int interrupt_wait(int fd, short events, int64_t until_ns);

#endif
