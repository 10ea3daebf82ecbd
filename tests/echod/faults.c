/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * faults: calls of the real echod that wait or fail when a test wants it.
 *
 * faulty_echod is echod, linked with these in place of the C library's, ld(1)
 * --wrap. FAULT in the environment names the call. One that waits sends a byte
 * to the socket HOLD_FD and goes on at its end of file.
 */
#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* WRAP(write, ssize_t, ...) declares faulty_write(), which is called in place
 * of write(2), and real_write(). */
#define WRAP(name, type, ...)                                                  \
    type faulty_##name(__VA_ARGS__) __asm__("__wrap_" #name);                  \
    type real_##name(__VA_ARGS__) __asm__("__real_" #name)

WRAP(getaddrinfo, int, const char *host, const char *port,
     const struct addrinfo *hints, struct addrinfo **found);
WRAP(getpwnam, struct passwd *, const char *name);
WRAP(listen, int, int fd, int backlog);
WRAP(unlink, int, const char *path);
WRAP(read, ssize_t, int fd, void *bytes, size_t size);
WRAP(write, ssize_t, int fd, const void *bytes, size_t size);

static bool is_fault(const char *call)
{
    const char *fault = getenv("FAULT");

    return fault != NULL && strcmp(fault, call) == 0;
}

static void hold(const char *call)
{
    char byte = 0;
    int fd = -1;

    if (!is_fault(call))
        return;
    fd = atoi(getenv("HOLD_FD"));
    send(fd, &byte, 1, MSG_NOSIGNAL);
    while (recv(fd, &byte, 1, 0) < 0 && errno == EINTR)
        continue;
}

static bool has_type(int fd, mode_t type)
{
    struct stat status;

    return fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == type;
}

int faulty_getaddrinfo(const char *host, const char *port,
                       const struct addrinfo *hints, struct addrinfo **found)
{
    hold("getaddrinfo");
    return real_getaddrinfo(host, port, hints, found);
}

struct passwd *faulty_getpwnam(const char *name)
{
    hold("getpwnam");
    return real_getpwnam(name);
}

int faulty_listen(int fd, int backlog)
{
    hold("listen");
    return real_listen(fd, backlog);
}

int faulty_unlink(const char *path)
{
    hold("unlink");
    return real_unlink(path);
}

/* The pipe for signals fails; clients are sockets. */
ssize_t faulty_read(int fd, void *bytes, size_t size)
{
    if (is_fault("read") && has_type(fd, S_IFIFO)) {
        errno = EIO;
        return -1;
    }
    return real_read(fd, bytes, size);
}

/* Writing to a regular file waits, as on a file system that hangs. */
ssize_t faulty_write(int fd, const void *bytes, size_t size)
{
    if (has_type(fd, S_IFREG))
        hold("write");
    return real_write(fd, bytes, size);
}
