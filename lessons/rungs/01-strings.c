/* SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * An echo server for one client at a time. What it echoes are strings.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    char line[BUFFER_SIZE + 1];
    size_t total = 0;
    ssize_t n;
    while ((n = read(fd, line, BUFFER_SIZE)) > 0) {
        line[n] = '\0';
        if (write(fd, line, strlen(line)) < 0)
            die("write");
        total += strlen(line);
    }
    if (n < 0)
        die("read");
    printf("echoed %zu bytes\n", total);
    close(fd);
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
        int client_fd = accept(listener, NULL, NULL);
        if (client_fd < 0)
            die("accept");
        echo(client_fd);
    }
}
