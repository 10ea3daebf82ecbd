/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * supervisor, limits and privileges.
 */
#include "config.h"

#include "common/descriptors.h"
#include "echod/limits.h"
#include "echod/log.h"
#include "echod/privileges.h"
#include "echod/supervisor.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

const char suite_name[] = "process";

static char errmsg[ERRMSG_MAX];

static void set_pid(void)
{
    char pid[32];

    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("LISTEN_PID", pid, 1);
}

START_TEST(without_a_supervisor_nothing_is_inherited)
{
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    ck_assert_int_eq(supervisor_listeners(errmsg), 0);
    setenv("LISTEN_FDS", "2", 1);
    ck_assert_int_eq(supervisor_listeners(errmsg), 0);
}
END_TEST

START_TEST(sockets_for_another_process_are_ignored)
{
    setenv("LISTEN_PID", "1", 1);
    setenv("LISTEN_FDS", "2", 1);
    ck_assert_int_eq(supervisor_listeners(errmsg), 0);
}
END_TEST

START_TEST(the_count_of_inherited_sockets_is_read)
{
    set_pid();
    setenv("LISTEN_FDS", "2", 1);
    ck_assert_int_eq(supervisor_listeners(errmsg), 2);
}
END_TEST

static const char *const not_numbers[] = {"",   "x",  "2x",
                                          "-1", " 2", "99999999999999999999"};

START_TEST(a_variable_that_is_not_a_number_is_named)
{
    set_pid();
    setenv("LISTEN_FDS", not_numbers[_i], 1);
    ck_assert_int_eq(supervisor_listeners(errmsg), -1);
    ck_assert_ptr_nonnull(strstr(errmsg, "LISTEN_FDS"));
    setenv("LISTEN_PID", not_numbers[_i], 1);
    ck_assert_int_eq(supervisor_listeners(errmsg), -1);
    ck_assert_ptr_nonnull(strstr(errmsg, "LISTEN_PID"));
}
END_TEST

/* A supervisor's datagram socket, with a path or an abstract name. */
static int notify_socket(bool is_abstract)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    size_t length = 0;

    snprintf(address.sun_path, sizeof address.sun_path, "%s/check_process.%ld",
             is_abstract ? "@" : "/tmp", (long)getpid());
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    length = offsetof(struct sockaddr_un, sun_path) + strlen(address.sun_path);
    if (is_abstract)
        address.sun_path[0] = '\0';
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, (socklen_t)length),
                     0);
    return fd;
}

START_TEST(the_supervisor_receives_the_state)
{
    char datagram[32] = "";
    int fd = notify_socket(_i == 0);

    supervisor_notify("READY=1");
    ck_assert(is_readable(fd, 0));
    ck_assert_int_eq(read(fd, datagram, sizeof datagram - 1), 7);
    ck_assert_str_eq(datagram, "READY=1");
    unlink(getenv("NOTIFY_SOCKET"));
}
END_TEST

static void expect_warning(const int fds[2], const char *expected)
{
    char text[128] = "";

    supervisor_notify("READY=1");
    if (is_readable(fds[0], 0))
        ck_assert_int_gt(read(fds[0], text, sizeof text - 1), 0);
    ck_assert_str_eq(text, expected);
}

START_TEST(a_state_that_cannot_be_sent_is_a_warning)
{
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    log_open(LOG_NONE, -1, fds[1]);
    unsetenv("NOTIFY_SOCKET");
    expect_warning(fds, "");
    setenv("NOTIFY_SOCKET", "/nosuch/socket", 1);
    expect_warning(fds, "echod: NOTIFY_SOCKET: No such file or directory\n");
    setenv("NOTIFY_SOCKET", "relative", 1);
    expect_warning(fds, "echod: NOTIFY_SOCKET: Invalid argument\n");
}
END_TEST

