/* SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * An echo server with one thread and an event loop, to see that lessons/grade
 * is fair to another shape: it passes all demos. Its signals have no handler.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16384, MAX_FD = 65536, MAX_LISTENERS = 8 };
enum { IDLE_LIMIT_MS = 3000, GRACE_MS = 5000, PAUSE_MS = 50, TICK_MS = 10 };

struct client {
    char buffer[BUFFER_SIZE];
    size_t written, filled; /* what lies between is to be written */
    size_t total;
    int64_t moved_ms; /* when something was read, written or acknowledged */
    int unsent;       /* bytes that were not acknowledged then */
    bool ended;       /* nothing more is read */
};

static struct client *clients[MAX_FD]; /* by descriptor */
static int listeners[MAX_LISTENERS], listener_count;
static int epoll_fd, top_fd, connected, ending;
static int64_t now_ms, paused_until_ms, stop_ms;
static unsigned long left, bytes;

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The line is lost if it would block. */
static void report(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vdprintf(STDOUT_FILENO, format, arguments);
    va_end(arguments);
}

static void watch(int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(epoll_fd, operation, fd, &event);
}

static void listen_on(const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *first = NULL;
    int on = 1;
    if (getaddrinfo(NULL, port, &hints, &first) != 0)
        return;
    for (struct addrinfo *at = first; at != NULL; at = at->ai_next) {
        int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (fd < 0 || bind(fd, at->ai_addr, at->ai_addrlen) < 0 ||
            listen(fd, SOMAXCONN) < 0 || listener_count == MAX_LISTENERS) {
            perror("listen");
            close(fd);
            continue;
        }
        listeners[listener_count++] = fd;
        watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
    freeaddrinfo(first);
}

static void watch_listeners(uint32_t events)
{
    for (int i = 0; i < listener_count; i++)
        watch(EPOLL_CTL_MOD, listeners[i], events);
}

static bool is_listener(int fd)
{
    for (int i = 0; i < listener_count; i++)
        if (listeners[i] == fd)
            return true;
    return false;
}

static void close_client(int fd)
{
    report("echoed %zu bytes\n", clients[fd]->total);
    bytes += clients[fd]->total;
    left++;
    connected--;
    ending -= clients[fd]->ended;
    free(clients[fd]);
    clients[fd] = NULL;
    close(fd);
}

/* Read no more. The client is closed when its system has the whole echo, for
 * close(2) with input unread destroys what is on its way. */
static void end_client(int fd)
{
    clients[fd]->ended = true;
    ending++;
    watch(EPOLL_CTL_DEL, fd, 0);
}

/* A connection that cannot be accepted now waits, and so do the listeners, but
 * no client. */
static void accept_client(int listener)
{
    static bool failed;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (fd < 0) {
        if (!failed)
            report("accept: %s\n", strerror(errno));
        failed = true;
        paused_until_ms = now_ms + PAUSE_MS;
        watch_listeners(0);
        return;
    }
    failed = false;
    if (fd >= MAX_FD || !(clients[fd] = calloc(1, sizeof *clients[fd]))) {
        close(fd);
        return;
    }
    clients[fd]->moved_ms = now_ms;
    connected++;
    if (fd > top_fd)
        top_fd = fd;
    watch(EPOLL_CTL_ADD, fd, EPOLLIN);
}

/* Write what was read before. While some is left, nothing is read. */
static void echo(int fd)
{
    struct client *client = clients[fd];
    ssize_t n;
    if (client->written == client->filled) {
        n = read(fd, client->buffer, BUFFER_SIZE);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0)
            close_client(fd);
        if (n == 0)
            end_client(fd);
        if (n <= 0)
            return;
        client->written = 0;
        client->filled = (size_t)n;
        client->moved_ms = now_ms;
    }
    n = write(fd, client->buffer + client->written,
              client->filled - client->written);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        close_client(fd);
        return;
    }
    if (n > 0) {
        client->written += (size_t)n;
        client->total += (size_t)n;
        client->moved_ms = now_ms;
    }
    watch(EPOLL_CTL_MOD, fd,
          client->written < client->filled ? EPOLLOUT : EPOLLIN);
}

/* Close the clients that have their echo, and those that took too long. */
static void look_after_clients(void)
{
    for (int fd = 0; fd <= top_fd; fd++) {
        struct client *client = clients[fd];
        int unsent = 0;
        if (client == NULL)
            continue;
        if (ioctl(fd, TIOCOUTQ, &unsent) == 0 && unsent < client->unsent)
            client->moved_ms = now_ms;
        client->unsent = unsent;
        if ((client->ended && unsent == 0) ||
            now_ms - client->moved_ms >= IDLE_LIMIT_MS)
            close_client(fd);
    }
}

/* After SHUT_RD the loop reads what was received, then end of file. */
static void stop(void)
{
    stop_ms = now_ms + GRACE_MS;
    for (int i = 0; i < listener_count; i++)
        close(listeners[i]);
    listener_count = 0;
    for (int fd = 0; fd <= top_fd; fd++)
        if (clients[fd] != NULL)
            shutdown(fd, SHUT_RD);
}

static void take_signal(int signal_fd)
{
    struct signalfd_siginfo taken;
    if (read(signal_fd, &taken, sizeof taken) != sizeof taken)
        return;
    if (taken.ssi_signo == SIGUSR1)
        report("%d connected, %lu left, %lu bytes\n", connected, left, bytes);
    else if (stop_ms == 0)
        stop();
}

static int catch_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_NONBLOCK);
}

/* Wait no longer than until somebody has to be looked after. */
static int patience_ms(void)
{
    if (ending > 0 || paused_until_ms > 0 || stop_ms > 0)
        return TICK_MS;
    return connected > 0 ? 10 * TICK_MS : -1;
}

static void serve(int signal_fd)
{
    struct epoll_event events[64];
    int64_t looked_ms = 0;
    while (stop_ms == 0 || (connected > 0 && now_ms < stop_ms)) {
        int count = epoll_wait(epoll_fd, events, 64, patience_ms());
        now_ms = clock_ms();
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == signal_fd)
                take_signal(fd);
            else if (is_listener(fd))
                accept_client(fd);
            else if (clients[fd] != NULL)
                echo(fd);
        }
        if (paused_until_ms > 0 && now_ms >= paused_until_ms) {
            paused_until_ms = 0;
            watch_listeners(EPOLLIN);
        }
        if (ending > 0 || now_ms - looked_ms >= TICK_MS) {
            looked_ms = now_ms;
            look_after_clients();
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK | O_APPEND);
    epoll_fd = epoll_create1(0);
    int signal_fd = catch_signals();
    watch(EPOLL_CTL_ADD, signal_fd, EPOLLIN);
    listen_on(argv[1]);
    if (listener_count == 0)
        return 1;
    serve(signal_fd);
    return connected > 0 ? 1 : 0;
}
