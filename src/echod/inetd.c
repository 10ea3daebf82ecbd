/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * inetd: one client, on standard input and output.
 */
#include "config.h"

#include "echod/inetd.h"

#include "common/address.h"
#include "common/clock.h"
#include "common/sockopt.h"
#include "echod/clients.h"
#include "echod/echo.h"
#include "echod/log.h"
#include "echod/sendqueue.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool are_same(int fd, int other, mode_t type)
{
    struct stat one;
    struct stat two;

    return fstat(fd, &one) == 0 && fstat(other, &two) == 0 &&
           (one.st_mode & S_IFMT) == type && one.st_dev == two.st_dev &&
           one.st_ino == two.st_ino;
}

bool inetd_is_stdin_socket(int fd)
{
    return are_same(fd, STDIN_FILENO, S_IFSOCK);
}

bool inetd_reaches_client(int fd)
{
    return inetd_is_stdin_socket(fd) || are_same(fd, STDOUT_FILENO, S_IFSOCK) ||
           are_same(fd, STDOUT_FILENO, S_IFIFO);
}

/* As in the server: what the client has not acknowledged may still be lost. */
static int wait_for_delivery(int timeout_ms)
{
    struct sendqueue_wait wait = {
        .fd = STDOUT_FILENO, .timeout_ms = 3 * echo_half_limit(timeout_ms)};
    int unacked = sendqueue_unacked(STDOUT_FILENO, false);

    if (unacked > 0)
        wait.half_closed = shutdown(STDOUT_FILENO, SHUT_WR) == 0;
    while (unacked > 0)
        unacked = sendqueue_wait(&wait);
    return unacked < 0 ? errno : 0;
}

int inetd_run(int timeout_ms, int delay_ms)
{
    _Atomic uint64_t written = 0;
    struct echo echo = {.in_fd = STDIN_FILENO,
                        .out_fd = STDOUT_FILENO,
                        .delay_ms = delay_ms,
                        .written = &written};
    struct endpoint peer = {.length = sizeof peer.address};
    struct log_event event = {.kind = EVENT_CLOSE};
    int64_t start_ms = clock_ms();
    int half_ms = echo_half_limit(timeout_ms);
    int error = 0;

    /* The parent may have made them non-blocking. */
    sockopt_set_blocking(STDIN_FILENO, true);
    sockopt_set_blocking(STDOUT_FILENO, true);
    sockopt_tune_tcp(STDIN_FILENO);
    sockopt_set(STDIN_FILENO, SOL_SOCKET, SO_OOBINLINE, 1);
    sockopt_set_timeout(STDOUT_FILENO, half_ms); /* may be another socket */
    if (sockopt_set_timeout(STDIN_FILENO, half_ms) < 0 && timeout_ms > 0) {
        log_warn("--timeout: standard input: %s", log_strerror(errno));
        return -1;
    }
    if (getpeername(STDOUT_FILENO, &peer.address.any, &peer.length) == 0)
        event.peer = &peer.address.any;
    error = echo_until_eof(&echo) < 0 ? errno : 0;
    if (error == 0)
        error = wait_for_delivery(timeout_ms);
    if (error == EAGAIN)
        sendqueue_discard(STDOUT_FILENO);
    log_set_end(&event, error, CLIENT_OPEN, true);
    event.bytes = written;
    event.ms = clock_ms() - start_ms;
    log_event(&event);
    return event.error == NULL ? 0 : -1;
}
