/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * suite: what the Check suites share: main(), sockets, waiting.
 */
#include "config.h"

#include "tests/common/suite.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static Suite *suite;

TCase *suite_case(const char *name)
{
    TCase *tests = tcase_create(name);

    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return tests;
}

int main(void)
{
    SRunner *runner = NULL;
    int failed = 0;

    suite = suite_create(suite_name);
    runner = srunner_create(suite);
    suite_tests(suite_case(suite_name));
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void unix_pair(int fds[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

int listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, SOMAXCONN), 0);
    return fd;
}

void tcp_pair(int fds[2])
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listen_fd = listen_on_loopback();

    ck_assert_int_eq(
        getsockname(listen_fd, (struct sockaddr *)&address, &length), 0);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fds[0], (struct sockaddr *)&address, length), 0);
    fds[1] = accept(listen_fd, NULL, NULL);
    ck_assert_int_ge(fds[1], 0);
    close(listen_fd);
}

void reset_connection(int fd)
{
    struct linger linger = {.l_onoff = 1};

    ck_assert_int_eq(
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(fd);
}

void fill(unsigned char *bytes, size_t size, uint64_t seed)
{
    uint64_t state = seed * 2 + 1;

    for (size_t i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = (unsigned char)(state >> 32);
    }
}

void write_all(int fd, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    while (size > 0) {
        ssize_t written = write(fd, at, size);

        if (written < 0 && errno == EINTR)
            continue;
        ck_assert_msg(written > 0, "write: %s", strerror(errno));
        at += written;
        size -= (size_t)written;
    }
}

bool is_readable(int fd, int ms)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};

    return poll(&pollfd, 1, ms) > 0;
}

void read_all(int fd, void *bytes, size_t size)
{
    unsigned char *at = bytes;

    while (size > 0) {
        ssize_t got = -1;

        ck_assert_msg(is_readable(fd, 30000), "nothing to read for 30 s");
        got = read(fd, at, size);
        if (got < 0 && errno == EINTR)
            continue;
        ck_assert_msg(got > 0, "%zu bytes missing: read returned %zd", size,
                      got);
        at += got;
        size -= (size_t)got;
    }
}

size_t read_to_end(int fd)
{
    static unsigned char bytes[65536];
    size_t total = 0;

    for (;;) {
        ssize_t got = -1;

        ck_assert_msg(is_readable(fd, 30000), "no input and no end for 30 s");
        got = read(fd, bytes, sizeof bytes);
        ck_assert_msg(got >= 0, "read: %s", strerror(errno));
        if (got == 0)
            return total;
        total += (size_t)got;
    }
}

int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void pause_since(int64_t start)
{
    int64_t ms = (now_ms() - start) / 10;

    poll(NULL, 0, ms < 1 ? 1 : ms > 10 ? 10 : (int)ms);
}

bool under_valgrind(void)
{
    return getenv("UNDER_VALGRIND") != NULL;
}
