/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * privileges: become another user and group, for good.
 */
#include "config.h"

#include "echod/privileges.h"

#include "common/number.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* What was looked up. The name is that of the user, or else of the group; NULL
 * if nothing is to be changed. */
static struct {
    const char *name;
    uid_t uid;
    gid_t gid;
    int count; /* of groups */
    gid_t groups[NGROUPS_MAX];
} wanted;

/* An id as a number; -1 if it is none. The highest one means "no change" to
 * chown(2) and others. */
static int64_t id_number(const char *text)
{
    return number_integer(text, (int64_t)UINT32_MAX - 1);
}

static int not_found(const char *what, const char *name, char *errmsg)
{
    if (errno == 0 || errno == ENOENT)
        return errmsg_set(errmsg, "no such %s: %s", what, name);
    return errmsg_set(errmsg, "cannot look up %s %s: %s", what, name,
                      strerror(errno));
}

static int find_group(const char *name, char *errmsg)
{
    const struct group *group = NULL;
    int64_t number = id_number(name);

    errno = 0;
    group = getgrnam(name);
    if (group == NULL && number < 0)
        return not_found("group", name, errmsg);
    wanted.gid = group != NULL ? group->gr_gid : (gid_t)number;
    return 0;
}

/* A name may consist of digits: as in chown(1), it goes before the number. A
 * number need not be in the user database: has_entry tells. */
static int find_user(const char *name, bool has_group, char *errmsg)
{
    const struct passwd *user = NULL;
    int64_t number = id_number(name);

    errno = 0;
    user = getpwnam(name);
    if (user == NULL && number >= 0)
        user = getpwuid((uid_t)number);
    if (user == NULL && number < 0)
        return not_found("user", name, errmsg);
    if (user == NULL && !has_group)
        return errmsg_set(errmsg,
                          "--user=%s: not a known user, so --group "
                          "is needed",
                          name);
    wanted.uid = user != NULL ? user->pw_uid : (uid_t)number;
    if (user == NULL)
        return 0;
    if (!has_group)
        wanted.gid = user->pw_gid;
    wanted.count = NGROUPS_MAX;
    if (getgrouplist(user->pw_name, wanted.gid, wanted.groups, &wanted.count) <
        0)
        return errmsg_set(errmsg, "%s is in more than %d groups", name,
                          NGROUPS_MAX);
    return 0;
}

int privileges_look_up(const char *user, const char *group,
                       char errmsg[ERRMSG_MAX])
{
    wanted.name = user != NULL ? user : group;
    wanted.uid = geteuid();
    if (group != NULL && find_group(group, errmsg) < 0)
        return -1;
    wanted.groups[0] = wanted.gid;
    wanted.count = 1;
    return user == NULL ? 0 : find_user(user, group != NULL, errmsg);
}

uid_t privileges_uid(void)
{
    return wanted.name != NULL ? wanted.uid : geteuid();
}

static bool is_wanted(gid_t gid)
{
    for (int i = 0; i < wanted.count; i++)
        if (wanted.groups[i] == gid)
            return true;
    return false;
}

/* Without the privilege, fewer groups than wanted will do, but not others. */
static int set_groups(void)
{
    static gid_t groups[NGROUPS_MAX];
    int count = 0;

    if (setgroups((size_t)wanted.count, wanted.groups) == 0)
        return 0;
    if (errno != EPERM)
        return -1;
    count = getgroups(NGROUPS_MAX, groups);
    while (count > 0 && is_wanted(groups[count - 1]))
        count--;
    errno = EPERM;
    return count == 0 ? 0 : -1;
}

/* The group first: afterwards it would not be permitted. For the superuser,
 * setuid(2) sets all three ids, so getting them back must fail. */
static int take(void)
{
    if (setgid(wanted.gid) < 0 || setuid(wanted.uid) < 0)
        return -1;
    if (getuid() == wanted.uid && geteuid() == wanted.uid &&
        getgid() == wanted.gid && getegid() == wanted.gid &&
        (wanted.uid == 0 || setuid(0) < 0))
        return 0;
    errno = EPERM;
    return -1;
}

int privileges_take(char errmsg[ERRMSG_MAX])
{
    if (wanted.name == NULL)
        return 0;
    if (set_groups() < 0)
        return errmsg_set(errmsg, "cannot become %s: its groups: %s",
                          wanted.name, strerror(errno));
    if (take() == 0)
        return 0;
    return errmsg_set(errmsg, "cannot become %s: %s", wanted.name,
                      strerror(errno));
}
