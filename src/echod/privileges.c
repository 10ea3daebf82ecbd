/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * privileges: become another user, for good.
 */
#include "config.h"

#include "echod/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

/* The groups first: afterwards it would not be permitted. For the superuser,
 * setuid(2) sets all three ids, so getting them back must fail. */
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

int privileges_become(const char *name, char errmsg[ERRMSG_MAX])
{
    const struct passwd *user = NULL;

    errno = 0;
    user = getpwnam(name);
    if (user == NULL && errno == 0)
        return errmsg_set(errmsg, "no such user: %s", name);
    if (user == NULL || become(user) < 0)
        return errmsg_set(errmsg, "cannot become %s: %s", name,
                          strerror(errno));
    return 0;
}
