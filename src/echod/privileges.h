/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * privileges: become another user, for good.
 */
#ifndef ECHOD_PRIVILEGES_H
#define ECHOD_PRIVILEGES_H

enum { PRIVILEGES_WHY_MAX = 256 };

/*
 * Give up what this process may do for what the user may: uid, gid and groups,
 * real, effective and saved. Before the first thread. Returns 0, or -1 with
 * why, which names the user.
 */
int privileges_become(const char *user, char why[PRIVILEGES_WHY_MAX]);

#endif
