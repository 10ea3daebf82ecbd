/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * listen: addresses -> listening sockets: TCP, Unix, inherited.
 *
 * For the accept loop's thread only.
 */
#ifndef ECHOD_LISTEN_H
#define ECHOD_LISTEN_H

#include "common/address.h"
#include "common/errmsg.h"
#include "echod/socket_file.h"

#include <stdbool.h>
#include <stddef.h>

struct listener {
    int fd; /* non-blocking */
    sa_family_t family;
    int timeout_ms; /* SO_RCVTIMEO of each accepted socket; 0: none */
    bool has_file;  /* a Unix socket bound here, to be removed at the end */
    struct socket_file file;
    char name[sizeof((struct sockaddr_un *)NULL)->sun_path + 1];
};

struct listeners {
    struct listener *list; /* malloc'd; freed by listen_close() */
    size_t count;
    int timeout_ms; /* the same */
    mode_t mode;    /* of a Unix socket's file; 0: what the umask leaves */
    bool reuseport;
};

/* An address that has been looked up. */
struct target {
    const struct address *address;
    struct endpoint *endpoints; /* malloc'd; freed by listen_open() */
    size_t count;
};

/* Look an address up, which may ask a name server and take long. The address
 * must outlive the target. Returns 0, or -1 with errmsg. */
int listen_look_up(struct target *target, const struct address *address,
                   char errmsg[ERRMSG_MAX]);

/*
 * Listen on every endpoint of an address. They share one port, even if the
 * system chose it. An endpoint that this machine does not have (a family or a
 * host) is skipped if the address has another. For the file of a Unix socket
 * see socket_file.h. Returns how many endpoints were skipped, with errmsg for
 * the last of them; or -1 with errmsg, and none of them open.
 */
int listen_open(struct listeners *listeners, struct target *target,
                char errmsg[ERRMSG_MAX]);

/* Take over count listening sockets, from descriptor first_fd on. Returns 0, or
 * -1 with errmsg. */
int listen_adopt(struct listeners *listeners, int first_fd, int count,
                 char errmsg[ERRMSG_MAX]);

/*
 * accept(2): a blocking socket with the time limit set, which becomes the
 * caller's. Connections that failed while they waited are skipped. Returns -1
 * with errno: EAGAIN if no connection is waiting; an errno for which
 * listen_is_broken() is true; or anything else, which is a shortage
 * (descriptors, memory, or an error that repeats).
 */
int listen_accept(const struct listener *listener, struct endpoint *peer);

/* Whether an errno of listen_accept() says that the listening socket cannot be
 * used any more. */
bool listen_is_broken(int error);

/* Close them all, and remove the files of Unix sockets; log a file that cannot
 * be removed. */
void listen_close(struct listeners *listeners);

#endif
