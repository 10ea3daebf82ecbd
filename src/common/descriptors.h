/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * descriptors: the file descriptors of this process, and their limit.
 */
#ifndef COMMON_DESCRIPTORS_H
#define COMMON_DESCRIPTORS_H

#include <stdint.h>

/*
 * Open /dev/null on each of descriptors 0, 1 and 2 that is closed. Otherwise a
 * pipe or a socket would get that number, and receive what is printed. Each is
 * opened for the wrong direction, so that using it is still an error. Returns
 * 0, or -1 with errno: then the process must not open anything else.
 */
int descriptors_fill_standard(void);

/* Raise the soft limit to the hard one. The soft limit is low for the sake of
 * programs that use select(2). */
void descriptors_raise_limit(void);

/* How many more can be opened, getrlimit(2); UINT64_MAX for no limit. */
uint64_t descriptors_left(void);

/* The lowest free number: all below it are open. INT_MAX if none is free. */
int descriptors_first_free(void);

#endif
