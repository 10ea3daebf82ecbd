/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * listener: one listening socket, made here or inherited.
 *
 * Knows how a socket comes to listen, and what accepted ones get from it. Must
 * not know other listeners, or who is let in.
 */
#include "config.h"

#include "echod/listener.h"

#include "common/sockopt.h"
#include "echod/unixfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The kernel cuts it down to what it allows: net.core.somaxconn, listen(2). */
enum { BACKLOG = 65535 };

/* An accepted TCP socket inherits all this: no system call for each. */
static int prepare(const struct listener *listener)
{
    if (listener->family != AF_UNIX)
        sockopt_tune_tcp(listener->fd);
    /* No limit is set, too: an inherited socket may have had one before. */
    if (sockopt_set_timeout(listener->fd, listener->timeout_ms) < 0)
        return -1;
    return sockopt_set_blocking(listener->fd, false);
}

static int bind_path(struct listener *listener, const struct sockaddr_un *path)
{
    snprintf(listener->name, sizeof listener->name, "%.*s",
             (int)sizeof path->sun_path, path->sun_path);
    if (unixfile_bind(listener->fd, path) < 0 ||
        unixfile_identify(listener->name, &listener->device, &listener->inode) <
            0)
        return -1;
    listener->has_file = true;
    return 0;
}

static int bind_port(struct listener *listener, struct endpoint *endpoint,
                     bool reuseport)
{
    sockopt_set(listener->fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (listener->family == AF_INET6 &&
        sockopt_set(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0)
        return -1;
    if (reuseport && sockopt_set(listener->fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0)
        return -1;
    if (bind(listener->fd, &endpoint->address.any, endpoint->length) < 0 ||
        getsockname(listener->fd, &endpoint->address.any, &endpoint->length) <
            0)
        return -1;
    address_format(&endpoint->address.any, listener->name);
    return 0;
}

int listener_open(struct listener *listener, struct endpoint *endpoint,
                  int timeout_ms, bool reuseport)
{
    sa_family_t family = endpoint->address.any.sa_family;
    int bound = -1;
    int error = 0;

    *listener = (struct listener){.family = family, .timeout_ms = timeout_ms};
    listener->fd = socket(family, SOCK_STREAM, 0);
    if (listener->fd < 0)
        return -1;
    fcntl(listener->fd, F_SETFD, FD_CLOEXEC);
    bound = family == AF_UNIX ? bind_path(listener, &endpoint->address.un)
                              : bind_port(listener, endpoint, reuseport);
    if (bound == 0 && prepare(listener) == 0 &&
        listen(listener->fd, BACKLOG) == 0)
        return 0;
    error = errno;
    listener_close(listener);
    errno = error;
    return -1;
}

int listener_adopt(struct listener *listener, int fd, int timeout_ms)
{
    struct endpoint name = {.length = sizeof name.address};
    const char *path = name.address.un.sun_path;
    int listens = 0;
    int type = 0;
    socklen_t length = sizeof listens;

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0 ||
        getsockname(fd, &name.address.any, &name.length) < 0)
        return -1;
    if (!listens || type != SOCK_STREAM) {
        errno = EINVAL;
        return -1;
    }
    *listener = (struct listener){.fd = fd,
                                  .family = name.address.any.sa_family,
                                  .timeout_ms = timeout_ms};
    if (listener->family == AF_UNIX && *path != '\0')
        snprintf(listener->name, sizeof listener->name, "%.*s",
                 (int)sizeof name.address.un.sun_path, path);
    else
        address_format(&name.address.any, listener->name);
    return prepare(listener);
}

static int accept_blocking(int fd, struct sockaddr *peer, socklen_t *length)
{
#ifdef HAVE_ACCEPT4
    return accept4(fd, peer, length, SOCK_CLOEXEC);
#else
    int accepted = accept(fd, peer, length);

    if (accepted >= 0) {
        fcntl(accepted, F_SETFD, FD_CLOEXEC);
        sockopt_set_blocking(accepted, true);
    }
    return accepted;
#endif
}

int listener_accept(const struct listener *listener, struct endpoint *peer)
{
    int fd = -1;

    peer->length = sizeof peer->address;
    fd = accept_blocking(listener->fd, &peer->address.any, &peer->length);
    if (fd >= 0 && listener->family == AF_UNIX && listener->timeout_ms > 0)
        sockopt_set_timeout(fd, listener->timeout_ms);
    return fd;
}

enum listener_trouble listener_trouble(int error)
{
    switch (error) {
    case EAGAIN:
        return LISTENER_NOBODY;
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case EPERM:
    case ECONNRESET:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
#ifdef ENONET
    case ENONET:
#endif
        return LISTENER_NEWCOMER;
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
    case EFAULT:
        return LISTENER_BROKEN;
    default:
        return LISTENER_TABLE;
    }
}

int listener_close(struct listener *listener)
{
    close(listener->fd);
    listener->fd = -1;
    if (!listener->has_file)
        return 0;
    return unixfile_remove(listener->name, listener->device, listener->inode);
}
