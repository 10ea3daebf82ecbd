/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * limits: how many clients this process can have.
 *
 * For main(), before the first thread.
 */
#ifndef ECHOD_LIMITS_H
#define ECHOD_LIMITS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct limit {
    size_t clients;    /* at most; 0 if not even one is possible */
    size_t by_default; /* the same, less a reserve of threads */
    const char *name;  /* of the limit that clients comes from */
};

/*
 * Find the lowest of the limits on descriptors, threads and mappings, less what
 * the server itself needs, for a process with this effective uid and this many
 * threads beside the main thread and the clients': call it after everything
 * else has been opened. What other processes use of a shared limit cannot be
 * known in advance, and memory is not counted. The reserve is for threads that
 * are about to end: a client frees its slot before its thread ends.
 */
struct limit limits_find(uid_t uid, size_t other_threads);

/*
 * The lowest pids.max of a control group and of those that it is in,
 * cgroups(7); UINT64_MAX for no limit. membership is a file as
 * /proc/self/cgroup, mount the directory with version 2, which may have version
 * 1 in "pids". Public for the test.
 */
uint64_t limits_cgroup_tasks(const char *membership, const char *mount);

/*
 * Make the descriptor table large enough for this many clients. On Linux a
 * table that threads share grows by doubling, and each time every thread waits
 * for an RCU grace period.
 */
void limits_grow_table(size_t clients);

#endif
