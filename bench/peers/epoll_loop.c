/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * epoll_loop: one thread and an event loop. While a client's output is pending,
 * nothing is read from it.
 */
#define _GNU_SOURCE
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_EVENTS = 256, BUFFER_SIZE = 64 * 1024 };

struct client {
    int fd;
    char *pending; /* output; NULL: read from the client */
    size_t written;
    size_t size;
};

static int epoll_fd;

static void watch(int operation, uint32_t events, struct client *client)
{
    struct epoll_event event = {.events = events, .data.ptr = client};

    epoll_ctl(epoll_fd, operation, client->fd, &event);
}

static void accept_client(int listen_fd)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK);
    struct client *client = fd >= 0 ? calloc(1, sizeof *client) : NULL;

    if (client != NULL) {
        client->fd = fd;
        watch(EPOLL_CTL_ADD, EPOLLIN, client);
    } else if (fd >= 0) {
        close(fd);
    } else if (errno != EAGAIN) {
        peer_pause();
    }
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): epoll keeps the pointer */
}

static void close_client(struct client *client)
{
    close(client->fd);
    free(client->pending);
    free(client);
}

/* Returns how many bytes were written, perhaps 0; -1 after an error. */
static ssize_t write_some(int fd, const char *bytes, size_t size)
{
    ssize_t written = write(fd, bytes, size);

    return written < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : written;
}

static void write_pending(struct client *client)
{
    ssize_t written = write_some(client->fd, client->pending + client->written,
                                 client->size - client->written);

    if (written < 0) {
        close_client(client);
        return;
    }
    client->written += (size_t)written;
    if (client->written == client->size) {
        free(client->pending);
        client->pending = NULL;
        watch(EPOLL_CTL_MOD, EPOLLIN, client);
    }
}

static void keep_pending(struct client *client, const char *rest, size_t size)
{
    client->pending = malloc(size);
    if (client->pending == NULL) {
        close_client(client);
        return;
    }
    memcpy(client->pending, rest, size);
    client->written = 0;
    client->size = size;
    watch(EPOLL_CTL_MOD, EPOLLOUT, client);
}

static void echo(struct client *client)
{
    static char buffer[BUFFER_SIZE];
    ssize_t received = read(client->fd, buffer, sizeof buffer);
    ssize_t written = 0;

    if (received < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (received > 0)
        written = write_some(client->fd, buffer, (size_t)received);
    if (received <= 0 || written < 0)
        close_client(client);
    else if (written < received)
        keep_pending(client, buffer + written, (size_t)(received - written));
}

int main(int argc, char *argv[])
{
    struct client listener = {.fd = peer_listen(argc, argv)};
    struct epoll_event events[MAX_EVENTS];

    epoll_fd = epoll_create1(0);
    fcntl(listener.fd, F_SETFL, O_NONBLOCK);
    watch(EPOLL_CTL_ADD, EPOLLIN, &listener);
    for (;;) {
        int count = epoll_wait(epoll_fd, events, MAX_EVENTS, -1);

        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;

            if (client == &listener)
                accept_client(listener.fd);
            else if (client->pending != NULL)
                write_pending(client);
            else
                echo(client);
        }
    }
}
