/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * limits: how many clients this process can have.
 */
#include "config.h"

#include "echod/limits.h"

#include "common/descriptors.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Not for clients: a descriptor for NOTIFY_SOCKET, and one in reserve; threads
 * of other processes; mappings of the program, its libraries and the large
 * buffers. */
enum { SPARE_FDS = 2, SPARE_THREADS = 256, SPARE_MAPS = 1024 };

static void lower(struct limit *limit, const char *name, uint64_t most,
                  uint64_t spare, unsigned each)
{
    uint64_t clients = most > spare ? (most - spare) / each : 0;

    if (clients < limit->clients)
        *limit = (struct limit){(size_t)clients, name};
}

static uint64_t soft(const struct rlimit *limit)
{
    return limit->rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit->rlim_cur;
}

/* The limit does not apply to the superuser, setrlimit(2). */
static uint64_t read_processes(void)
{
    struct rlimit limit;

    if (geteuid() == 0 || getrlimit(RLIMIT_NPROC, &limit) < 0)
        return UINT64_MAX;
    return soft(&limit);
}

/* The number in a file of /proc or /sys; no limit where there is no such
 * file. */
static uint64_t read_number(const char *path)
{
    unsigned long long number = UINT64_MAX;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return UINT64_MAX;
    if (fscanf(file, "%llu", &number) != 1)
        number = UINT64_MAX;
    fclose(file);
    return number;
}

/* TasksMax= of a service. cgroup v2, cgroups(7): the line is "0::/PATH". */
static uint64_t read_cgroup_tasks(void)
{
    char line[PATH_MAX];
    char path[PATH_MAX + 32];
    uint64_t tasks = UINT64_MAX;
    FILE *file = fopen("/proc/self/cgroup", "re");

    if (file == NULL)
        return UINT64_MAX;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::", 3) != 0)
            continue;
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/pids.max", line + 3);
        tasks = read_number(path);
    }
    fclose(file);
    return tasks;
}

struct limit limits_find(void)
{
    struct limit limit = {INT_MAX, "the system"};

    lower(&limit, "RLIMIT_NOFILE", descriptors_left(), SPARE_FDS, 1);
    lower(&limit, "RLIMIT_NPROC", read_processes(), 1, 1);
    lower(&limit, "pids.max", read_cgroup_tasks(), 1, 1);
    lower(&limit, "kernel.threads-max",
          read_number("/proc/sys/kernel/threads-max"), SPARE_THREADS, 1);
    lower(&limit, "kernel.pid_max", read_number("/proc/sys/kernel/pid_max"),
          SPARE_THREADS, 1);
    /* A stack and its guard page. */
    lower(&limit, "vm.max_map_count", read_number("/proc/sys/vm/max_map_count"),
          SPARE_MAPS, 2);
    return limit;
}

/* F_DUPFD, not dup2(2), which would close a descriptor of that number. */
void limits_grow_table(size_t clients)
{
    int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC,
                   descriptors_first_free() + (int)clients);

    if (fd >= 0)
        close(fd);
}
