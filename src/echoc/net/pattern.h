/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * pattern: the bytes that are sent, each of which depends on where it stands.
 *
 * A connection has a key. Its bytes, in eights, are a counter that a 64-bit
 * step apart takes to any value only once (a Weyl sequence), with the upper
 * half folded into the lower: no eight of them occur twice in a connection, so
 * a byte that was lost, repeated, moved or changed is out of place at once,
 * and so is one of another connection. Safe to call from any thread.
 */
#ifndef ECHOC_NET_PATTERN_H
#define ECHOC_NET_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* The key of one connection of many; a run is any number. */
uint64_t pattern_key(uint64_t run, uint64_t connection);

/* Write the size bytes that stand at offset. */
void pattern_fill(uint64_t key, uint64_t offset, void *bytes, size_t size);

/* How many of the bytes, from the first, are those that stand at offset. */
size_t pattern_match(uint64_t key, uint64_t offset, const void *bytes,
                     size_t size);

/* The byte that stands at offset. */
unsigned char pattern_at(uint64_t key, uint64_t offset);

#endif
