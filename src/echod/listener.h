/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * listener: one listening socket, made here or inherited.
 *
 * For the accept loop's thread alone.
 */
#ifndef ECHOD_LISTENER_H
#define ECHOD_LISTENER_H

#include "common/address.h"

#include <stdbool.h>
#include <sys/types.h>

struct listener {
    int fd; /* non-blocking */
    sa_family_t family;
    int timeout_ms; /* for every accepted socket; 0: none */
    bool has_file;  /* a Unix socket made here, to be removed at the end */
    dev_t device;   /* which file that is, should another take its place */
    ino_t inode;
    char name[sizeof((struct sockaddr_un *)NULL)->sun_path + 1];
};

/*
 * Listen on an endpoint, which is left as bound: with the port that the system
 * chose. A Unix socket's file is replaced if it is a socket that nobody
 * answers. Returns 0, or -1 with errno and nothing open.
 */
int listener_open(struct listener *listener, struct endpoint *endpoint,
                  int timeout_ms, bool reuseport);

/* Take over an inherited socket. Returns 0, or -1 with errno: EINVAL if it is
 * not a stream socket that listens. */
int listener_adopt(struct listener *listener, int fd, int timeout_ms);

/*
 * Accept one client: a blocking socket with the time limit set, which is the
 * caller's to close. Returns -1 with errno from accept(2); EAGAIN when nobody
 * waits.
 */
int listener_accept(const struct listener *listener, struct endpoint *peer);

/*
 * Whose trouble an error of accept(2) is: nobody waited; the newcomer's own, go
 * on; a table is full; or this listener is broken for good. An error not known
 * is like a full table, which neither spins nor ends the service.
 */
enum listener_trouble {
    LISTENER_NOBODY,
    LISTENER_NEWCOMER,
    LISTENER_TABLE,
    LISTENER_BROKEN
};
enum listener_trouble listener_trouble(int error);

/* Close it, and remove the file if it was made here. Returns 0, or -1 with
 * errno if the file is still there. */
int listener_close(struct listener *listener);

#endif
