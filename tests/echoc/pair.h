/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * pair: a connection to test, and a peer that the test plays.
 *
 * There is one at a time, in these variables. Every function fails the test on
 * an error.
 */
#ifndef TESTS_ECHOC_PAIR_H
#define TESTS_ECHOC_PAIR_H

#include "echoc/net/connection.h"
#include "tests/common/suite.h"

enum { PAIR_KEY = 0x6142, PAIR_KINDS = 2 };

extern struct connection connection;
extern int peer_fd; /* blocking */
extern unsigned char buffer[CONNECTION_CHUNK];

/* unix_pair and tcp_pair, for loops over both. */
extern void (*const pair_kinds[PAIR_KINDS])(int fds[2]);

/* Connect a new pair; the one before is closed. */
void pair_open(void (*kind)(int fds[2]));
/* A teardown function for a checked fixture. */
void pair_close(void);
/* Reset the connection from the peer's side. */
void pair_reset(void);

/* Send size bytes; the peer receives them and compares them to the pattern. */
void pair_send(size_t size);
/* Send size bytes, and let the first `count` of them come back. */
void pair_echo(size_t size, size_t count);
/* connection_receive(), when there is something to receive. */
int64_t pair_receive(void);

/* Check what connection.fault is. */
void expect_fault(enum fault_kind kind, uint64_t offset, uint64_t sent);
void expect_no_fault(void);

#endif
