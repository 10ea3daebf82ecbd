/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * listeners, listener and unixfile: addresses become listening sockets.
 */
#include "config.h"

#include "echod/listeners.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char suite_name[] = "listeners";

static struct listeners listeners;
static char why[LISTENERS_WHY_MAX];
static char folder[64];

static int open_at(const char *text)
{
    struct address address;
    char errmsg[ERRMSG_MAX];

    ck_assert_int_eq(address_parse(text, &address, errmsg), 0);
    return listeners_open(&listeners, &address, why);
}

static const char *path_in_folder(const char *name)
{
    static char path[100];

    strcpy(folder, "/tmp/check_listeners.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int connect_to(const struct listener *listener)
{
    struct endpoint endpoint = {.length = sizeof endpoint.address};
    int fd = socket(listener->family, SOCK_STREAM, 0);

    ck_assert_int_eq(
        getsockname(listener->fd, &endpoint.address.any, &endpoint.length), 0);
    ck_assert_int_eq(connect(fd, &endpoint.address.any, endpoint.length), 0);
    return fd;
}

static bool exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

START_TEST(port_zero_is_the_same_port_for_both_families)
{
    ck_assert_int_eq(open_at(":0"), 0);
    ck_assert_uint_eq(listeners.count, 2);
    ck_assert_str_ne(strrchr(listeners.at[0].name, ':'), ":0");
    ck_assert_str_eq(strrchr(listeners.at[0].name, ':'),
                     strrchr(listeners.at[1].name, ':'));
    close(connect_to(&listeners.at[0]));
    close(connect_to(&listeners.at[1]));
    ck_assert_int_eq(listeners_close(&listeners, why), 0);
    ck_assert_uint_eq(listeners.count, 0);
}
END_TEST

START_TEST(several_addresses_add_up)
{
    ck_assert_int_eq(open_at("127.0.0.1:0"), 0);
    ck_assert_int_eq(open_at("[::1]:0"), 0);
    ck_assert_int_eq(open_at(path_in_folder("s")), 0);
    ck_assert_uint_eq(listeners.count, 3);
    for (int i = 0; i < 3; i++)
        close(connect_to(&listeners.at[i]));
    listeners_close(&listeners, why);
    rmdir(folder);
}
END_TEST

START_TEST(a_taken_address_is_named_and_nothing_stays_open)
{
    char taken[64];

    open_at("127.0.0.1:0");
    strcpy(taken, listeners.at[0].name);
    ck_assert_int_eq(open_at(taken), -1);
    ck_assert_uint_eq(listeners.count, 1);
    ck_assert_ptr_nonnull(strstr(why, taken));
    ck_assert_ptr_nonnull(strstr(why, strerror(EADDRINUSE)));
}
END_TEST

START_TEST(an_address_of_another_host_is_named)
{
    ck_assert_int_eq(open_at("192.0.2.1:0"), -1);
    ck_assert_str_eq(why, "cannot listen on 192.0.2.1:0: "
                          "Cannot assign requested address");
}
END_TEST

START_TEST(a_host_that_is_not_there_is_named)
{
    ck_assert_int_eq(open_at("nosuch.invalid:7"), -1);
    ck_assert_ptr_nonnull(strstr(why, "nosuch.invalid:7"));
}
END_TEST

START_TEST(several_servers_share_with_reuseport)
{
    char taken[64];

    listeners.reuseport = true;
    ck_assert_int_eq(open_at("127.0.0.1:0"), 0);
    strcpy(taken, listeners.at[0].name);
    ck_assert_int_eq(open_at(taken), 0);
    ck_assert_uint_eq(listeners.count, 2);
}
END_TEST

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;

    ck_assert_int_eq(getsockopt(fd, level, name, &value, &length), 0);
    return value;
}

static long timeout_of(int fd, int name)
{
    struct timeval time;
    socklen_t length = sizeof time;

    ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, name, &time, &length), 0);
    return time.tv_sec * 1000 + time.tv_usec / 1000;
}

static int accept_one(const struct listener *listener)
{
    struct endpoint peer;
    int fd = -1;

    ck_assert(is_readable(listener->fd, 30000));
    fd = listener_accept(listener, &peer);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(peer.address.any.sa_family, listener->family);
    ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    return fd;
}

