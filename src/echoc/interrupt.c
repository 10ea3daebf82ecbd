/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * interrupt: turn SIGINT and SIGTERM into a flag and a readable descriptor.
 *
 * The handler writes to a pipe (the self-pipe trick), so that no signal is
 * missed between a test of the flag and poll(2).
 */
#include "config.h"

#include "echoc/interrupt.h"

#include "common/clock.h"
#include "common/sockopt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static const int numbers[] = {SIGINT, SIGTERM};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

static int pipe_fds[2] = {-1, -1};
static bool is_caught[NUMBERS];
static atomic_bool received;
static int64_t stop_ns = INT64_MAX;

static int quit_fds[2] = {-1, -1};
static void (*on_quit)(void *context);
static void *quit_context;

static void on_signal(int number)
{
    int error = errno;

    (void)number;
    for (int i = 0; i < NUMBERS; i++)
        if (is_caught[i])
            signal(numbers[i], SIG_DFL);
    atomic_store(&received, true);
    (void)!write(pipe_fds[1], "", 1);
    errno = error;
}

/* Whoever started this process with the signal ignored, as nohup(1) or a shell
 * without job control does, wants it to stay so. SA_RESTART: a line that is
 * being written is not broken off; poll(2) ends nevertheless. */
static int catch_unless_ignored(int i)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction inherited;

    if (sigaction(numbers[i], NULL, &inherited) < 0)
        return -1;
    is_caught[i] = inherited.sa_handler != SIG_IGN;
    return is_caught[i] ? sigaction(numbers[i], &action, NULL) : 0;
}

static int open_pipe(int fds[2])
{
    if (pipe(fds) < 0)
        return -1;
    for (int i = 0; i < 2; i++)
        if (fcntl(fds[i], F_SETFD, FD_CLOEXEC) < 0)
            return -1;
    return 0;
}

int interrupt_catch(void)
{
    if (open_pipe(pipe_fds) < 0)
        return -1;
    for (int i = 0; i < NUMBERS; i++)
        if (catch_unless_ignored(i) < 0)
            return -1;
    return 0;
}

static void on_quit_signal(int number)
{
    int error = errno;

    (void)number;
    (void)!write(quit_fds[1], "", 1);
    errno = error;
}

int interrupt_on_quit(void (*report)(void *context), void *context)
{
    struct sigaction action = {.sa_handler = on_quit_signal,
                               .sa_flags = SA_RESTART};
    struct sigaction inherited;

    on_quit = report;
    quit_context = context;
    if (sigaction(SIGQUIT, NULL, &inherited) < 0)
        return -1;
    if (inherited.sa_handler == SIG_IGN)
        return 0;
    if (open_pipe(quit_fds) < 0 ||
        sockopt_set_blocking(quit_fds[0], false) < 0 ||
        sockopt_set_blocking(quit_fds[1], false) < 0)
        return -1;
    return sigaction(SIGQUIT, &action, NULL);
}

void interrupt_at(int64_t time_ns)
{
    stop_ns = time_ns;
}

int interrupt_fd(void)
{
    return pipe_fds[0];
}

bool interrupt_received(void)
{
    return atomic_load(&received);
}

/* However many signals have come, one report will do. Returns how many of the
 * other descriptors are ready. */
static int report_quit(const struct pollfd *pollfd, int ready)
{
    char bytes[64];

    if (ready <= 0 || pollfd->revents == 0)
        return ready;
    while (read(pollfd->fd, bytes, sizeof bytes) > 0)
        continue;
    on_quit(quit_context);
    return ready - 1;
}

int interrupt_poll(struct pollfd *pollfds, size_t count, int64_t deadline_ns)
{
    int64_t until_ns = deadline_ns < stop_ns ? deadline_ns : stop_ns;
    int ready = 0;

    pollfds[0] = (struct pollfd){.fd = pipe_fds[0], .events = POLLIN};
    pollfds[1] = (struct pollfd){.fd = quit_fds[0], .events = POLLIN};
    do {
        int64_t left_ms = (until_ns - clock_ns() + 999999) / 1000000;

        if (left_ms > INT_MAX)
            left_ms = INT_MAX;
        ready = poll(pollfds, (nfds_t)count, left_ms > 0 ? (int)left_ms : 0);
        ready = report_quit(&pollfds[1], ready);
    } while ((ready < 0 && errno == EINTR) ||
             (ready == 0 && clock_ns() < until_ns));
    if (ready < 0)
        return -1;
    if (ready == 0 && clock_ns() >= stop_ns)
        atomic_store(&received, true);
    if (pollfds[0].revents != 0 || (ready == 0 && interrupt_received())) {
        errno = EINTR;
        return -1;
    }
    return ready;
}

int interrupt_wait(int fd, short events, int64_t deadline_ns)
{
    struct pollfd pollfds[INTERRUPT_POLLFDS + 1];
    int ready = 0;

    pollfds[INTERRUPT_POLLFDS] = (struct pollfd){.fd = fd, .events = events};
    ready = interrupt_poll(pollfds, INTERRUPT_POLLFDS + 1, deadline_ns);
    return ready > 0 ? pollfds[INTERRUPT_POLLFDS].revents : ready;
}
