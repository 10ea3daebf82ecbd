/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * listen: addresses -> listening sockets: TCP, Unix, inherited.
 */
#include "config.h"

#include "echod/listen.h"

#include "common/sockopt.h"
#include "echod/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BACKLOG = 65535, /* listen(2) lowers it to net.core.somaxconn */
    PORT_TRIES = 16,
    ABORTED_MAX = 256 /* connections in a row */
};

/*
 * One listening socket
 */

static int bind_path(struct listener *listener, const struct sockaddr_un *path,
                     mode_t mode)
{
    snprintf(listener->name, sizeof listener->name, "%.*s",
             (int)sizeof path->sun_path, path->sun_path);
    if (socket_file_bind(listener->fd, path, mode, &listener->file) < 0)
        return -1;
    listener->has_file = true;
    return 0;
}

static int bind_port(struct listener *listener, struct endpoint *endpoint,
                     bool reuseport)
{
    struct sockaddr *any = &endpoint->address.any;

    sockopt_set(listener->fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (listener->family == AF_INET6 &&
        sockopt_set(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0)
        return -1;
    if (reuseport && sockopt_set(listener->fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0)
        return -1;
    if (bind(listener->fd, any, endpoint->length) < 0 ||
        getsockname(listener->fd, any, &endpoint->length) < 0)
        return -1;
    address_format(any, listener->name);
    return 0;
}

/* Accepted TCP sockets inherit these options: no system call for each. */
static int set_options(const struct listener *listener)
{
    if (listener->family != AF_UNIX)
        sockopt_tune_tcp(listener->fd);
    sockopt_set(listener->fd, SOL_SOCKET, SO_OOBINLINE, 1);
    /* Without a limit, too: an inherited socket may have had one. */
    if (sockopt_set_timeout(listener->fd, listener->timeout_ms) < 0)
        return -1;
    return sockopt_set_blocking(listener->fd, false);
}

static int close_one(struct listener *listener)
{
    int result = 0;
    int error = 0;

    if (listener->has_file)
        result = socket_file_remove(listener->name, &listener->file);
    error = errno;
    close(listener->fd);
    listener->fd = -1;
    errno = error;
    return result;
}

/* Fills in endpoint as bound, with the port that the system chose. Returns 0,
 * or -1 with errno. */
static int open_one(struct listener *listener, struct endpoint *endpoint,
                    const struct listeners *listeners)
{
    sa_family_t family = endpoint->address.any.sa_family;
    int bound = -1;
    int error = 0;

    *listener = (struct listener){.family = family,
                                  .timeout_ms = listeners->timeout_ms};
    listener->fd = sockopt_stream(family, true);
    if (listener->fd < 0)
        return -1;
    bound = family == AF_UNIX
                ? bind_path(listener, &endpoint->address.un, listeners->mode)
                : bind_port(listener, endpoint, listeners->reuseport);
    if (bound == 0 && set_options(listener) == 0 &&
        listen(listener->fd, BACKLOG) == 0)
        return 0;
    error = errno;
    close_one(listener);
    errno = error;
    return -1;
}

/* Returns 0, or -1 with errno: EINVAL if it is no listening stream socket. */
static int adopt_one(struct listener *listener, int fd, int timeout_ms)
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
    return set_options(listener);
}

/*
 * All of them
 */

/* One more at the end of the list, or NULL with errno. */
static struct listener *append(struct listeners *listeners)
{
    struct listener *list =
        realloc(listeners->list, (listeners->count + 1) * sizeof *list);

    if (list == NULL)
        return NULL;
    listeners->list = list;
    return &list[listeners->count++];
}

static int append_open(struct listeners *listeners, struct endpoint *endpoint)
{
    struct listener *listener = append(listeners);

    if (listener == NULL)
        return -1;
    if (open_one(listener, endpoint, listeners) == 0)
        return 0;
    listeners->count--;
    return -1;
}

static void set_errmsg(const struct address *address,
                       const struct endpoint *endpoint, int error, char *errmsg)
{
    char name[ADDRESS_TEXT_MAX];

    address_format(&endpoint->address.any, name);
    errmsg_set(errmsg, "cannot listen on %s: %s",
               address->is_path ? address->text : name, strerror(error));
}

/* Open every endpoint, at the port that the first was given. Returns how many
 * were skipped, or -1 with errno; with errmsg if either is not 0. */
static int open_endpoints(struct listeners *listeners,
                          const struct target *target, char *errmsg)
{
    size_t before = listeners->count;
    in_port_t port = 0;
    int skipped = 0;

    for (size_t i = 0; i < target->count; i++) {
        struct endpoint endpoint = target->endpoints[i];
        int error = 0;

        if (port != 0)
            address_set_port(&endpoint.address.any, port);
        if (append_open(listeners, &endpoint) == 0) {
            port = address_port(&endpoint.address.any);
            continue;
        }
        error = errno;
        set_errmsg(target->address, &endpoint, error, errmsg);
        skipped++;
        if ((error == EAFNOSUPPORT || error == EADDRNOTAVAIL) &&
            (size_t)skipped < target->count)
            continue;
        while (listeners->count > before)
            close_one(&listeners->list[--listeners->count]);
        errno = error;
        return -1;
    }
    return skipped;
}

int listen_look_up(struct target *target, const struct address *address,
                   char errmsg[ERRMSG_MAX])
{
    char reason[ERRMSG_MAX];

    target->address = address;
    if (address_resolve(address, AI_PASSIVE, &target->endpoints, &target->count,
                        reason) < 0)
        return errmsg_set(errmsg, "cannot listen on %s", reason);
    return 0;
}

int listen_open(struct listeners *listeners, struct target *target,
                char errmsg[ERRMSG_MAX])
{
    /* A port that the system chose for the first endpoint may be in use on the
     * next one's address: another choice may not be. */
    bool can_repeat = target->count > 1 &&
                      address_port(&target->endpoints[0].address.any) == 0;
    int skipped = -1;

    for (int tries = 0; tries < PORT_TRIES; tries++) {
        skipped = open_endpoints(listeners, target, errmsg);
        if (skipped >= 0 || errno != EADDRINUSE || !can_repeat)
            break;
    }
    free(target->endpoints);
    target->endpoints = NULL;
    return skipped;
}

int listen_adopt(struct listeners *listeners, int first_fd, int count,
                 char errmsg[ERRMSG_MAX])
{
    for (int fd = first_fd; fd < first_fd + count; fd++) {
        struct listener *listener = append(listeners);

        if (listener != NULL &&
            adopt_one(listener, fd, listeners->timeout_ms) == 0)
            continue;
        listeners->count -= listener != NULL;
        return errmsg_set(errmsg,
                          "cannot listen on inherited descriptor %d: %s", fd,
                          errno == EINVAL ? "not a listening stream socket"
                                          : strerror(errno));
    }
    return 0;
}

void listen_close(struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++)
        if (close_one(&listeners->list[i]) < 0)
            log_warn("cannot remove %s: %s", listeners->list[i].name,
                     log_strerror(errno));
    free(listeners->list);
    listeners->list = NULL;
    listeners->count = 0;
}

/*
 * accept(2)
 */

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

/* Errors after which accept(2) is called again: EINTR, and those of a
 * connection that failed while it waited (accept(2), and what the BSDs add). */
static bool is_aborted(int error)
{
    switch (error) {
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
        return true;
    default:
        return false;
    }
}

/* Gives up after ABORTED_MAX in a row, so that an error that repeats cannot
 * hold up the accept loop: the caller backs off. */
int listen_accept(const struct listener *listener, struct endpoint *peer)
{
    int fd = -1;

    for (int tries = 0; tries < ABORTED_MAX; tries++) {
        peer->length = sizeof peer->address;
        fd = accept_blocking(listener->fd, &peer->address.any, &peer->length);
        if (fd >= 0 || !is_aborted(errno))
            break;
    }
    /* Unlike a TCP socket, a Unix socket inherits no options. */
    if (fd >= 0 && listener->family == AF_UNIX) {
        sockopt_set(fd, SOL_SOCKET, SO_OOBINLINE, 1);
        if (listener->timeout_ms > 0)
            sockopt_set_timeout(fd, listener->timeout_ms);
    }
    return fd;
}

bool listen_is_broken(int error)
{
    return error == EBADF || error == EINVAL || error == ENOTSOCK ||
           error == EFAULT;
}
