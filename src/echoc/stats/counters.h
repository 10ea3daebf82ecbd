/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * tally: what a share of the clients has done so far.
 *
 * One worker writes; any thread may read, and sees numbers that are at most a
 * little old. All zeros at first.
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
    _Atomic uint64_t sent; /* messages; what is neither of the next is lost */
    _Atomic uint64_t echoed;
    _Atomic uint64_t changed;
    _Atomic uint64_t bytes;     /* that came back right */
    _Atomic uint64_t served;    /* clients that have had an echo */
    _Atomic uint64_t served_ns; /* of clock_ns(), when the last of them had */
    _Atomic uint64_t errors[FAULT_KINDS];
    struct histogram connect_times;
    struct histogram round_trips;
    struct fault first; /* for after the worker has ended */
};

/* Only the writer may call this. */
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

/* Count a fault; the first one stays. Only the writer may call this. */
void counters_fault(struct counters *counters, const struct fault *fault);

/* The messages that neither came back nor came back changed. */
uint64_t counters_lost(const struct counters *counters);

/* Members of a JSON object: sent to first_fault, as echoc(1) lists them. */
void counters_json(const struct counters *counters);

/* Add what another has counted; the first fault that there is stays. */
void counters_merge(struct counters *into, const struct counters *from);

#endif
