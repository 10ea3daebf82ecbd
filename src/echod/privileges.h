/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * privileges: become another user and group, for good.
 *
 * For main(), before the first thread: getpwnam(3) and getgrnam(3) are not
 * thread-safe.
 */
#ifndef ECHOD_PRIVILEGES_H
#define ECHOD_PRIVILEGES_H

#include "common/errmsg.h"

#include <sys/types.h>

/*
 * Look up a user and a group, each a name or a number, or NULL for none. This
 * may ask a directory service and take long. Without a group it is that of the
 * user. Returns 0, or -1 with errmsg, which names what is not known.
 */
int privileges_look_up(const char *user, const char *group,
                       char errmsg[ERRMSG_MAX]);

/* The effective uid after privileges_take(). */
uid_t privileges_uid(void);

/*
 * Take the uid, the gid and the groups that were looked up as the real,
 * effective and saved ones. The other groups of the user remain the user's; a
 * group without a user has no others. Nothing changes if neither was given.
 * Without the privilege to set groups it is enough that the process has no
 * others. Returns 0, or -1 with errmsg.
 */
int privileges_take(char errmsg[ERRMSG_MAX]);

#endif
