/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * socket_file: the file of a Unix socket.
 */
#include "config.h"

#include "echod/socket_file.h"

#include "common/clock.h"
#include "echod/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 10000, LOCK_RETRY_MS = 10 };

/* Between the look at a stale file and its removal, another server may have
 * replaced it, so one server at a time does both. A lock of the directory
 * leaves nothing behind, unlike a lock file. Where there are no such locks
 * (NFS), or the directory may not be read, the server goes on without. Sets
 * *lock_fd, to be closed if not -1. Returns 0, or -1 with errno: EAGAIN if the
 * lock was not free in time, EINTR if a signal to stop came. */
static int lock_directory(const char *path, int *lock_fd)
{
    char directory[sizeof((struct sockaddr_un *)NULL)->sun_path + 1] = "";
    int64_t until_ms = clock_ms() + LOCK_WAIT_MS;
    size_t length = (size_t)(strrchr(path, '/') - path);
    int fd = -1;

    memcpy(directory, path, length > 0 ? length : 1); /* "/" stays */
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *lock_fd = fd;
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 &&
           errno == EWOULDBLOCK) {
        bool is_stopped = signals_stop_pending();

        if (is_stopped || clock_left(until_ms) == 0) {
            close(fd);
            errno = is_stopped ? EINTR : EAGAIN;
            return -1;
        }
        poll(NULL, 0, LOCK_RETRY_MS);
    }
    return 0;
}

/* Make the name free if the socket of its file is closed. A socket of another
 * type than the one that is looked for cannot connect to it, but learns whether
 * it is there: EPROTOTYPE if it is, even if it does not listen yet;
 * ECONNREFUSED if not. Returns 0, or -1 with errno. */
static int remove_stale(const struct sockaddr_un *address)
{
    struct stat status;
    int error = 0;
    int fd = -1;

    if (lstat(address->sun_path, &status) < 0)
        return errno == ENOENT ? 0 : -1;
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0)
        error = errno;
    close(fd);
    if (error == ENOENT)
        return 0;
    if (error == ECONNREFUSED && S_ISSOCK(status.st_mode))
        return unlink(address->sun_path);
    errno = EADDRINUSE;
    return -1;
}

static int bind_replacing_stale(int fd, const struct sockaddr_un *address)
{
    const struct sockaddr *any = (const struct sockaddr *)address;

    if (bind(fd, any, sizeof *address) == 0)
        return 0;
    if (errno != EADDRINUSE || remove_stale(address) < 0)
        return -1;
    return bind(fd, any, sizeof *address);
}

/* With the umask, unlike chmod(2), the file never has a wider mode, and no
 * other file gets this mode if another takes the name. */
static int bind_with_mode(int fd, const struct sockaddr_un *address,
                          mode_t mode)
{
    mode_t before = mode != 0 ? umask(0777 & ~mode) : 0;
    int result = bind_replacing_stale(fd, address);

    if (mode != 0)
        umask(before);
    return result;
}

int socket_file_bind(int fd, const struct sockaddr_un *address, mode_t mode,
                     struct socket_file *file)
{
    int lock_fd = -1;
    struct stat status;
    int result = -1;
    int error = 0;

    if (lock_directory(address->sun_path, &lock_fd) < 0)
        return -1;
    result = bind_with_mode(fd, address, mode);
    if (result == 0)
        result = lstat(address->sun_path, &status);
    error = errno;
    if (lock_fd >= 0)
        close(lock_fd);
    errno = error;
    if (result == 0)
        *file = (struct socket_file){status.st_dev, status.st_ino};
    return result;
}

int socket_file_remove(const char *path, const struct socket_file *file)
{
    struct stat status;

    if (lstat(path, &status) < 0)
        return errno == ENOENT ? 0 : -1;
    if (status.st_dev != file->device || status.st_ino != file->inode)
        return 0;
    return unlink(path);
}
