/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * target: the endpoints of the server's address, and the one that answers.
 *
 * Knows that a name has many. Must not know what is sent there.
 */
#include "config.h"

#include "echoc/net/target.h"

#include "common/text.h"
#include "echoc/net/dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void keep_family(struct target *target, int family)
{
    size_t kept = 0;

    for (size_t i = 0; i < target->count; i++)
        if (target->list[i].address.any.sa_family == family)
            target->list[kept++] = target->list[i];
    target->count = kept;
}

enum status target_open(struct target *target, const struct options *options)
{
    char errmsg[ERRMSG_MAX];

    *target = (struct target){.text = options->address.text};
    if (address_resolve(&options->address, false, &target->list, &target->count,
                        errmsg) < 0) {
        status_say("cannot look up %s", errmsg);
        return STATUS_FAULT;
    }
    if (options->family != AF_UNSPEC)
        keep_family(target, options->family);
    if (target->count > 0)
        return STATUS_OK;
    status_say("cannot look up %s: it has no IPv%c address", target->text,
               options->family == AF_INET ? '4' : '6');
    target_close(target);
    return STATUS_FAULT;
}

void target_close(struct target *target)
{
    free(target->list);
    target->list = NULL;
}

/* No descriptor or memory: the next endpoint would fare no better. */
static bool is_short(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS ||
           error == ENOMEM;
}

bool target_is_local(int error)
{
    return is_short(error) || error == EADDRNOTAVAIL;
}

int target_connect(struct target *target, int timeout_ms, struct fault *fault)
{
    int error = 0;

    for (size_t i = 0; i < target->count; i++) {
        size_t next = (target->chosen + i) % target->count;
        int fd = connect_endpoint(&target->list[next], timeout_ms);

        if (fd >= 0) {
            target->chosen = next;
            return fd;
        }
        error = errno;
        if (error == EINTR || is_short(error))
            break;
    }
    *fault = (struct fault){.kind = FAULT_CONNECT, .error = error};
    if (error == EINTR)
        fault->kind = FAULT_STOPPED;
    else if (is_short(error))
        fault->kind = FAULT_LOCAL;
    errno = error;
    return -1;
}

enum status target_refused(const struct target *target,
                           const struct fault *fault)
{
    char text[FAULT_TEXT_MAX];

    fault_text(fault, text);
    status_say("cannot connect to %s: %s", target->text, text);
    return fault->kind == FAULT_LOCAL ? STATUS_LOCAL : STATUS_FAULT;
}

void target_name_of(const struct target *target, size_t endpoint,
                    char name[TARGET_NAME_MAX])
{
    const struct endpoint *it = &target->list[endpoint];

    if (it->address.any.sa_family != AF_UNIX) {
        address_format(&it->address.any, name);
        return;
    }
    snprintf(name, TARGET_NAME_MAX, "%s", target->text);
    /* A path may hold anything, but a terminal shall not obey it. */
    text_mask_controls(name, strlen(name));
}

void target_name(const struct target *target, char name[TARGET_NAME_MAX])
{
    target_name_of(target, target->chosen, name);
}
