/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * pattern: the bytes that echoc sends, each determined by its offset.
 *
 * The stream of a connection is a sequence of 64-bit words: a counter that
 * starts at the connection's key and grows by an odd step, so that it takes
 * every value once (a Weyl sequence), with the upper half folded into the
 * lower. No word occurs twice on a connection. A byte that is lost, repeated,
 * moved, changed or from another connection is therefore noticed at once.
 * Safe to call from any thread.
 */
#ifndef ECHOC_NET_PATTERN_H
#define ECHOC_NET_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* The key for a connection's number. `run` is any number that differs from one
 * run of the program to the next. */
uint64_t pattern_key(uint64_t run, uint64_t connection);

/* Write the size bytes of the stream that start at offset. */
void pattern_fill(uint64_t key, uint64_t offset, void *bytes, size_t size);

/* The number of bytes, from the first, that equal the stream at offset. */
size_t pattern_match(uint64_t key, uint64_t offset, const void *bytes,
                     size_t size);

/* The byte of the stream at offset. */
unsigned char pattern_at(uint64_t key, uint64_t offset);

#endif
