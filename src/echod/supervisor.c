/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * supervisor: LISTEN_FDS and readiness.
 *
 * Knows three environment variables. Must not know what the sockets are for,
 * nor what a failure to be heard means.
 */
#include "config.h"

#include "echod/supervisor.h"

#include "common/number.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int supervisor_listeners(const char **why)
{
    const char *pid = getenv("LISTEN_PID");
    const char *fds = getenv("LISTEN_FDS");
    int64_t count = 0;

    if (pid == NULL || fds == NULL)
        return 0;
    if (number_whole(pid, INT_MAX) < 0) {
        *why = "LISTEN_PID is not a number";
        return -1;
    }
    if (number_whole(pid, INT_MAX) != getpid())
        return 0;
    count = number_whole(fds, INT_MAX - SUPERVISOR_FIRST_FD);
    if (count < 0)
        *why = "LISTEN_FDS is not a number";
    return (int)count;
}

/* A path, or with '@' a name in Linux's abstract namespace, unix(7). */
static socklen_t fill(struct sockaddr_un *address, const char *name)
{
    size_t length = strlen(name);

    if ((*name != '/' && *name != '@') || length >= sizeof address->sun_path)
        return 0;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, name, length);
    if (*name == '@')
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

int supervisor_notify(const char *state)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct timeval second = {.tv_sec = 1};
    struct sockaddr_un address;
    socklen_t length = 0;
    ssize_t sent = -1;
    int fd = -1;

    if (name == NULL)
        return 0;
    length = fill(&address, name);
    if (length == 0) {
        errno = EINVAL;
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
    sent = sendto(fd, state, strlen(state), 0, (struct sockaddr *)&address,
                  length);
    int error = errno;

    close(fd);
    errno = error;
    return sent < 0 ? -1 : 0;
}
