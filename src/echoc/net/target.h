/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * target: the endpoints of the server's address, and the one that answers.
 */
#ifndef ECHOC_NET_TARGET_H
#define ECHOC_NET_TARGET_H

#include "common/address.h"
#include "echoc/net/fault.h"
#include "echoc/options.h"
#include "echoc/status.h"

#include <stddef.h>

struct target {
    const char *text; /* as it was typed */
    struct endpoint *list;
    size_t count;
    size_t chosen; /* of list; where the last connection was made */
};

enum { TARGET_NAME_MAX = ADDRESS_TEXT_MAX + 256 };

/*
 * Look the address up, and keep the family that was asked for. STATUS_OK, or
 * STATUS_FAULT and has said why.
 */
enum status target_open(struct target *target, const struct options *options);
void target_close(struct target *target);

/*
 * Connect to each endpoint in order until one accepts, beginning with the one
 * that did last. Returns a descriptor, or -1 with the last one's errno, and
 * *fault filled in (FAULT_CONNECT, FAULT_LOCAL or FAULT_STOPPED).
 */
int target_connect(struct target *target, int timeout_ms, struct fault *fault);

/* Say that nothing could be connected to, and what that comes to. */
enum status target_refused(const struct target *target,
                           const struct fault *fault);

/* The chosen endpoint as text; a Unix socket by its path. */
void target_name(const struct target *target, char name[TARGET_NAME_MAX]);
/* The same of any of them. */
void target_name_of(const struct target *target, size_t endpoint,
                    char name[TARGET_NAME_MAX]);

/* Whether an errno of one of many connections to an endpoint that works is this
 * side's own trouble: no descriptor, memory or local port. */
bool target_is_local(int error);

#endif
