/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * histogram: many times, in fixed memory, to within one part in a hundred.
 *
 * Log-linear buckets as in HdrHistogram: each power of two is cut in 128 equal
 * parts, so that a bucket is at most 1/128 of its least value wide. Up to
 * 2^44 ns, almost five hours; what is longer counts as that. One thread
 * records; any thread may read or merge meanwhile, and sees counts that are at
 * most a little old.
 */
#ifndef ECHOC_STATS_HISTOGRAM_H
#define ECHOC_STATS_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_PARTS = 128,
    HISTOGRAM_LONGEST_BITS = 44,
    HISTOGRAM_BUCKETS = (HISTOGRAM_LONGEST_BITS - 7 + 1) * HISTOGRAM_PARTS
};

/* Begins as all zeros. */
struct histogram {
    _Atomic uint64_t count;
    _Atomic uint64_t sum; /* ns */
    _Atomic uint64_t min; /* ns; means nothing while count is 0 */
    _Atomic uint64_t max;
    _Atomic uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* Count a time; below zero counts as zero. */
void histogram_record(struct histogram *histogram, int64_t ns);

/* Add what another has counted. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/*
 * The time that a share (0 to 1) of all times does not exceed: the middle of
 * the bucket it falls into, and never beyond min and max. 0 while empty.
 */
double histogram_quantile(const struct histogram *histogram, double share);

/* 0 while empty. The deviation is over the middles of the buckets. */
double histogram_mean(const struct histogram *histogram);
double histogram_deviation(const struct histogram *histogram);

/* The least time that a bucket counts, in ns; that of the next one ends it. */
uint64_t histogram_least(size_t bucket);

#endif
