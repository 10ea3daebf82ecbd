/* SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * An echo server with a thread for each client.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16384 };

static void die(const char *call)
{
    perror(call);
    exit(1);
}

static int listen_on(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((in_port_t)atoi(port)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, SOMAXCONN) < 0)
        die("listen");
    return fd;
}

static void echo(int fd)
{
    char buffer[BUFFER_SIZE];
    size_t total = 0;
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) > 0) {
        if (write(fd, buffer, (size_t)n) < 0)
            die("write");
        total += (size_t)n;
    }
    if (n < 0)
        die("read");
    printf("echoed %zu bytes\n", total);
    close(fd);
}

static void *client_thread(void *arg)
{
    /* step: take */
    int client_fd = *(int *)arg;
    echo(client_fd);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* each line at once, to a pipe too */
    int listener = listen_on(argv[1]);
    for (;;) {
        /* step: accept */
        int client_fd = accept(listener, NULL, NULL);
        if (client_fd < 0)
            die("accept");
        pthread_t thread;
        if (pthread_create(&thread, NULL, client_thread, &client_fd) < 0)
            die("pthread_create");
    }
}
