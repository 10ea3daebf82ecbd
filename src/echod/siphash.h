/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * siphash: a keyed hash of short input.
 *
 * SipHash-2-4: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
 * Who does not know the key cannot choose inputs whose hashes collide.
 */
#ifndef ECHOD_SIPHASH_H
#define ECHOD_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

enum { SIPHASH_KEY = 16 }; /* bytes */

/* The hash of size bytes. The same on every machine. Any thread may call it. */
uint64_t siphash(const unsigned char key[SIPHASH_KEY], const void *bytes,
                 size_t size);

#endif
