/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * listen: addresses become listening sockets.
 */
#include "config.h"

#include "echod/log.h"
#include "echod/signals.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The source itself, with an accept4(2), or accept(2) where there is no other,
 * that fails as often as a test wants. */
#ifdef HAVE_ACCEPT4
static int failing_accept4(int fd, struct sockaddr *peer, socklen_t *length,
                           int flags);
#define accept4 failing_accept4
#else
static int failing_accept(int fd, struct sockaddr *peer, socklen_t *length);
#define accept failing_accept
#endif
#include "src/echod/listen.c"
#undef accept4
#undef accept

const char suite_name[] = "listen";

static int failures; /* that are still to come */
static int failure;  /* their errno */

static bool fails(void)
{
    if (failures == 0)
        return false;
    failures--;
    errno = failure;
    return true;
}

#ifdef HAVE_ACCEPT4
static int failing_accept4(int fd, struct sockaddr *peer, socklen_t *length,
                           int flags)
{
    return fails() ? -1 : accept4(fd, peer, length, flags);
}
#else
static int failing_accept(int fd, struct sockaddr *peer, socklen_t *length)
{
    return fails() ? -1 : accept(fd, peer, length);
}
#endif

static struct listeners listeners;
static char errmsg[ERRMSG_MAX];
static char folder[64];

static int open_at(const char *text)
{
    struct address address;
    struct target target;

    ck_assert_int_eq(address_parse(text, &address, errmsg), 0);
    if (listen_look_up(&target, &address, errmsg) < 0)
        return -1;
    return listen_open(&listeners, &target, errmsg);
}

static const char *path_in_folder(const char *name)
{
    static char path[100];

    strcpy(folder, "/tmp/check_listen.XXXXXX");
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

START_TEST(port_zero_gives_both_families_the_same_port)
{
    ck_assert_int_eq(open_at(":0"), 0);
    ck_assert_uint_eq(listeners.count, 2);
    ck_assert_str_ne(strrchr(listeners.list[0].name, ':'), ":0");
    ck_assert_str_eq(strrchr(listeners.list[0].name, ':'),
                     strrchr(listeners.list[1].name, ':'));
    close(connect_to(&listeners.list[0]));
    close(connect_to(&listeners.list[1]));
    listen_close(&listeners);
    ck_assert_uint_eq(listeners.count, 0);
}
END_TEST

START_TEST(several_addresses_are_listened_on)
{
    ck_assert_int_eq(open_at("127.0.0.1:0"), 0);
    ck_assert_int_eq(open_at("[::1]:0"), 0);
    ck_assert_int_eq(open_at(path_in_folder("s")), 0);
    ck_assert_uint_eq(listeners.count, 3);
    for (int i = 0; i < 3; i++)
        close(connect_to(&listeners.list[i]));
    listen_close(&listeners);
    rmdir(folder);
}
END_TEST

START_TEST(an_address_in_use_is_named_and_nothing_stays_open)
{
    char taken[64];

    open_at("127.0.0.1:0");
    strcpy(taken, listeners.list[0].name);
    ck_assert_int_eq(open_at(taken), -1);
    ck_assert_uint_eq(listeners.count, 1);
    ck_assert_ptr_nonnull(strstr(errmsg, taken));
    ck_assert_ptr_nonnull(strstr(errmsg, strerror(EADDRINUSE)));
}
END_TEST

START_TEST(an_address_of_another_host_is_named)
{
    ck_assert_int_eq(open_at("192.0.2.1:0"), -1);
    ck_assert_str_eq(errmsg, "cannot listen on 192.0.2.1:0: "
                             "Cannot assign requested address");
}
END_TEST

START_TEST(an_unknown_host_is_named)
{
    ck_assert_int_eq(open_at("nosuch.invalid:7"), -1);
    ck_assert_ptr_nonnull(strstr(errmsg, "nosuch.invalid:7"));
}
END_TEST

START_TEST(servers_share_a_port_with_reuseport)
{
    char taken[64];

    listeners.reuseport = true;
    ck_assert_int_eq(open_at("127.0.0.1:0"), 0);
    strcpy(taken, listeners.list[0].name);
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
    struct timeval limit;
    socklen_t length = sizeof limit;

    ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, name, &limit, &length), 0);
    return limit.tv_sec * 1000 + limit.tv_usec / 1000;
}

