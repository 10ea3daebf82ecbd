/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * descriptors: how many this process may have.
 */
#ifndef COMMON_DESCRIPTORS_H
#define COMMON_DESCRIPTORS_H

#include <stdint.h>

/* Raise the soft limit to the hard one; it is for programs that use
 * select(2). */
void descriptors_raise(void);

/* How many more can be opened, getrlimit(2); UINT64_MAX for no limit. */
uint64_t descriptors_left(void);

/* The lowest number that is free: all below are taken. INT_MAX if none is. */
int descriptors_first_free(void);

#endif
