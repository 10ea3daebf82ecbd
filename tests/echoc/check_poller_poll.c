/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * poller: the tests of check_poller.c again, with poll(2) instead of epoll(7).
 */
#define POLLER_USE_POLL

/* Compiled here, since the library has the epoll(7) variant. */
#include "src/echoc/net/poller.c"

#include "tests/echoc/check_poller.c"
