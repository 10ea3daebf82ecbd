/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * shared: what the workers of a load decide together.
 */
#include "config.h"

#include "echoc/load/shared.h"

enum {
    NS_PER_MS = 1000000,
    PRECISION_NS = 10 * NS_PER_MS /* of connected_ns and up_ns */
};

static bool has_count(const struct shared *shared)
{
    return shared->options->count > 0;
}

static uint64_t kept_messages(const struct options *options)
{
    if (options->mode == OPTIONS_CHURN)
        return 0;
    return options->count < options->clients ? options->count
                                             : options->clients;
}

void shared_init(struct shared *shared, const struct options *options,
                 int64_t now_ns)
{
    enum options_mode mode = options->mode;
    bool waits = mode == OPTIONS_ROUND_TRIPS || mode == OPTIONS_STREAM;
    uint64_t kept = kept_messages(options);

    *shared = (struct shared){.options = options,
                              .start_ns = waits ? 0 : now_ns,
                              .connected_ns = now_ns,
                              .up_ns = now_ns,
                              .left = options->count - kept,
                              .reserved = kept};
}

void shared_note_tried(struct shared *shared)
{
    atomic_fetch_add(&shared->tried, 1);
}

/* All workers read these, so do not write to them more often than needed. */
static void advance_time(_Atomic int64_t *time_ns, int64_t now_ns)
{
    if (now_ns - atomic_load(time_ns) >= PRECISION_NS)
        atomic_store(time_ns, now_ns);
}

void shared_note_connected(struct shared *shared, int64_t now_ns)
{
    advance_time(&shared->connected_ns, now_ns);
    if (!atomic_load(&shared->has_connected))
        atomic_store(&shared->has_connected, true);
}

void shared_note_up(struct shared *shared, int64_t now_ns)
{
    advance_time(&shared->up_ns, now_ns);
}

static bool have_tried(struct shared *shared, int64_t now_ns)
{
    int64_t timeout_ns =
        shared->options->connect_timeout_ms * (int64_t)NS_PER_MS;

    return atomic_load(&shared->tried) == shared->options->clients ||
           now_ns - atomic_load(&shared->connected_ns) >= timeout_ns;
}

int64_t shared_start(struct shared *shared, int64_t now_ns)
{
    int64_t start_ns = atomic_load(&shared->start_ns);

    if (start_ns != 0 || !have_tried(shared, now_ns))
        return start_ns;
    if (atomic_compare_exchange_strong(&shared->start_ns, &start_ns, now_ns))
        return now_ns;
    return start_ns; /* another worker was first */
}

bool shared_keep(const struct shared *shared, uint32_t client)
{
    return client < kept_messages(shared->options);
}

bool shared_take(struct shared *shared, bool *is_kept)
{
    uint64_t left = 0;

    if (!has_count(shared))
        return true;
    if (*is_kept) {
        *is_kept = false;
        atomic_fetch_sub(&shared->reserved, 1);
        return true;
    }
    left = atomic_load(&shared->left);
    while (left > 0 &&
           !atomic_compare_exchange_weak(&shared->left, &left, left - 1))
        continue;
    return left > 0;
}

/* In this order, so that both are never 0 in between. */
void shared_release(struct shared *shared, bool *is_kept)
{
    if (!*is_kept)
        return;
    *is_kept = false;
    atomic_fetch_add(&shared->left, 1);
    atomic_fetch_sub(&shared->reserved, 1);
}

static bool is_hopeless(struct shared *shared, int64_t now_ns)
{
    const struct options *options = shared->options;
    int64_t limit_ns =
        ((int64_t)options->connect_timeout_ms + options->reply_timeout_ms) *
        NS_PER_MS;

    if (!atomic_load(&shared->has_connected))
        return have_tried(shared, now_ns);
    return has_count(shared) &&
           now_ns - atomic_load(&shared->up_ns) >= limit_ns;
}

bool shared_is_over(struct shared *shared, int64_t now_ns)
{
    if (atomic_load(&shared->stop) || atomic_load(&shared->is_hopeless))
        return true;
    if (is_hopeless(shared, now_ns))
        atomic_store(&shared->is_hopeless, true);
    return atomic_load(&shared->is_hopeless) ||
           (has_count(shared) && atomic_load(&shared->reserved) == 0 &&
            atomic_load(&shared->left) == 0);
}
