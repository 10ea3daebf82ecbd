/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * schedule: --rate: when which client's message is due.
 *
 * The clients of the whole load take turns: message i, from 0, belongs to
 * client i modulo their number. So it does not matter which thread a client is
 * in. All times are of clock_ns(). Safe to call from any thread.
 */
#ifndef ECHOC_LOAD_SCHEDULE_H
#define ECHOC_LOAD_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

struct schedule {
    double interval_ns; /* between two messages; 0: there is no schedule */
    size_t clients;
    int64_t start_ns; /* the first message is due */
    int64_t end_ns;   /* from then on none is; INT64_MAX: no end */
};

/* When a client's message, counted from 0, is due; INT64_MAX: never. */
int64_t schedule_due_ns(const struct schedule *schedule, uint32_t client,
                        uint64_t message);

/* How many messages are due by a time, of `count` clients from `first` on. */
uint64_t schedule_due(const struct schedule *schedule, int64_t now_ns,
                      uint32_t first, size_t count);

#endif
