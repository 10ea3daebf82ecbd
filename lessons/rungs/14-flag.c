/* SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * An echo server with a thread for each client.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16384, STACK_SIZE = 65536 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned long clients, bytes; /* that have ended; behind the mutex */
static volatile sig_atomic_t statistics_wanted;

/* Only for errors before the first client. */
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

/* Return 0, or -1 with errno set if not everything was written. */
static int write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, data, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        length -= (size_t)n;
    }
    return 0;
}

static void count_client(size_t total)
{
    pthread_mutex_lock(&mutex);
    clients++;
    bytes += total;
    printf("echoed %zu bytes\n", total);
    pthread_mutex_unlock(&mutex);
}

static void on_sigusr1(int signal_number)
{
    (void)signal_number;
    statistics_wanted = 1;
}

static void echo(int fd)
{
    char buffer[BUFFER_SIZE];
    size_t total = 0;
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            perror("read");
            break;
        }
        if (write_all(fd, buffer, (size_t)n) < 0) {
            perror("write");
            break;
        }
        total += (size_t)n;
    }
    count_client(total);
    close(fd);
}

static void *client_thread(void *arg)
{
    /* step: take */
    int client_fd = (int)(intptr_t)arg;
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
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_sigusr1}, NULL);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int listener = listen_on(argv[1]);
    for (;;) {
        /* step: look */
        if (statistics_wanted) {
            statistics_wanted = 0;
            pthread_mutex_lock(&mutex);
            printf("%lu clients, %lu bytes\n", clients, bytes);
            pthread_mutex_unlock(&mutex);
        }
        /* step: accept */
        int client_fd = accept(listener, NULL, NULL);
        if (client_fd < 0 && errno == EINTR)
            continue;
        if (client_fd < 0) {
            perror("accept");
            continue;
        }
        pthread_t thread;
        int error = pthread_create(&thread, &attributes, client_thread,
                                   (void *)(intptr_t)client_fd);
        if (error != 0) {
            fprintf(stderr, "pthread_create: %s\n", strerror(error));
            close(client_fd);
        }
    }
}
