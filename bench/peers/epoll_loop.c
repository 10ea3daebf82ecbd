/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * epoll_loop: one thread and an event loop. What a client does not take at
 * once is kept for it, and until that has gone nothing more is read from it.
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

enum { EVENTS = 256, PIECE = 64 * 1024 };

struct client {
    int fd;
    char *kept;       /* output that waits; NULL: wait for input */
    size_t put, size; /* of it */
};

static int epoll_fd;

static void watch(int how, uint32_t what, struct client *client)
{
    struct epoll_event event = {.events = what, .data.ptr = client};

    epoll_ctl(epoll_fd, how, client->fd, &event);
}

static void admit(int listen_fd)
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
}

static void leave(struct client *client)
{
    close(client->fd);
    free(client->kept);
    free(client);
}

/* What the client takes now; -1 if it has gone. */
static ssize_t send_some(int fd, const char *piece, size_t size)
{
    ssize_t put = write(fd, piece, size);

    return put < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : put;
}

static void send_kept(struct client *client)
{
    ssize_t put = send_some(client->fd, client->kept + client->put,
                            client->size - client->put);

    if (put < 0) {
        leave(client);
    } else if ((client->put += (size_t)put) == client->size) {
        free(client->kept);
        client->kept = NULL;
        watch(EPOLL_CTL_MOD, EPOLLIN, client);
    }
}

static void keep(struct client *client, const char *rest, size_t size)
{
    client->kept = malloc(size);
    if (client->kept == NULL) {
        leave(client);
        return;
    }
    memcpy(client->kept, rest, size);
    client->put = 0;
    client->size = size;
    watch(EPOLL_CTL_MOD, EPOLLOUT, client);
}

static void echo(struct client *client)
{
    static char piece[PIECE];
    ssize_t got = read(client->fd, piece, sizeof piece);
    ssize_t put = got > 0 ? send_some(client->fd, piece, (size_t)got) : 0;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0 || put < 0)
        leave(client);
    else if (put < got)
        keep(client, piece + put, (size_t)(got - put));
}

int main(int argc, char *argv[])
{
    struct client listener = {.fd = peer_listen(argc, argv)};
    struct epoll_event events[EVENTS];

    epoll_fd = epoll_create1(0);
    fcntl(listener.fd, F_SETFL, O_NONBLOCK);
    watch(EPOLL_CTL_ADD, EPOLLIN, &listener);
    for (;;) {
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;

            if (client == &listener)
                admit(listener.fd);
            else if (client->kept != NULL)
                send_kept(client);
            else
                echo(client);
        }
    }
}