static void set_limit(rlim_t soft, rlim_t hard)
{
    struct rlimit limit = {soft, hard};

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(the_soft_limit_is_raised_to_the_hard_one)
{
    struct rlimit limit;

    set_limit(64, 200);
    descriptors_raise_limit();
    ck_assert_uint_gt(limits_find(geteuid(), 0).clients, 64);
    getrlimit(RLIMIT_NOFILE, &limit);
    ck_assert_uint_eq(limit.rlim_cur, 200);
}
END_TEST

START_TEST(the_lowest_limit_is_named)
{
    struct limit limit;

    set_limit(64, 64);
    limit = limits_find(geteuid(), 0);
    ck_assert_str_eq(limit.name, "RLIMIT_NOFILE");
    ck_assert_uint_lt(limit.clients, 60);
    ck_assert_uint_gt(limit.clients, 40);
}
END_TEST

START_TEST(a_limit_too_low_for_one_client_is_named)
{
    struct limit limit;

    set_limit((rlim_t)dup(STDIN_FILENO) + 1, 100);
    limit = limits_find(geteuid(), 0);
    set_limit(100, 100); /* a sanitizer opens files at the end */
    ck_assert_uint_eq(limit.clients, 0);
    ck_assert_str_eq(limit.name, "RLIMIT_NOFILE");
}
END_TEST

/* A folder for a tree of control groups, and a file of it. */
static const char *control_file(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "/tmp/check_process.%ld/%s", (long)getpid(),
             name);
    return path;
}

/* Write one line into a file, and make the folders that it is in. */
static void write_control_file(const char *name, const char *line)
{
    char path[256];
    FILE *file = NULL;

    strcpy(path, control_file(name));
    for (char *slash = path + 5; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "%s\n", line);
    fclose(file);
}

static int remove_file(const char *path, const struct stat *status, int type,
                       struct FTW *level)
{
    (void)status;
    (void)type;
    (void)level;
    return remove(path);
}

/* The levels of version 2 and of version 1, from the mount down, and what
 * /proc/self/cgroup has. The group may not exist where it is looked up: a
 * container sees its own group as the mount. */
static const struct {
    const char *membership;
    const char *levels[3], *pids_levels[3];
    uint64_t tasks;
} groups[] = {
    {"0::/a/b", {NULL, "max", "30"}, {NULL, NULL, NULL}, 30},
    {"0::/a/b", {NULL, "20", "max"}, {NULL, NULL, NULL}, 20},
    {"0::/a/b", {"10", "20", "30"}, {NULL, NULL, NULL}, 10},
    {"0::/a", {NULL, "20", "10"}, {NULL, NULL, NULL}, 20},
    {"0::/", {"20", "10", "10"}, {NULL, NULL, NULL}, 20},
    {"0::/gone/away", {"20", "10", "10"}, {NULL, NULL, NULL}, 20},
    {"0::/a/b", {NULL, "max", "max"}, {NULL, NULL, NULL}, UINT64_MAX},
    {"8:pids:/a/b", {NULL, "5", "5"}, {NULL, "max", "30"}, 30},
    {"8:cpu,pids:/a/b", {NULL, "5", "5"}, {NULL, "20", "30"}, 20},
    {"8:pids,cpu:/a\n0::/a", {NULL, "20", NULL}, {NULL, "10", "5"}, 10},
    {"8:cpu:/a/b\n0::/", {NULL, NULL, NULL}, {NULL, "5", "5"}, UINT64_MAX},
    {"8:lapids:/a/b", {NULL, "5", "5"}, {NULL, "5", "5"}, UINT64_MAX},
    {"nonsense", {"5", "5", "5"}, {"5", "5", "5"}, UINT64_MAX},
};

START_TEST(every_level_of_a_control_group_counts)
{
    static const char *const files[] = {"pids.max", "a/pids.max",
                                        "a/b/pids.max"};
    char membership[256];
    char mount[256];
    char name[64];

    write_control_file("cgroup", groups[_i].membership);
    for (size_t i = 0; i < 3; i++) {
        if (groups[_i].levels[i] != NULL)
            write_control_file(files[i], groups[_i].levels[i]);
        snprintf(name, sizeof name, "pids/%s", files[i]);
        if (groups[_i].pids_levels[i] != NULL)
            write_control_file(name, groups[_i].pids_levels[i]);
    }
    strcpy(membership, control_file("cgroup"));
    strcpy(mount, control_file(""));
    mount[strlen(mount) - 1] = '\0';
    ck_assert_uint_eq(limits_cgroup_tasks(membership, mount), groups[_i].tasks);
    ck_assert_int_eq(nftw(mount, remove_file, 8, FTW_DEPTH), 0);
}
END_TEST

