/* SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * An echo server with a thread for each client.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16384, STACK_SIZE = 65536, IDLE_LIMIT_S = 3 };
enum { GRACE_S = 5, FD_LIMIT = 65536 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t one_left = PTHREAD_COND_INITIALIZER;
static unsigned long clients, bytes; /* that have ended; behind the mutex */
static bool is_client[FD_LIMIT];     /* by descriptor; behind the mutex */
static int connected;                /* how many clients; behind the mutex */
static atomic_ulong lines_lost;
static int signal_pipe[2];

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

/* Print a line, or count it as lost if that would block. */
static void report(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (vdprintf(STDOUT_FILENO, format, arguments) < 0)
        lines_lost++;
    va_end(arguments);
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

/* write(2) is one of the few calls that a handler may make. */
static void on_signal(int signal_number)
{
    int saved_errno = errno;
    ssize_t n = write(signal_pipe[1], &signal_number, sizeof signal_number);
    (void)n; /* if the pipe is full, main() wakes up all the same */
    errno = saved_errno;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    if (pipe(signal_pipe) < 0)
        die("pipe");
    fcntl(signal_pipe[0], F_SETFL, O_NONBLOCK);
    fcntl(signal_pipe[1], F_SETFL, O_NONBLOCK);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static size_t echo(int fd)
{
    char buffer[BUFFER_SIZE];
    size_t total = 0;
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            report("read: %s\n", strerror(errno));
            break;
        }
        if (write_all(fd, buffer, (size_t)n) < 0) {
            report("write: %s\n", strerror(errno));
            break;
        }
        total += (size_t)n;
    }
    return total;
}

/* close(2) with input unread resets the connection, and destroys the echo that
 * is on its way. So wait until the client's system has it. */
static void wait_for_delivery(int fd)
{
    int left = 1; /* bytes that were not acknowledged */
    for (int i = 0; i < 100 * IDLE_LIMIT_S && left > 0; i++)
        if (ioctl(fd, TIOCOUTQ, &left) == 0 && left > 0)
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* close(2) behind the mutex: the number may be another client's at once. */
static void remove_client(int fd, size_t total)
{
    pthread_mutex_lock(&mutex);
    is_client[fd] = false;
    close(fd);
    connected--;
    clients++;
    bytes += total;
    report("echoed %zu bytes\n", total);
    pthread_cond_signal(&one_left);
    pthread_mutex_unlock(&mutex);
}

static void *client_thread(void *arg)
{
    int client_fd = (int)(intptr_t)arg;
    /* read(2) and write(2) fail with EAGAIN if nothing moved for so long. */
    struct timeval limit = {.tv_sec = IDLE_LIMIT_S};
    setsockopt(client_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(client_fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    size_t total = echo(client_fd);
    wait_for_delivery(client_fd);
    remove_client(client_fd, total);
    return NULL;
}

static void accept_client(int listener, const pthread_attr_t *attributes)
{
    static bool accept_fails;
    int fd = accept(listener, NULL, NULL);
    if (fd < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (fd < 0) {
        /* The connection still waits, so accept(2) would fail at once. */
        if (!accept_fails)
            report("accept: %s\n", strerror(errno));
        accept_fails = true;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        return;
    }
    accept_fails = false;
    if (fd >= FD_LIMIT) {
        close(fd);
        return;
    }
    pthread_mutex_lock(&mutex);
    is_client[fd] = true;
    connected++;
    pthread_mutex_unlock(&mutex);
    pthread_t thread;
    int error = pthread_create(&thread, attributes, client_thread,
                               (void *)(intptr_t)fd);
    if (error != 0) {
        report("pthread_create: %s\n", strerror(error));
        remove_client(fd, 0);
    }
}

/* After SHUT_RD a thread reads what was received, then end of file. */
static void stop_clients(void)
{
    alarm(GRACE_S); /* SIGALRM ends the process if a client takes longer */
    pthread_mutex_lock(&mutex);
    for (int fd = 0; fd < FD_LIMIT; fd++)
        if (is_client[fd])
            shutdown(fd, SHUT_RD);
    while (connected > 0)
        pthread_cond_wait(&one_left, &mutex);
    pthread_mutex_unlock(&mutex);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK | O_APPEND);
    catch_signals();
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int listener = listen_on(argv[1]);
    fcntl(listener, F_SETFL, O_NONBLOCK); /* a connection may be gone again */
    for (;;) {
        struct pollfd fds[] = {{.fd = listener, .events = POLLIN},
                               {.fd = signal_pipe[0], .events = POLLIN}};
        poll(fds, 2, -1);
        int signal_number;
        if (read(signal_pipe[0], &signal_number, sizeof signal_number) < 0) {
            accept_client(listener, &attributes);
            continue;
        }
        if (signal_number == SIGTERM)
            break;
        pthread_mutex_lock(&mutex);
        report("%lu clients, %lu bytes, %lu lines lost\n", clients, bytes,
               lines_lost);
        pthread_mutex_unlock(&mutex);
    }
    close(listener);
    stop_clients();
    return 0;
}
