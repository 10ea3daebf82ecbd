/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * lookup: look up an address, with a time limit.
 *
 * getaddrinfo(3) waits for the resolver as long as resolv.conf(5) says, and
 * cannot be interrupted. So it runs in a thread of its own, which is left
 * behind when the time is up: it is detached, and whoever of the two comes last
 * frees what they share.
 */
#include "config.h"

#include "echoc/net/lookup.h"

#include "common/clock.h"
#include "echoc/interrupt.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lookup {
    struct address address;
    struct endpoint *list;
    size_t count;
    int result; /* of address_resolve() */
    char errmsg[ERRMSG_MAX];
    int thread_fd;       /* the thread closes it, which wakes the caller */
    atomic_bool is_left; /* by one of the two; the other one frees it */
};

static void *resolve(void *argument)
{
    struct lookup *lookup = argument;
    int fd = lookup->thread_fd;

    lookup->result = address_resolve(&lookup->address, 0, &lookup->list,
                                     &lookup->count, lookup->errmsg);
    if (atomic_exchange(&lookup->is_left, true)) {
        free(lookup->list);
        free(lookup);
    }
    close(fd);
    return NULL;
}

/* Returns 0 or an error number. */
static int start_thread(struct lookup *lookup)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, resolve, lookup);

    return error == 0 ? pthread_detach(thread) : error;
}

/* Returns NULL with errno. *fd is readable when the thread is done. */
static struct lookup *begin(const struct address *address, int *fd)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    int pipe_fds[2] = {-1, -1};
    int error = 0;

    if (lookup == NULL || pipe(pipe_fds) < 0) {
        error = errno;
    } else {
        lookup->address = *address;
        lookup->thread_fd = pipe_fds[1];
        error = start_thread(lookup);
    }
    *fd = pipe_fds[0];
    if (error == 0)
        return lookup;
    free(lookup);
    for (int i = 0; i < 2; i++)
        if (pipe_fds[i] >= 0)
            close(pipe_fds[i]);
    errno = error;
    return NULL;
}

static enum status take_result(const struct lookup *lookup,
                               struct endpoint **list, size_t *count,
                               char *errmsg)
{
    if (lookup->result < 0) {
        errmsg_set(errmsg, "%s", lookup->errmsg);
        return STATUS_UNREACHED;
    }
    *list = lookup->list;
    *count = lookup->count;
    return STATUS_OK;
}

static enum status ask_resolver(const struct address *address, int timeout_ms,
                                struct endpoint **list, size_t *count,
                                char errmsg[ERRMSG_MAX])
{
    int64_t deadline_ns = clock_ns() + timeout_ms * INT64_C(1000000);
    int fd = -1;
    int ready = 0;
    struct lookup *lookup = begin(address, &fd);
    enum status status = STATUS_OK;

    if (lookup == NULL) {
        errmsg_set(errmsg, "%s: %s", address->text, strerror(errno));
        return STATUS_LOCAL;
    }
    ready = interrupt_wait(fd, POLLIN, deadline_ns);
    close(fd);
    if (atomic_exchange(&lookup->is_left, true)) {
        status = take_result(lookup, list, count, errmsg);
        free(lookup);
        return status;
    }
    if (ready < 0) {
        errmsg_set(errmsg, "%s: stopped", address->text);
        return STATUS_FAULT;
    }
    errmsg_set(errmsg, "%s: no answer for %g s", address->text,
               timeout_ms / 1e3);
    return STATUS_UNREACHED;
}

/* An address in figures, or a path, needs no resolver. */
enum status lookup_run(const struct address *address, int timeout_ms,
                       struct endpoint **list, size_t *count,
                       char errmsg[ERRMSG_MAX])
{
    if (address_resolve(address, AI_NUMERICHOST | AI_NUMERICSERV, list, count,
                        errmsg) == 0)
        return STATUS_OK;
    return ask_resolver(address, timeout_ms, list, count, errmsg);
}