static int accept_one(const struct listener *listener)
{
    struct endpoint peer;
    int fd = -1;

    ck_assert(is_readable(listener->fd, 30000));
    fd = listen_accept(listener, &peer);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(peer.address.any.sa_family, listener->family);
    ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    return fd;
}

START_TEST(an_accepted_socket_has_the_options_of_its_listener)
{
    int fd = -1;

    listeners.timeout_ms = 1500;
    open_at(_i == 0 ? "127.0.0.1:0" : "[::1]:0");
    connect_to(&listeners.list[0]);
    fd = accept_one(&listeners.list[0]);
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
    connect_to(&listeners.list[0]);
    fd = accept_one(&listeners.list[0]);
    ck_assert_int_eq(timeout_of(fd, SO_RCVTIMEO), 1500);
    ck_assert_int_eq(timeout_of(fd, SO_SNDTIMEO), 1500);
    listen_close(&listeners);
    rmdir(folder);
}
END_TEST

START_TEST(accept_does_not_wait_for_a_connection)
{
    struct endpoint peer;

    open_at("127.0.0.1:0");
    ck_assert_int_eq(listen_accept(&listeners.list[0], &peer), -1);
    ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

START_TEST(a_unix_socket_is_removed_at_the_end)
{
    const char *path = path_in_folder("s");

    ck_assert_int_eq(open_at(path), 0);
    ck_assert_str_eq(listeners.list[0].name, path);
    ck_assert(exists(path));
    listen_close(&listeners);
    ck_assert(!exists(path));
    rmdir(folder);
}
END_TEST

static const struct {
    mode_t mode, umask, expected;
} modes[] = {
    {0, 0, 0777},      {0, 077, 0700},    {0660, 0, 0660},
    {0660, 077, 0660}, {0200, 022, 0200}, {0777, 0777, 0777},
};

START_TEST(the_file_of_a_unix_socket_has_its_mode_and_the_umask_stays)
{
    const char *path = path_in_folder("s");
    struct stat status;

    umask(modes[_i].umask);
    listeners.mode = modes[_i].mode;
    ck_assert_int_eq(open_at(path), 0);
    ck_assert_uint_eq(umask(0), modes[_i].umask);
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode, S_IFSOCK | modes[_i].expected);
    listen_close(&listeners);
    rmdir(folder);
}
END_TEST

START_TEST(the_file_that_replaces_a_stale_one_has_the_mode)
{
    const char *path = path_in_folder("s");
    struct stat status;

    listeners.mode = 0600;
    ck_assert_int_eq(open_at(path), 0);
    close(listeners.list[0].fd); /* died without removing it */
    listeners.count = 0;
    listeners.mode = 0666;
    ck_assert_int_eq(open_at(path), 0);
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode, S_IFSOCK | 0666);
    listen_close(&listeners);
    rmdir(folder);
}
END_TEST

START_TEST(a_stale_socket_is_replaced)
{
    const char *path = path_in_folder("s");

    open_at(path);
    close(listeners.list[0].fd); /* died without removing it */
    listeners.count = 0;
    ck_assert(exists(path));
    ck_assert_int_eq(open_at(path), 0);
    close(connect_to(&listeners.list[0]));
    listen_close(&listeners);
    rmdir(folder);
}
END_TEST

START_TEST(a_live_socket_is_left_alone)
{
    const char *path = path_in_folder("s");

    open_at(path);
    ck_assert_int_eq(open_at(path), -1);
    ck_assert_ptr_nonnull(strstr(errmsg, path));
    ck_assert_ptr_nonnull(strstr(errmsg, strerror(EADDRINUSE)));
    close(connect_to(&listeners.list[0]));
    listen_close(&listeners);
    rmdir(folder);
}
END_TEST

