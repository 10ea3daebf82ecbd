/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * privileges: become another user, for good.
 */
#ifndef ECHOD_PRIVILEGES_H
#define ECHOD_PRIVILEGES_H

#include "common/errmsg.h"

/*
 * Take the uid, gid and groups of a user as the real, effective and saved ones.
 * Call it before the first thread: getpwnam(3) is not thread-safe.
 * Returns 0, or -1 with errmsg, which names the user.
 */
int privileges_become(const char *name, char errmsg[ERRMSG_MAX]);

#endif