START_TEST(without_a_control_group_there_is_no_limit)
{
    ck_assert_uint_eq(limits_cgroup_tasks("/nosuch", "/nosuch"), UINT64_MAX);
}
END_TEST

START_TEST(growing_the_table_changes_no_descriptor)
{
    int fd = fcntl(STDIN_FILENO, F_DUPFD, 100);

    limits_grow_table((size_t)(100 - dup(STDIN_FILENO)));
    ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
    ck_assert_int_eq(fcntl(101, F_GETFD), -1);
}
END_TEST

/* ---- Another user ---- */

static const struct {
    const char *user, *group, *message;
} unknown[] = {
    {"nosuchuser", NULL, "no such user: nosuchuser"},
    {"nosuchuser", "0", "no such user: nosuchuser"},
    {"", NULL, "no such user: "},
    {"4294967295", NULL, "no such user: 4294967295"},
    {"-1", NULL, "no such user: -1"},
    {"nobody", "nosuchgroup", "no such group: nosuchgroup"},
    {"nobody", "4294967295", "no such group: 4294967295"},
    {"4294967294", NULL,
     "--user=4294967294: not a known user, so --group is needed"},
};

START_TEST(an_unknown_user_or_group_is_named)
{
    ck_assert_int_eq(
        privileges_look_up(unknown[_i].user, unknown[_i].group, errmsg), -1);
    ck_assert_str_eq(errmsg, unknown[_i].message);
}
END_TEST

static int become(const char *user, const char *group)
{
    ck_assert_int_eq(privileges_look_up(user, group, errmsg), 0);
    return privileges_take(errmsg);
}

static void expect_ids(uid_t uid, gid_t gid)
{
    ck_assert_uint_eq(getuid(), uid);
    ck_assert_uint_eq(geteuid(), uid);
    ck_assert_uint_eq(getgid(), gid);
    ck_assert_uint_eq(getegid(), gid);
    ck_assert_uint_eq(privileges_uid(), uid);
}

/* The groups besides gid must be these. */
static void expect_groups(const gid_t *expected, int count)
{
    static gid_t now[NGROUPS_MAX];

    ck_assert_int_eq(getgroups(NGROUPS_MAX, now), count);
    ck_assert_int_eq(memcmp(now, expected, (size_t)count * sizeof *now), 0);
}

static void text_of(long number, char text[32])
{
    snprintf(text, 32, "%ld", number);
}

/* Only root can become another user. */
START_TEST(a_change_of_user_cannot_be_undone)
{
    const struct passwd *nobody = getpwnam("nobody");

    ck_assert_ptr_nonnull(nobody);
    if (getuid() != 0) {
        ck_assert_int_eq(become("root", NULL), -1);
        ck_assert_ptr_nonnull(strstr(errmsg, "cannot become root"));
        return;
    }
    ck_assert_int_eq(become("nobody", NULL), 0);
    expect_ids(nobody->pw_uid, nobody->pw_gid);
    ck_assert_int_eq(setuid(0), -1);
    ck_assert_int_eq(become("nobody", NULL), 0);
}
END_TEST

START_TEST(without_a_user_or_group_nothing_changes)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    ck_assert_int_eq(become(NULL, NULL), 0);
    expect_ids(uid, gid);
}
END_TEST

START_TEST(a_number_of_a_known_user_brings_its_groups)
{
    const uid_t uid = getpwnam("nobody")->pw_uid;
    const gid_t gid = getpwnam("nobody")->pw_gid;
    char number[32];

    text_of((long)uid, number);
    ck_assert_int_eq(become(number, NULL), 0);
    expect_ids(uid, gid);
    expect_groups(&gid, 1);
}
END_TEST

START_TEST(a_number_of_no_user_takes_the_group_that_is_given)
{
    const gid_t gid = 54321;
    char number[32];

    text_of(gid, number);
    ck_assert_int_eq(become("4294967294", number), 0);
    expect_ids(4294967294, gid);
    expect_groups(&gid, 1);
}
END_TEST

