/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * counters: what one thread's clients have done so far.
 *
 * One thread writes. Any thread may read at any time with counters_get(); the
 * numbers it sees may be slightly old, and need not be of the same moment.
 * Initialize with zeros.
 */
#ifndef ECHOC_STATS_COUNTERS_H
#define ECHOC_STATS_COUNTERS_H

#include "echoc/net/fault.h"
#include "echoc/stats/histogram.h"

#include <stdatomic.h>
#include <stdint.h>

struct counters {
    _Atomic uint64_t up; /* clients that are connected now */
    _Atomic uint64_t connects;
    _Atomic uint64_t sent; /* messages that were begun */
    _Atomic uint64_t echoed;
    _Atomic uint64_t changed;
    _Atomic uint64_t unfinished; /* load: cut off at the end while they moved */
    _Atomic uint64_t bytes;      /* that came back correctly */
    _Atomic uint64_t served;     /* clients that have received an echo */
    _Atomic uint64_t served_ns; /* clock_ns() when the last of them first did */
    _Atomic uint64_t errors[FAULT_KINDS];
    struct histogram connect_times;
    struct histogram round_trips;
    struct histogram send_delays; /* load --rate: how late messages were sent */
    struct fault first; /* not atomic: read it when the writer has ended */
};

/* Add to one of the numbers. Only the writer may call this. */
static inline void counters_add(_Atomic uint64_t *number, uint64_t more)
{
    atomic_store_explicit(
        number, atomic_load_explicit(number, memory_order_relaxed) + more,
        memory_order_relaxed);
}

static inline uint64_t counters_get(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* Count a fault, and keep the first. Only the writer may call this. */
void counters_fault(struct counters *counters, const struct fault *fault);

/* The number of messages that came back neither correct nor changed, and were
 * not cut off while they might still have done so. */
uint64_t counters_lost(const struct counters *counters);

/* Print the members "sent" to "first_fault" of a JSON object, see
 * echoc-json(5). */
void counters_json(const struct counters *counters);

/* Add the numbers of `from`; its first fault is not copied. Only the writer of
 * `into` may call this. */
void counters_merge(struct counters *into, const struct counters *from);

#endif