/* Signals are blocked by then, and the wait would last 10 s. */
START_TEST(a_signal_ends_the_wait_for_a_locked_directory)
{
    const char *path = path_in_folder("s");
    int fd = open(folder, O_RDONLY);

    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    ck_assert_int_eq(signals_open(), 0);
    raise(SIGTERM);
    ck_assert_int_eq(open_at(path), -1);
    ck_assert_ptr_nonnull(strstr(errmsg, strerror(EINTR)));
    ck_assert(!exists(path));
    rmdir(folder);
}
END_TEST

START_TEST(a_file_that_is_not_a_socket_is_left_alone)
{
    const char *path = path_in_folder("s");

    close(open(path, O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(open_at(path), -1);
    ck_assert(exists(path));
    unlink(path);
    rmdir(folder);
}
END_TEST

START_TEST(the_file_of_another_server_is_not_removed)
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
    listen_close(&other);
    ck_assert(exists(path));
    listen_close(&listeners);
    unlink(moved);
    rmdir(folder);
}
END_TEST

START_TEST(a_path_without_its_folder_is_named)
{
    ck_assert_int_eq(open_at("/nosuch/socket"), -1);
    ck_assert_str_eq(errmsg, "cannot listen on /nosuch/socket: "
                             "No such file or directory");
}
END_TEST

START_TEST(an_inherited_socket_is_not_removed)
{
    const char *path = path_in_folder("s");
    struct listeners mine = {.timeout_ms = 100};

    open_at(path);
    ck_assert_int_eq(listen_adopt(&mine, dup(listeners.list[0].fd), 1, errmsg),
                     0);
    ck_assert_str_eq(mine.list[0].name, path);
    close(connect_to(&mine.list[0]));
    listen_close(&mine);
    ck_assert(exists(path));
    close(connect_to(&listeners.list[0]));
    listen_close(&listeners);
    rmdir(folder);
}
END_TEST

START_TEST(an_inherited_time_limit_is_reset)
{
    struct listeners mine = {.timeout_ms = 0};
    int fd = -1;

    listeners.timeout_ms = 1500;
    open_at("127.0.0.1:0");
    ck_assert_int_eq(listen_adopt(&mine, dup(listeners.list[0].fd), 1, errmsg),
                     0);
    connect_to(&mine.list[0]);
    fd = accept_one(&mine.list[0]);
    ck_assert_int_eq(timeout_of(fd, SO_RCVTIMEO), 0);
    ck_assert_int_eq(timeout_of(fd, SO_SNDTIMEO), 0);
    listen_close(&mine);
}
END_TEST

static int accept_after(int count, int error)
{
    struct endpoint peer;

    failures = count;
    failure = error;
    return listen_accept(&listeners.list[0], &peer);
}

static const int aborted[] = {ECONNABORTED, EINTR, EPERM, EPROTO, ENETDOWN};
static const int shortages[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, EIO};
static const int broken[] = {EBADF, EINVAL, ENOTSOCK};

START_TEST(an_aborted_connection_is_skipped)
{
    open_at("127.0.0.1:0");
    connect_to(&listeners.list[0]);
    ck_assert_int_ge(accept_after(3, aborted[_i]), 0);
    ck_assert_int_eq(accept_after(INT_MAX, aborted[_i]), -1);
    ck_assert_int_eq(errno, aborted[_i]);
    ck_assert(!listen_is_broken(errno));
}
END_TEST

START_TEST(a_shortage_is_returned_at_once)
{
    open_at("127.0.0.1:0");
    ck_assert_int_eq(accept_after(2, shortages[_i]), -1);
    ck_assert_int_eq(errno, shortages[_i]);
    ck_assert_int_eq(failures, 1);
    ck_assert(!listen_is_broken(shortages[_i]));
}
END_TEST

START_TEST(a_broken_listener_is_told_from_a_shortage)
{
    ck_assert(listen_is_broken(broken[_i]));
}
END_TEST

START_TEST(a_file_that_cannot_be_removed_is_a_warning)
{
    const char *path = path_in_folder("s");
    char moved[120];
    char text[256] = "";
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    log_open(LOG_NONE, -1, fds[1]);
    open_at(path);
    /* The folder's name becomes that of a file. */
    snprintf(moved, sizeof moved, "%s.old", folder);
    ck_assert_int_eq(rename(folder, moved), 0);
    close(open(folder, O_CREAT | O_WRONLY, 0600));
    listen_close(&listeners);
    ck_assert_int_gt(read(fds[0], text, sizeof text - 1), 0);
    ck_assert_ptr_nonnull(strstr(text, "echod: cannot remove /tmp/"));
    ck_assert_ptr_nonnull(strstr(text, strerror(ENOTDIR)));
    unlink(folder);
    strcat(moved, "/s");
    unlink(moved);
    *strrchr(moved, '/') = '\0';
    rmdir(moved);
}
END_TEST

START_TEST(only_listening_stream_sockets_are_adopted)
{
    struct sockaddr any = {.sa_family = AF_UNIX};
    int fds[2];

    unix_pair(fds);
    ck_assert_int_eq(listen_adopt(&listeners, fds[0], 1, errmsg), -1);
    ck_assert_ptr_nonnull(strstr(errmsg, "not a listening stream socket"));
    fds[0] = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    ck_assert_int_eq(bind(fds[0], &any, sizeof any.sa_family), 0);
    ck_assert_int_eq(listen(fds[0], 1), 0);
    ck_assert_int_eq(listen_adopt(&listeners, fds[0], 1, errmsg), -1);
    ck_assert_int_eq(listen_adopt(&listeners, 1000, 1, errmsg), -1);
    ck_assert_str_eq(errmsg, "cannot listen on inherited descriptor 1000: "
                             "Bad file descriptor");
    ck_assert_uint_eq(listeners.count, 0);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, port_zero_gives_both_families_the_same_port);
    tcase_add_test(tests, several_addresses_are_listened_on);
    tcase_add_test(tests, an_address_in_use_is_named_and_nothing_stays_open);
    tcase_add_test(tests, an_address_of_another_host_is_named);
    tcase_add_test(tests, an_unknown_host_is_named);
    tcase_add_test(tests, servers_share_a_port_with_reuseport);
    tcase_add_loop_test(
        tests, an_accepted_socket_has_the_options_of_its_listener, 0, 2);
    tcase_add_test(tests, an_accepted_unix_socket_has_the_time_limit);
    tcase_add_test(tests, accept_does_not_wait_for_a_connection);
    tcase_add_test(tests, a_unix_socket_is_removed_at_the_end);
    tcase_add_loop_test(
        tests, the_file_of_a_unix_socket_has_its_mode_and_the_umask_stays, 0,
        sizeof modes / sizeof modes[0]);
    tcase_add_test(tests, the_file_that_replaces_a_stale_one_has_the_mode);
    tcase_add_test(tests, a_stale_socket_is_replaced);
    tcase_add_test(tests, a_live_socket_is_left_alone);
    tcase_add_test(tests, a_signal_ends_the_wait_for_a_locked_directory);
    tcase_add_test(tests, a_file_that_is_not_a_socket_is_left_alone);
    tcase_add_test(tests, the_file_of_another_server_is_not_removed);
    tcase_add_test(tests, a_path_without_its_folder_is_named);
    tcase_add_test(tests, an_inherited_socket_is_not_removed);
    tcase_add_test(tests, an_inherited_time_limit_is_reset);
    tcase_add_loop_test(tests, an_aborted_connection_is_skipped, 0,
                        sizeof aborted / sizeof aborted[0]);
    tcase_add_loop_test(tests, a_shortage_is_returned_at_once, 0,
                        sizeof shortages / sizeof shortages[0]);
    tcase_add_loop_test(tests, a_broken_listener_is_told_from_a_shortage, 0,
                        sizeof broken / sizeof broken[0]);
    tcase_add_test(tests, a_file_that_cannot_be_removed_is_a_warning);
    tcase_add_test(tests, only_listening_stream_sockets_are_adopted);
}
