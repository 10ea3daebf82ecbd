/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * histogram: a distribution of times in fixed memory, with an error below 1%.
 *
 * Log-linear buckets as in HdrHistogram: each power of two is divided into 128
 * equal parts, so that a bucket is at most 1/128 of its lower bound wide. They
 * reach 2^44 ns, almost five hours; longer times count in the last one. One
 * thread records; any thread may read, and sees counts that may be slightly
 * old. Initialize with zeros.
 */
#ifndef ECHOC_STATS_HISTOGRAM_H
#define ECHOC_STATS_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_SUB_BUCKETS = 128,
    HISTOGRAM_MAX_BITS = 44,
    HISTOGRAM_BUCKETS = (HISTOGRAM_MAX_BITS - 7 + 1) * HISTOGRAM_SUB_BUCKETS
};

struct histogram {
    _Atomic uint64_t count;
    _Atomic double sum;     /* ns; 2^64 would be too little, see --rate */
    _Atomic double squares; /* their sum, ns^2 */
    _Atomic uint64_t min;   /* ns; undefined while count is 0 */
    _Atomic uint64_t max;   /* ns */
    _Atomic uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* Count a time; a negative one as 0. Only one thread may call this. */
void histogram_record(struct histogram *histogram, int64_t ns);

/* The same, for a time that occurred several times, at least once. */
void histogram_record_many(struct histogram *histogram, int64_t ns,
                           uint64_t times);

/* Add all counts of `from`. Only the thread that records in `into` may call
 * this. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* Set to what was recorded between two states of a histogram. min and max are
 * the ends of buckets. */
void histogram_difference(struct histogram *difference,
                          const struct histogram *later,
                          const struct histogram *earlier);

/*
 * The time in ns that a share (0 to 1) of all times does not exceed: the middle
 * of its bucket, limited to min and max. 0 if the histogram is empty.
 */
double histogram_quantile(const struct histogram *histogram, double share);

/*
 * The time in ns that is in place rank when all are in ascending order, from 1
 * (0: the minimum): the middle of its bucket, limited to min and max. Stores
 * the number of times in that bucket and below unless count is NULL.
 */
double histogram_at_rank(const struct histogram *histogram, uint64_t rank,
                         uint64_t *count);

/* Mean and standard deviation in ns; 0 if the histogram is empty. */
double histogram_mean(const struct histogram *histogram);
double histogram_deviation(const struct histogram *histogram);

/* The shortest time that counts in a bucket, in ns; for HISTOGRAM_BUCKETS, the
 * end of the last one. */
uint64_t histogram_lower_bound(size_t bucket);

#endif
