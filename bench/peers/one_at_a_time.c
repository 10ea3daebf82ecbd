/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * one_at_a_time: the shortest echo server, without concurrency. The next client
 * waits in the backlog.
 */
#include "peer.h"

#include <unistd.h>

int main(int argc, char *argv[])
{
    int listen_fd = peer_listen(argc, argv);

    for (;;) {
        int client_fd = peer_accept(listen_fd);

        peer_copy(client_fd);
        close(client_fd);
    }
}
