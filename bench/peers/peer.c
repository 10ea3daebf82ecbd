/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * peer: a listening socket, and the blocking copy loop.
 */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, PIECE = 64 * 1024, PAUSE_US = 10000 };

static void need(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

int peer_listen(int argc, char *argv[])
{
    int port = argc > 1 ? atoi(argv[1]) : 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;

    need(fd, "socket");
    signal(SIGPIPE, SIG_IGN);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    need(bind(fd, (struct sockaddr *)&address, size), "bind");
    need(listen(fd, BACKLOG), "listen");
    need(getsockname(fd, (struct sockaddr *)&address, &size), "getsockname");
    printf("server running on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

void peer_pause(void)
{
    if (errno != EINTR && errno != ECONNABORTED)
        usleep(PAUSE_US);
}

int peer_accept(int listen_fd)
{
    int fd = -1;

    while ((fd = accept(listen_fd, NULL, NULL)) < 0)
        peer_pause();
    return fd;
}

static int write_all(int fd, const char *piece, ssize_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, piece, (size_t)size);

        if (put < 0 && errno != EINTR)
            return -1;
        if (put > 0) {
            piece += put;
            size -= put;
        }
    }
    return 0;
}

void peer_copy(int client_fd)
{
    char piece[PIECE];
    ssize_t got = 0;

    do {
        got = read(client_fd, piece, sizeof piece);
        if (got > 0 && write_all(client_fd, piece, got) < 0)
            return;
    } while (got > 0 || (got < 0 && errno == EINTR));
}
