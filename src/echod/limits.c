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
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Not for clients: a descriptor for NOTIFY_SOCKET, and one in reserve; the
 * main thread; threads of other processes; mappings of the program, its
 * libraries and the large buffers. */
enum { SPARE_FDS = 2, MAIN_THREAD = 1, SPARE_THREADS = 256, SPARE_MAPS = 1024 };

/* By default this share of the threads, at most this number, may be ending. */
enum { ENDING_SHARE = 16, ENDING_MAX = 64 };

static uint64_t subtract(uint64_t most, uint64_t spare)
{
    return most > spare ? most - spare : 0;
}

static void lower(struct limit *limit, const char *name, uint64_t clients)
{
    if (clients < limit->by_default)
        limit->by_default = (size_t)clients;
    if (clients < limit->clients) {
        limit->clients = (size_t)clients;
        limit->name = name;
    }
}

static void lower_threads(struct limit *limit, const char *name, uint64_t most,
                          size_t other_threads)
{
    uint64_t clients = subtract(most, MAIN_THREAD + other_threads);
    uint64_t ending = clients / ENDING_SHARE;

    lower(limit, name, clients);
    clients -= ending < ENDING_MAX ? ending : ENDING_MAX;
    if (clients < limit->by_default)
        limit->by_default = (size_t)clients;
}

static uint64_t soft(const struct rlimit *limit)
{
    return limit->rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit->rlim_cur;
}

/* The limit does not apply to the superuser, setrlimit(2). */
static uint64_t read_processes(uid_t uid)
{
    struct rlimit limit;

    if (uid == 0 || getrlimit(RLIMIT_NPROC, &limit) < 0)
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

/* From the group up to the mount, since each level has its own limit. */
static uint64_t read_levels(const char *mount, const char *group)
{
    char level[PATH_MAX];
    char path[PATH_MAX + sizeof "/pids.max"];
    uint64_t least = UINT64_MAX;
    int length = snprintf(level, sizeof level, "%s%s", mount, group);

    if (length < 0 || (size_t)length >= sizeof level)
        return UINT64_MAX;
    for (;;) {
        uint64_t tasks = UINT64_MAX;

        snprintf(path, sizeof path, "%s/pids.max", level);
        tasks = read_number(path);
        least = tasks < least ? tasks : least;
        if (strlen(level) <= strlen(mount))
            return least;
        *strrchr(level, '/') = '\0';
    }
}

/* Whether "pids" is in this list with commas. */
static bool has_pids(const char *controllers)
{
    const char *found = strstr(controllers, "pids");

    return found != NULL && (found == controllers || found[-1] == ',') &&
           (found[4] == '\0' || found[4] == ',');
}

/* A line is "ID:CONTROLLERS:GROUP"; version 2 has no controllers in it. */
uint64_t limits_cgroup_tasks(const char *membership, const char *mount)
{
    char line[PATH_MAX];
    char pids_mount[PATH_MAX];
    uint64_t least = UINT64_MAX;
    FILE *file = fopen(membership, "re");

    if (file == NULL)
        return UINT64_MAX;
    snprintf(pids_mount, sizeof pids_mount, "%s/pids", mount);
    while (fgets(line, sizeof line, file) != NULL) {
        char *rest = line;
        uint64_t tasks = UINT64_MAX;
        const char *controllers = NULL;

        line[strcspn(line, "\n")] = '\0';
        strsep(&rest, ":");
        controllers = strsep(&rest, ":");
        if (rest == NULL)
            continue;
        if (*controllers == '\0')
            tasks = read_levels(mount, rest);
        else if (has_pids(controllers))
            tasks = read_levels(pids_mount, rest);
        least = tasks < least ? tasks : least;
    }
    fclose(file);
    return least;
}

struct limit limits_find(uid_t uid, size_t other_threads)
{
    struct limit limit = {INT_MAX, INT_MAX, "the system"};

    lower(&limit, "RLIMIT_NOFILE", subtract(descriptors_left(), SPARE_FDS));
    lower_threads(&limit, "RLIMIT_NPROC", read_processes(uid), other_threads);
    lower_threads(&limit, "pids.max",
                  limits_cgroup_tasks("/proc/self/cgroup", "/sys/fs/cgroup"),
                  other_threads);
    lower(&limit, "kernel.threads-max",
          subtract(read_number("/proc/sys/kernel/threads-max"), SPARE_THREADS));
    lower(&limit, "kernel.pid_max",
          subtract(read_number("/proc/sys/kernel/pid_max"), SPARE_THREADS));
    /* A stack and its guard page. */
    lower(&limit, "vm.max_map_count",
          subtract(read_number("/proc/sys/vm/max_map_count"), SPARE_MAPS) / 2);
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
