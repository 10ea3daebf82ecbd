/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * interval: what a load did in each of the equal parts of its time.
 *
 * Only the thread that runs the load may call these functions. They read the
 * workers' counters, which may be a moment old, so that a message may count in
 * the interval after its own; none is lost or counted twice.
 */
#ifndef ECHOC_LOAD_INTERVAL_H
#define ECHOC_LOAD_INTERVAL_H

#include "echoc/load/load.h"

#include <stddef.h>
#include <stdint.h>

struct interval {
    double end;     /* s since the measured time began */
    double seconds; /* its length; the last may be shorter than the others */
    uint64_t up;    /* clients that were connected at its end */
    uint64_t echoed;
    uint64_t bytes;
    uint64_t errors;
    uint64_t times;  /* round trips, of which the next three are the ms */
    double p50, p99; /* NAN if there was none */
    double max;      /* as exact as the others, to 1 part in 128 */
};

struct intervals {
    int64_t length_ns; /* 0: none are wanted */
    int64_t begin_ns;  /* of the measured time; 0: not yet */
    int64_t end_ns;    /* of the last interval */
    uint64_t errors;   /* in all intervals so far */
    struct interval *list;
    size_t count;
    size_t capacity;
};

/* Choose the length: that of --interval; without it, for --json, a twentieth of
 * the time, or a second if that is not known. */
void intervals_init(struct intervals *intervals, const struct options *options);

/* Until when to wait, as a time of clock_ns(); INT64_MAX: no limit. */
int64_t intervals_due_ns(const struct intervals *intervals,
                         const struct load *load);

/* Take the interval that has ended, if one has. With --interval, print it as a
 * line of text unless the report is JSON. */
void intervals_take(struct intervals *intervals, const struct load *load);

/* Take what is left of the measured time. The workers have been joined. */
void intervals_finish(struct intervals *intervals, const struct load *load);

/* Print the member "intervals" of a JSON object. */
void intervals_json(const struct intervals *intervals);

void intervals_free(struct intervals *intervals);

#endif
