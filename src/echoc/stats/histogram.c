/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * histogram: a distribution of times in fixed memory, with an error below 1%.
 */
#include "config.h"

#include "echoc/stats/histogram.h"

#include <math.h>
#include <stdbool.h>

enum { SUB_BUCKET_BITS = 7 };

static double get_sum(const _Atomic double *sum)
{
    return atomic_load_explicit(sum, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* Only one thread writes, so an addition need not be atomic. */
static void set(_Atomic uint64_t *number, uint64_t value)
{
    atomic_store_explicit(number, value, memory_order_relaxed);
}

static void set_sum(_Atomic double *sum, double value)
{
    atomic_store_explicit(sum, value, memory_order_relaxed);
}

/* The first 256 buckets are 1 ns wide. Each further power of two has 128
 * buckets, which are twice as wide as those before. */
static size_t bucket_of(uint64_t ns)
{
    unsigned shift = 0;

    if (ns >> HISTOGRAM_MAX_BITS != 0)
        return HISTOGRAM_BUCKETS - 1;
    if (ns < 2 * HISTOGRAM_SUB_BUCKETS)
        return (size_t)ns;
    shift = 63U - SUB_BUCKET_BITS - (unsigned)__builtin_clzll(ns);
    return (size_t)shift * HISTOGRAM_SUB_BUCKETS + (size_t)(ns >> shift);
}

uint64_t histogram_lower_bound(size_t bucket)
{
    size_t shift = 0;

    if (bucket < 2 * HISTOGRAM_SUB_BUCKETS)
        return bucket;
    shift = bucket / HISTOGRAM_SUB_BUCKETS - 1;
    return (uint64_t)(bucket - shift * HISTOGRAM_SUB_BUCKETS) << shift;
}

void histogram_record(struct histogram *histogram, int64_t ns)
{
    histogram_record_many(histogram, ns, 1);
}

void histogram_record_many(struct histogram *histogram, int64_t ns,
                           uint64_t times)
{
    uint64_t value = ns > 0 ? (uint64_t)ns : 0;
    _Atomic uint64_t *bucket = &histogram->buckets[bucket_of(value)];
    uint64_t count = get(&histogram->count);

    if (count == 0 || value < get(&histogram->min))
        set(&histogram->min, value);
    if (value > get(&histogram->max))
        set(&histogram->max, value);
    set_sum(&histogram->sum,
            get_sum(&histogram->sum) + (double)value * (double)times);
    set_sum(&histogram->squares,
            get_sum(&histogram->squares) +
                (double)value * (double)value * (double)times);
    set(bucket, get(bucket) + times);
    set(&histogram->count, count + times);
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    uint64_t count = 0;

    if (get(&from->count) == 0)
        return;
    if (get(&into->count) == 0 || get(&from->min) < get(&into->min))
        set(&into->min, get(&from->min));
    if (get(&from->max) > get(&into->max))
        set(&into->max, get(&from->max));
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t more = get(&from->buckets[i]);

        if (more > 0)
            set(&into->buckets[i], get(&into->buckets[i]) + more);
        count += more;
    }
    set_sum(&into->sum, get_sum(&into->sum) + get_sum(&from->sum));
    set_sum(&into->squares, get_sum(&into->squares) + get_sum(&from->squares));
    set(&into->count, get(&into->count) + count);
}

void histogram_difference(struct histogram *difference,
                          const struct histogram *later,
                          const struct histogram *earlier)
{
    uint64_t count = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t more = get(&later->buckets[i]) - get(&earlier->buckets[i]);

        set(&difference->buckets[i], more);
        if (more == 0)
            continue;
        if (count == 0)
            set(&difference->min, histogram_lower_bound(i));
        set(&difference->max, histogram_lower_bound(i + 1) - 1);
        count += more;
    }
    if (count == 0)
        set(&difference->max, 0);
    set_sum(&difference->sum, get_sum(&later->sum) - get_sum(&earlier->sum));
    set_sum(&difference->squares,
            get_sum(&later->squares) - get_sum(&earlier->squares));
    set(&difference->count, count);
}

static double middle(size_t bucket)
{
    uint64_t lower = histogram_lower_bound(bucket);

    return ((double)lower + (double)histogram_lower_bound(bucket + 1) - 1) / 2;
}

double histogram_at_rank(const struct histogram *histogram, uint64_t rank,
                         uint64_t *count)
{
    double min = (double)get(&histogram->min);
    double max = (double)get(&histogram->max);
    uint64_t seen = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += get(&histogram->buckets[i]);
        if (seen == 0 || seen < rank)
            continue;
        if (count != NULL)
            *count = seen;
        return rank == 0 ? min : fmin(fmax(middle(i), min), max);
    }
    if (count != NULL)
        *count = seen;
    return max;
}

double histogram_quantile(const struct histogram *histogram, double share)
{
    uint64_t count = get(&histogram->count);

    if (count == 0)
        return 0;
    return histogram_at_rank(histogram, (uint64_t)ceil(share * (double)count),
                             NULL);
}

double histogram_mean(const struct histogram *histogram)
{
    uint64_t count = get(&histogram->count);

    return count > 0 ? get_sum(&histogram->sum) / (double)count : 0;
}

/* The difference is off by some 1e-16 of the squares, so that the root is right
 * to less than 1e-6 of the mean, and could be of a negative number. */
double histogram_deviation(const struct histogram *histogram)
{
    double count = (double)get(&histogram->count);
    double mean = histogram_mean(histogram);

    if (count == 0 || get(&histogram->min) == get(&histogram->max))
        return 0;
    return sqrt(fmax(get_sum(&histogram->squares) / count - mean * mean, 0));
}
