/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * busypoll: ask a socket for input again and again instead of sleeping.
 *
 * A thread that sleeps in read(2) has to be woken up, which takes longer than
 * the echo. Those who measure a network may want to leave that time out; the
 * price is a busy processor.
 */
#ifndef ECHOD_BUSYPOLL_H
#define ECHOD_BUSYPOLL_H

/* The longest time that busypoll_wait() takes, in microseconds; 0, the default,
 * is none. To be called before the threads start. */
void busypoll_init(int us);

/*
 * Return when the socket has input, has an error or is at end of file, or when
 * the time has passed. At once if as many other threads wait here as half the
 * processors of this process: the clients need the rest. Any thread may call
 * it.
 */
void busypoll_wait(int fd);

#endif
