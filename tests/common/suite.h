/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * suite: what the Check suites share: main(), sockets, waiting.
 *
 * A suite defines suite_name and suite_tests(). Each test runs in its own
 * process. These functions fail the test when something goes wrong.
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Add the suite's tests to a case, whose time limit is 120 s. */
void suite_tests(TCase *tests);
extern const char suite_name[];

/* Called by suite_tests(): another case of the suite with the same time limit,
 * for tests that have a fixture. */
TCase *suite_case(const char *name);

/* A connected pair: of Unix sockets, or of TCP sockets on 127.0.0.1. */
void unix_pair(int fds[2]);
void tcp_pair(int fds[2]);
/* A listening socket on 127.0.0.1 with a free port. */
int listen_on_loopback(void);
/* Close a TCP socket so that its peer receives a reset (SO_LINGER of 0). */
void reset_connection(int fd);

/* Fill with pseudo-random bytes (xorshift64) that depend on the seed alone. */
void fill(unsigned char *bytes, size_t size, uint64_t seed);

void write_all(int fd, const void *bytes, size_t size);
/* Read exactly size bytes. Fails the test at end of file or after 30 s. */
void read_all(int fd, void *bytes, size_t size);
/* Read until end of file and return the number of bytes. Fails the test at a
 * reset or after 30 s without input. */
size_t read_to_end(int fd);
/* Whether a read would not block: now, or within ms milliseconds. */
bool is_readable(int fd, int ms);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t now_ms(void);

/* valgrind keeps descriptors for itself and reports reads of old stacks. */
bool under_valgrind(void);

/* The sanitizers of this build. A test that one of them does not allow is
 * compiled all the same. */
enum {
#ifdef __SANITIZE_ADDRESS__
    ADDRESS_SANITIZER = true,
#else
    ADDRESS_SANITIZER = false,
#endif
#ifdef __SANITIZE_THREAD__
    THREAD_SANITIZER = true
#else
    THREAD_SANITIZER = false
#endif
};

/* Wait until the condition is true. Fails the test after 30 s. */
#define EVENTUALLY(condition)                                                  \
    do {                                                                       \
        int64_t eventually_start = now_ms();                                   \
                                                                               \
        while (!(condition)) {                                                 \
            ck_assert_msg(now_ms() - eventually_start < 30000, "never: %s",    \
                          #condition);                                         \
            pause_since(eventually_start);                                     \
        }                                                                      \
    } while (0)

/* For EVENTUALLY: sleep for a tenth of the time since start, but for 1 ms at
 * least and 10 ms at most, and leave the processor to the code under test. */
void pause_since(int64_t start);

#endif
