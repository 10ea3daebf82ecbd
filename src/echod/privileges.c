/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * privileges: become another user, for good.
 *
 * Knows users and groups. Must not know what is done with the rights before or
 * after.
 */
#include "config.h"

#include "echod/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Groups before the user: afterwards it is no longer allowed. setuid(2) of the
 * superuser sets all three ids; to get them back must fail. */
static int become(const struct passwd *user)
{
    if (getuid() == user->pw_uid && geteuid() == user->pw_uid &&
        getgid() == user->pw_gid && user->pw_uid != 0)
        return 0;
    if (initgroups(user->pw_name, user->pw_gid) < 0 ||
        setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
        return -1;
    if (user->pw_uid != 0 && setuid(0) == 0) {
        errno = EPERM;
        return -1;
    }
    return 0;
}

int privileges_become(const char *name, char why[PRIVILEGES_WHY_MAX])
{
    const struct passwd *user = NULL;

    errno = 0;
    user = getpwnam(name);
    if (user == NULL && errno == 0)
        snprintf(why, PRIVILEGES_WHY_MAX, "no such user: %s", name);
    else if (user == NULL || become(user) < 0)
        snprintf(why, PRIVILEGES_WHY_MAX, "cannot become %s: %s", name,
                 strerror(errno));
    else
        return 0;
    return -1;
}
