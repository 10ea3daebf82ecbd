/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * peer: what the C servers that echod is measured against have in common.
 */
#ifndef PEER_H
#define PEER_H

/* Listens on 127.0.0.1 at the port that argv[1] names (0: any), says so on
 * standard output, and returns the socket. What it accepts has TCP_NODELAY.
 * Ends the process if that fails. */
int peer_listen(int argc, char *argv[]);

/* Waits for a client, and returns its socket. */
int peer_accept(int listen_fd);

/* Copies back what comes from the client until its end, or an error. */
void peer_copy(int client_fd);

/* After an error of accept(2): waits a little if it is one that stays. */
void peer_pause(void);

#endif
