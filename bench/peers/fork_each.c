/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * fork_each: a process for each client.
 */
#include "peer.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static void reap(int signal_number)
{
    int saved = errno;

    (void)signal_number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = saved;
}

/* If fork(2) fails, the client is closed. */
static void serve(int listen_fd, int client_fd)
{
    if (fork() == 0) {
        close(listen_fd);
        peer_copy(client_fd);
        _exit(0);
    }
    close(client_fd);
}

int main(int argc, char *argv[])
{
    struct sigaction action = {.sa_handler = reap, .sa_flags = SA_RESTART};
    int listen_fd = peer_listen(argc, argv);

    sigaction(SIGCHLD, &action, NULL);
    for (;;)
        serve(listen_fd, peer_accept(listen_fd));
}
