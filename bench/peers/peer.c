/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * peer: the listening socket and the blocking copy loop.
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

enum { BACKLOG = 4096, BUFFER_SIZE = 64 * 1024, PAUSE_US = 10000 };

static void require(int result, const char *call)
{
    if (result < 0) {
        perror(call);
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

    require(fd, "socket");
    signal(SIGPIPE, SIG_IGN);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    require(bind(fd, (struct sockaddr *)&address, size), "bind");
    require(listen(fd, BACKLOG), "listen");
    require(getsockname(fd, (struct sockaddr *)&address, &size), "getsockname");
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
    for (;;) {
        int fd = accept(listen_fd, NULL, NULL);

        if (fd >= 0)
            return fd;
        peer_pause();
    }
}

static int write_all(int fd, const char *bytes, ssize_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, (size_t)size);

        if (written < 0 && errno != EINTR)
            return -1;
        if (written > 0) {
            bytes += written;
            size -= written;
        }
    }
    return 0;
}

void peer_copy(int client_fd)
{
    char buffer[BUFFER_SIZE];
    ssize_t received = 0;

    do {
        received = read(client_fd, buffer, sizeof buffer);
        if (received > 0 && write_all(client_fd, buffer, received) < 0)
            return;
    } while (received > 0 || (received < 0 && errno == EINTR));
}
