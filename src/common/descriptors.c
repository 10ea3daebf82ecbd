/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * descriptors: how many this process may have.
 *
 * Knows the limit and the numbers taken. Must not know what they are for.
 */
#include "config.h"

#include "common/descriptors.h"

#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

void descriptors_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int descriptors_first_free(void)
{
    int fd = dup(STDIN_FILENO);

    if (fd < 0)
        return INT_MAX;
    close(fd);
    return fd;
}

uint64_t descriptors_left(void)
{
    struct rlimit limit;
    uint64_t taken = (uint64_t)descriptors_first_free();

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return UINT64_MAX;
    return limit.rlim_cur > taken ? limit.rlim_cur - taken : 0;
}
