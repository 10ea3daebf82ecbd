/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * supervisor: LISTEN_FDS and NOTIFY_SOCKET.
 */
#include "config.h"

#include "echod/supervisor.h"

#include "common/number.h"
#include "echod/log.h"

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

int supervisor_listeners(char errmsg[ERRMSG_MAX])
{
    const char *pid = getenv("LISTEN_PID");
    const char *fds = getenv("LISTEN_FDS");
    int64_t number = 0;

    if (pid == NULL || fds == NULL)
        return 0;
    number = number_integer(pid, INT_MAX);
    if (number < 0)
        return errmsg_set(errmsg, "LISTEN_PID is not a number");
    if (number != getpid())
        return 0;
    number = number_integer(fds, INT_MAX - SUPERVISOR_FIRST_FD);
    if (number < 0)
        return errmsg_set(errmsg, "LISTEN_FDS is not a number");
    return (int)number;
}

/* A path, or after '@' a name in Linux's abstract namespace, unix(7). Returns
 * the length of the address; 0 if the name is neither. */
static socklen_t make_address(struct sockaddr_un *address, const char *name)
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

/* Returns 0, or -1 with errno. */
static int send_state(const char *name, const char *state)
{
    struct timeval second = {.tv_sec = 1};
    struct sockaddr_un address;
    socklen_t length = make_address(&address, name);
    ssize_t sent = -1;
    int error = 0;
    int fd = -1;

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
    error = errno;
    close(fd);
    errno = error;
    return sent < 0 ? -1 : 0;
}

void supervisor_notify(const char *state)
{
    const char *name = getenv("NOTIFY_SOCKET");

    if (name != NULL && send_state(name, state) < 0)
        log_warn("NOTIFY_SOCKET: %s", log_strerror(errno));
}
