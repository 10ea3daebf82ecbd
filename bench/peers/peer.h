/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * peer: what the C servers that echod is compared with share.
 */
#ifndef PEER_H
#define PEER_H

/* Listens on port argv[1] of 127.0.0.1 (default 0: any), prints the address,
 * and returns the socket. Accepted sockets inherit its TCP_NODELAY. Exits with
 * an error message on failure. */
int peer_listen(int argc, char *argv[]);

/* Waits for a client and returns its socket. */
int peer_accept(int listen_fd);

/* Echoes what the client sends until end of file or an error. */
void peer_copy(int client_fd);

/* To be called after accept(2) failed: sleeps 10 ms, unless errno says that
 * only this one connection failed. */
void peer_pause(void);

#endif