START_TEST(an_accepted_socket_has_all_that_the_listener_was_given)
{
    int fd = -1;

    listeners.timeout_ms = 1500;
    open_at(_i == 0 ? "127.0.0.1:0" : "[::1]:0");
    connect_to(&listeners.at[0]);
    fd = accept_one(&listeners.at[0]);
    ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    ck_assert_int_eq(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 15);
    ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 4);
    ck_assert_int_eq(timeout_of(fd, SO_RCVTIMEO), 1500);
    ck_assert_int_eq(timeout_of(fd, SO_SNDTIMEO), 1500);
}
END_TEST

START_TEST(an_accepted_unix_socket_has_the_time_limit)
{
    int fd = -1;

    listeners.timeout_ms = 1500;
    open_at(path_in_folder("s"));
    connect_to(&listeners.at[0]);
    fd = accept_one(&listeners.at[0]);
    ck_assert_int_eq(timeout_of(fd, SO_RCVTIMEO), 1500);
    ck_assert_int_eq(timeout_of(fd, SO_SNDTIMEO), 1500);
    listeners_close(&listeners, why);
    rmdir(folder);
}
END_TEST

START_TEST(accepting_nobody_does_not_wait)
{
    struct endpoint peer;

    open_at("127.0.0.1:0");
    ck_assert_int_eq(listener_accept(&listeners.at[0], &peer), -1);
    ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

START_TEST(a_unix_socket_is_removed_at_the_end)
{
    const char *path = path_in_folder("s");

    ck_assert_int_eq(open_at(path), 0);
    ck_assert_str_eq(listeners.at[0].name, path);
    ck_assert(exists(path));
    ck_assert_int_eq(listeners_close(&listeners, why), 0);
    ck_assert(!exists(path));
    rmdir(folder);
}
END_TEST

START_TEST(a_stale_socket_is_replaced)
{
    const char *path = path_in_folder("s");

    open_at(path);
    close(listeners.at[0].fd); /* died without removing it */
    listeners.count = 0;
    ck_assert(exists(path));
    ck_assert_int_eq(open_at(path), 0);
    close(connect_to(&listeners.at[0]));
    listeners_close(&listeners, why);
    rmdir(folder);
}
END_TEST

START_TEST(a_live_socket_is_left_alone)
{
    const char *path = path_in_folder("s");

    open_at(path);
    ck_assert_int_eq(open_at(path), -1);
    ck_assert_ptr_nonnull(strstr(why, path));
    ck_assert_ptr_nonnull(strstr(why, strerror(EADDRINUSE)));
    close(connect_to(&listeners.at[0]));
    listeners_close(&listeners, why);
    rmdir(folder);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_left_alone)
{
    const char *path = path_in_folder("s");

    close(open(path, O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(open_at(path), -1);
    ck_assert(exists(path));
    unlink(path);
    rmdir(folder);
}
END_TEST

START_TEST(another_servers_socket_of_that_name_is_not_removed)
{
    const char *path = path_in_folder("s");
    struct listeners other = {.count = 0};
    char moved[120];

    open_at(path);
    snprintf(moved, sizeof moved, "%s.old", path);
    ck_assert_int_eq(rename(path, moved), 0);
    other = listeners;
    listeners = (struct listeners){.count = 0};
    ck_assert_int_eq(open_at(path), 0);
    ck_assert_int_eq(listeners_close(&other, why), 0);
    ck_assert(exists(path));
    listeners_close(&listeners, why);
    unlink(moved);
    rmdir(folder);
}
END_TEST

START_TEST(a_path_in_no_folder_is_named)
{
    ck_assert_int_eq(open_at("/nosuch/socket"), -1);
    ck_assert_str_eq(why, "cannot listen on /nosuch/socket: "
                          "No such file or directory");
}
END_TEST

START_TEST(an_inherited_socket_outlives_the_listener)
{
    const char *path = path_in_folder("s");
    struct listeners mine = {.timeout_ms = 100};

    open_at(path);
    ck_assert_int_eq(listeners_adopt(&mine, dup(listeners.at[0].fd), 1, why),
                     0);
    ck_assert_str_eq(mine.at[0].name, path);
    close(connect_to(&mine.at[0]));
    ck_assert_int_eq(listeners_close(&mine, why), 0);
    ck_assert(exists(path));
    close(connect_to(&listeners.at[0]));
    listeners_close(&listeners, why);
    rmdir(folder);
}
END_TEST

START_TEST(an_inherited_socket_keeps_no_time_limit_of_before)
{
    struct listeners mine = {.timeout_ms = 0};
    int fd = -1;

    listeners.timeout_ms = 1500;
    open_at("127.0.0.1:0");
    ck_assert_int_eq(listeners_adopt(&mine, dup(listeners.at[0].fd), 1, why),
                     0);
    connect_to(&mine.at[0]);
    fd = accept_one(&mine.at[0]);
    ck_assert_int_eq(timeout_of(fd, SO_RCVTIMEO), 0);
    ck_assert_int_eq(timeout_of(fd, SO_SNDTIMEO), 0);
    listeners_close(&mine, why);
}
END_TEST

START_TEST(accept_errors_are_told_apart)
{
    ck_assert_int_eq(listener_trouble(EAGAIN), LISTENER_NOBODY);
    ck_assert_int_eq(listener_trouble(ECONNABORTED), LISTENER_NEWCOMER);
    ck_assert_int_eq(listener_trouble(EINTR), LISTENER_NEWCOMER);
    ck_assert_int_eq(listener_trouble(EPERM), LISTENER_NEWCOMER);
    ck_assert_int_eq(listener_trouble(EMFILE), LISTENER_TABLE);
    ck_assert_int_eq(listener_trouble(ENFILE), LISTENER_TABLE);
    ck_assert_int_eq(listener_trouble(ENOMEM), LISTENER_TABLE);
    ck_assert_int_eq(listener_trouble(ENOBUFS), LISTENER_TABLE);
    ck_assert_int_eq(listener_trouble(EIO), LISTENER_TABLE);
    ck_assert_int_eq(listener_trouble(EBADF), LISTENER_BROKEN);
    ck_assert_int_eq(listener_trouble(EINVAL), LISTENER_BROKEN);
}
END_TEST

START_TEST(what_does_not_listen_is_not_adopted)
{
    struct sockaddr any = {.sa_family = AF_UNIX};
    int fds[2];

    unix_pair(fds);
    ck_assert_int_eq(listeners_adopt(&listeners, fds[0], 1, why), -1);
    ck_assert_ptr_nonnull(strstr(why, "not a listening stream socket"));
    fds[0] = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    ck_assert_int_eq(bind(fds[0], &any, sizeof any.sa_family), 0);
    ck_assert_int_eq(listen(fds[0], 1), 0);
    ck_assert_int_eq(listeners_adopt(&listeners, fds[0], 1, why), -1);
    ck_assert_int_eq(listeners_adopt(&listeners, 1000, 1, why), -1);
    ck_assert_str_eq(why, "cannot listen on inherited descriptor 1000: "
                          "Bad file descriptor");
    ck_assert_uint_eq(listeners.count, 0);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, port_zero_is_the_same_port_for_both_families);
    tcase_add_test(tests, several_addresses_add_up);
    tcase_add_test(tests, a_taken_address_is_named_and_nothing_stays_open);
    tcase_add_test(tests, an_address_of_another_host_is_named);
    tcase_add_test(tests, a_host_that_is_not_there_is_named);
    tcase_add_test(tests, several_servers_share_with_reuseport);
    tcase_add_loop_test(
        tests, an_accepted_socket_has_all_that_the_listener_was_given, 0, 2);
    tcase_add_test(tests, an_accepted_unix_socket_has_the_time_limit);
    tcase_add_test(tests, accepting_nobody_does_not_wait);
    tcase_add_test(tests, a_unix_socket_is_removed_at_the_end);
    tcase_add_test(tests, a_stale_socket_is_replaced);
    tcase_add_test(tests, a_live_socket_is_left_alone);
    tcase_add_test(tests, a_file_that_is_no_socket_is_left_alone);
    tcase_add_test(tests, another_servers_socket_of_that_name_is_not_removed);
    tcase_add_test(tests, a_path_in_no_folder_is_named);
    tcase_add_test(tests, an_inherited_socket_outlives_the_listener);
    tcase_add_test(tests, an_inherited_socket_keeps_no_time_limit_of_before);
    tcase_add_test(tests, accept_errors_are_told_apart);
    tcase_add_test(tests, what_does_not_listen_is_not_adopted);
}
