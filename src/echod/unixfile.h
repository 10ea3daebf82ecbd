/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * unixfile: the file in which a Unix socket is bound.
 *
 * For the accept loop's thread alone. Functions return 0, or -1 with errno.
 */
#ifndef ECHOD_UNIXFILE_H
#define ECHOD_UNIXFILE_H

#include <sys/types.h>
#include <sys/un.h>

/*
 * bind(2) fd to a path. A socket that is there already is replaced if nobody
 * answers on it; anything else there is left alone: EADDRINUSE.
 */
int unixfile_bind(int fd, const struct sockaddr_un *address);

/* Which file it is, so that it can be told from a later one of that name. */
int unixfile_identify(const char *path, dev_t *device, ino_t *inode);

/* Remove the file if it is still that one; it may have gone. */
int unixfile_remove(const char *path, dev_t device, ino_t inode);

#endif
