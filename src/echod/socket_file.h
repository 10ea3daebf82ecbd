/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * socket_file: the file of a Unix socket.
 *
 * Several servers may start on one path at once: one gets it, the others fail
 * with EADDRINUSE. For one thread, before there are others: the process's umask
 * is changed for a moment.
 */
#ifndef ECHOD_SOCKET_FILE_H
#define ECHOD_SOCKET_FILE_H

#include <sys/types.h>
#include <sys/un.h>

/* Which file it is, in case another takes its name. */
struct socket_file {
    dev_t device;
    ino_t inode;
};

/*
 * bind(2) a Unix socket to a path that contains a '/'. The file gets this mode,
 * or with 0 what the umask leaves; on Linux a default ACL of the directory,
 * acl(5), can take permissions away, but not add any. A socket file that is
 * there already is replaced if no process has its socket open any more. Returns
 * 0, or -1 with errno: EADDRINUSE if the file belongs to a socket or is no
 * socket; EAGAIN if another process kept the directory locked, flock(2), for
 * 10 s, or EINTR if a signal to stop came before; or that of the call that
 * failed.
 */
int socket_file_bind(int fd, const struct sockaddr_un *address, mode_t mode,
                     struct socket_file *file);

/*
 * Remove the file, unless another one has its name. Call it before the socket
 * is closed: until then no other server takes the name, and the system does not
 * use the inode's number again. Returns 0, or -1 with errno.
 */
int socket_file_remove(const char *path, const struct socket_file *file);

#endif
