/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * steps: a histogram in steps of equal width on a logarithmic scale.
 */
#include "config.h"

#include "echoc/stats/steps.h"

#include <math.h>

static double edge(int step, int per_decade)
{
    return pow(10, (double)step / per_decade);
}

/* The last step that does not begin after a time; what log10() gives may be
 * rounded to the other side of an edge. */
static int step_of(double ns, int per_decade)
{
    int step = (int)floor(log10(fmax(ns, 1)) * per_decade);

    while (edge(step + 1, per_decade) <= ns)
        step++;
    while (step > 0 && edge(step, per_decade) > ns)
        step--;
    return step;
}

static void add(struct steps *steps, int step, double count)
{
    int last = steps->count - 1;

    step -= steps->first;
    steps->counts[step < last ? step : last] += count;
}

/* Add a bucket, as if its times were spread evenly from begin to end. */
static void add_bucket(struct steps *steps, double begin, double end,
                       double count)
{
    int last = step_of(end, steps->per_decade);

    for (int step = step_of(begin, steps->per_decade); step < last; step++) {
        double next = edge(step + 1, steps->per_decade);
        double part = (next - begin) / (end - begin) * count;

        add(steps, step, part);
        count -= part;
        begin = next;
    }
    add(steps, last, count);
}

int steps_needed(const struct histogram *histogram, int per_decade)
{
    return step_of((double)histogram->max, per_decade) -
           step_of((double)histogram->min, per_decade) + 1;
}

/* Nothing is shorter than the minimum or longer than the maximum, so that equal
 * times are in one step even if their bucket reaches over an edge. */
void steps_fill(struct steps *steps, const struct histogram *histogram,
                int per_decade)
{
    double min = (double)histogram->min;
    double max = (double)histogram->max;
    int needed = steps_needed(histogram, per_decade);

    *steps = (struct steps){.per_decade = per_decade,
                            .first = step_of(min, per_decade),
                            .count = needed < STEPS_MAX ? needed : STEPS_MAX};
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        double begin = fmax((double)histogram_lower_bound(i), min);
        double end = fmin((double)histogram_lower_bound(i + 1) - 1, max);

        if (histogram->buckets[i] > 0)
            add_bucket(steps, begin, fmax(begin, end),
                       (double)histogram->buckets[i]);
    }
}

double steps_highest(const struct steps *steps)
{
    double highest = 0;

    for (int i = 0; i < steps->count; i++)
        highest = fmax(highest, steps->counts[i]);
    return highest;
}

double steps_begin(const struct steps *steps, int step)
{
    return edge(steps->first + step, steps->per_decade);
}
