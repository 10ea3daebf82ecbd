/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * poller: the same tests on poll(2), which systems without epoll(7) get.
 */
#define POLLER_USE_POLL

/* The source itself, since the library has the other one. */
#include "src/echoc/net/poller.c"

#include "tests/echoc/check_poller.c"
