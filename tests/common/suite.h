/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * suite: what every Check suite shares: one main, and pairs of sockets.
 *
 * A suite defines suite_tests(); each of its tests runs in a process of its
 * own. Everything here fails the test itself when something goes wrong.
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Add the suite's tests to a case with a generous time limit. */
void suite_tests(TCase *tests);
extern const char suite_name[];

/* A connected pair: of Unix sockets, or of TCP sockets on 127.0.0.1. */
void unix_pair(int fds[2]);
void tcp_pair(int fds[2]);

/* Deterministic bytes that depend on their position: xorshift64. */
void fill(unsigned char *bytes, size_t size, uint64_t seed);

void write_all(int fd, const void *bytes, size_t size);
/* Read exactly size bytes; fails the test at an end or after 30 s. */
void read_all(int fd, void *bytes, size_t size);
/* Read until the end, which must be no reset; returns how much. Fails the test
 * after 30 s. */
size_t read_to_end(int fd);
/* Whether there is something to read, or an end, within ms. */
bool is_readable(int fd, int ms);

int64_t now_ms(void);

/* valgrind has limits of its own, and forbids to look at old stacks. */
bool under_valgrind(void);

/* Call until it is true; fails the test with its text after 30 s. */
#define EVENTUALLY(condition)                                                  \
    do {                                                                       \
        int64_t eventually_until = now_ms() + 30000;                           \
                                                                               \
        while (!(condition))                                                   \
            ck_assert_msg(now_ms() < eventually_until, "never: %s",            \
                          #condition);                                         \
    } while (0)

#endif
