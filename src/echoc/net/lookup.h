/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * lookup: look up an address, with a time limit.
 */
#ifndef ECHOC_NET_LOOKUP_H
#define ECHOC_NET_LOOKUP_H

#include "common/address.h"
#include "common/errmsg.h"
#include "echoc/status.h"

/*
 * address_resolve(), but no longer than timeout_ms and only until an interrupt.
 * Returns STATUS_OK with the list, which the caller frees, or another status
 * with errmsg "TEXT: WHY": STATUS_UNREACHED if the name is unknown or the
 * resolver does not answer, STATUS_FAULT after an interrupt, STATUS_LOCAL if
 * there is no thread or descriptor for it.
 */
enum status lookup_run(const struct address *address, int timeout_ms,
                       struct endpoint **list, size_t *count,
                       char errmsg[ERRMSG_MAX]);

#endif
