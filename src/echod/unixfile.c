/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * unixfile: the file in which a Unix socket is bound.
 *
 * Knows how to tell a stale socket from a live one. Must not know what is
 * served on it.
 */
#include "config.h"

#include "echod/unixfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Only a refused connection proves that nobody listens. A full backlog does
 * not (EAGAIN), so the question must not block. */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat status;
    bool refused = false;
    int fd = -1;

    if (lstat(address->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return false;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    refused =
        connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 &&
        errno == ECONNREFUSED;
    close(fd);
    return refused;
}

int unixfile_bind(int fd, const struct sockaddr_un *address)
{
    const struct sockaddr *any = (const struct sockaddr *)address;

    if (bind(fd, any, sizeof *address) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return -1;
    if (!is_stale(address)) {
        errno = EADDRINUSE;
        return -1;
    }
    if (unlink(address->sun_path) < 0)
        return -1;
    return bind(fd, any, sizeof *address);
}

int unixfile_identify(const char *path, dev_t *device, ino_t *inode)
{
    struct stat status;

    if (lstat(path, &status) < 0)
        return -1;
    *device = status.st_dev;
    *inode = status.st_ino;
    return 0;
}

int unixfile_remove(const char *path, dev_t device, ino_t inode)
{
    dev_t device_now = 0;
    ino_t inode_now = 0;

    if (unixfile_identify(path, &device_now, &inode_now) < 0)
        return errno == ENOENT ? 0 : -1;
    if (device_now != device || inode_now != inode)
        return 0;
    return unlink(path);
}