START_TEST(a_group_goes_in_place_of_that_of_the_user)
{
    const gid_t gid = 54321;

    ck_assert_int_eq(become("nobody", "54321"), 0);
    expect_ids(getpwnam("nobody")->pw_uid, gid);
    expect_groups(&gid, 1);
}
END_TEST

START_TEST(a_group_without_a_user_leaves_the_user)
{
    const gid_t gid = getpwnam("nobody")->pw_gid;
    const char *name = getgrgid(gid)->gr_name;

    ck_assert_int_eq(become(NULL, name), 0);
    expect_ids(0, gid);
    expect_groups(&gid, 1);
}
END_TEST

/* As the user already, but with one more group, and perhaps with CAP_SETGID. */
static void become_nobody_with_a_group(bool can_set_groups)
{
    const struct passwd *nobody = getpwnam("nobody");
    const gid_t other = 54321;
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};

    ck_assert_int_eq(setgroups(1, &other), 0);
    ck_assert_int_eq(setgid(nobody->pw_gid), 0);
    prctl(PR_SET_KEEPCAPS, can_set_groups);
    ck_assert_int_eq(setuid(nobody->pw_uid), 0);
    if (!can_set_groups)
        return;
    data[0].effective = data[0].permitted = 1U << CAP_SETGID;
    ck_assert_int_eq((int)syscall(SYS_capset, &header, data), 0);
}

START_TEST(as_the_user_already_other_groups_are_given_up)
{
    const gid_t gid = getpwnam("nobody")->pw_gid;

    become_nobody_with_a_group(true);
    ck_assert_int_eq(become("nobody", NULL), 0);
    expect_groups(&gid, 1);
}
END_TEST

START_TEST(other_groups_that_cannot_be_given_up_are_an_error)
{
    become_nobody_with_a_group(false);
    ck_assert_int_eq(become("nobody", NULL), -1);
    ck_assert_str_eq(errmsg, "cannot become nobody: its groups: "
                             "Operation not permitted");
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, without_a_supervisor_nothing_is_inherited);
    tcase_add_test(tests, sockets_for_another_process_are_ignored);
    tcase_add_test(tests, the_count_of_inherited_sockets_is_read);
    tcase_add_loop_test(tests, a_variable_that_is_not_a_number_is_named, 0,
                        sizeof not_numbers / sizeof not_numbers[0]);
    tcase_add_loop_test(tests, the_supervisor_receives_the_state, 0, 2);
    tcase_add_test(tests, a_state_that_cannot_be_sent_is_a_warning);
    if (!under_valgrind()) {
        tcase_add_test(tests, the_soft_limit_is_raised_to_the_hard_one);
        tcase_add_test(tests, the_lowest_limit_is_named);
        tcase_add_test(tests, a_limit_too_low_for_one_client_is_named);
    }
    tcase_add_loop_test(tests, every_level_of_a_control_group_counts, 0,
                        sizeof groups / sizeof groups[0]);
    tcase_add_test(tests, without_a_control_group_there_is_no_limit);
    tcase_add_test(tests, growing_the_table_changes_no_descriptor);
    tcase_add_loop_test(tests, an_unknown_user_or_group_is_named, 0,
                        sizeof unknown / sizeof unknown[0]);
    tcase_add_test(tests, a_change_of_user_cannot_be_undone);
    tcase_add_test(tests, without_a_user_or_group_nothing_changes);
    if (getuid() != 0)
        return;
    tcase_add_test(tests, a_number_of_a_known_user_brings_its_groups);
    tcase_add_test(tests, a_number_of_no_user_takes_the_group_that_is_given);
    tcase_add_test(tests, a_group_goes_in_place_of_that_of_the_user);
    tcase_add_test(tests, a_group_without_a_user_leaves_the_user);
    /* The sanitizer's own thread lacks the capability, and glibc aborts. */
    if (!THREAD_SANITIZER)
        tcase_add_test(tests, as_the_user_already_other_groups_are_given_up);
    tcase_add_test(tests, other_groups_that_cannot_be_given_up_are_an_error);
}
