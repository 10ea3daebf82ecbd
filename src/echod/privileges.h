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
 * Before the first thread, as credentials(7) are changed thread by thread.
 * Returns 0, or -1 with errmsg, which names the user.
 */
int privileges_become(const char *name, char errmsg[ERRMSG_MAX]);

#endif
