/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * listeners: addresses -> listening sockets.
 *
 * Knows that an address may have many endpoints and that they belong together.
 * Must not know how one socket is made, or who connects.
 */
#include "config.h"

#include "echod/listeners.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_TRIES = 16 };

/* One more at the end of the list, or NULL with errno. */
static struct listener *append(struct listeners *listeners)
{
    struct listener *at =
        realloc(listeners->at, (listeners->count + 1) * sizeof *at);

    if (at == NULL)
        return NULL;
    listeners->at = at;
    return &at[listeners->count++];
}

static void cut_back(struct listeners *listeners, size_t count)
{
    while (listeners->count > count)
        listener_close(&listeners->at[--listeners->count]);
}

static int open_one(struct listeners *listeners, struct endpoint *endpoint)
{
    struct listener *listener = append(listeners);

    if (listener == NULL)
        return -1;
    if (listener_open(listener, endpoint, listeners->timeout_ms,
                      listeners->reuseport) == 0)
        return 0;
    listeners->count--;
    return -1;
}

/* No such family on this machine, or the name has another host's address. */
static bool is_elsewhere(int error)
{
    return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

static void explain(const struct address *address,
                    const struct endpoint *endpoint, int error, char *why)
{
    char name[ADDRESS_TEXT_MAX];

    address_format(&endpoint->address.any, name);
    snprintf(why, LISTENERS_WHY_MAX, "cannot listen on %s: %s",
             address->is_path ? address->text : name, strerror(error));
}

/* Open a whole list, the others at the port that the first was given. Returns
 * how many were passed over, or -1 with errno and why. */
static int open_all(struct listeners *listeners, const struct address *address,
                    const struct endpoint *list, size_t count, char *why)
{
    size_t before = listeners->count;
    in_port_t port = 0;
    int passed = 0;

    for (size_t i = 0; i < count; i++) {
        struct endpoint endpoint = list[i];
        int error = 0;

        if (port != 0)
            address_set_port(&endpoint.address.any, port);
        if (open_one(listeners, &endpoint) == 0) {
            port = address_port(&endpoint.address.any);
            continue;
        }
        error = errno;
        explain(address, &endpoint, error, why);
        passed++;
        if (is_elsewhere(error) && (size_t)passed < count)
            continue;
        cut_back(listeners, before);
        errno = error;
        return -1;
    }
    return passed;
}

int listeners_open(struct listeners *listeners, const struct address *address,
                   char why[LISTENERS_WHY_MAX])
{
    struct endpoint *list = NULL;
    size_t count = 0;
    char errmsg[ERRMSG_MAX];
    bool may_choose = false;
    int passed = -1;

    if (address_resolve(address, true, &list, &count, errmsg) < 0) {
        snprintf(why, LISTENERS_WHY_MAX, "cannot listen on %s", errmsg);
        return -1;
    }
    /* A port that is free for the first endpoint may be taken for the next. */
    may_choose = count > 1 && address_port(&list[0].address.any) == 0;
    for (int tries = 0; tries < PORT_TRIES; tries++) {
        passed = open_all(listeners, address, list, count, why);
        if (passed >= 0 || errno != EADDRINUSE || !may_choose)
            break;
    }
    free(list);
    return passed;
}

int listeners_adopt(struct listeners *listeners, int first, int count,
                    char why[LISTENERS_WHY_MAX])
{
    for (int fd = first; fd < first + count; fd++) {
        struct listener *listener = append(listeners);

        if (listener != NULL &&
            listener_adopt(listener, fd, listeners->timeout_ms) == 0)
            continue;
        listeners->count -= listener != NULL;
        snprintf(why, LISTENERS_WHY_MAX,
                 "cannot listen on inherited descriptor %d: %s", fd,
                 errno == EINVAL ? "not a listening stream socket"
                                 : strerror(errno));
        return -1;
    }
    return 0;
}

int listeners_close(struct listeners *listeners, char why[LISTENERS_WHY_MAX])
{
    int result = 0;

    for (size_t i = 0; i < listeners->count; i++) {
        if (listener_close(&listeners->at[i]) == 0)
            continue;
        snprintf(why, LISTENERS_WHY_MAX, "cannot remove %s: %s",
                 listeners->at[i].name, strerror(errno));
        result = -1;
    }
    free(listeners->at);
    listeners->at = NULL;
    listeners->count = 0;
    return result;
}
