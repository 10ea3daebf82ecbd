/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * dscp: the code point that marks a connection's packets (RFC 2474).
 *
 * Safe to call from any thread.
 */
#ifndef ECHOC_NET_DSCP_H
#define ECHOC_NET_DSCP_H

enum { DSCP_MAX = 63 };

/*
 * Parse a number from 0 to 63, or a name in either case: CS0 to CS7 (RFC 2474),
 * AF11 to AF43 (RFC 2597), EF (RFC 3246) or LE (RFC 8622). Returns -1 for
 * anything else.
 */
int dscp_parse(const char *text);

/*
 * Mark what an IPv4 or IPv6 socket sends from now on; before connect(2), the
 * SYN too. The two ECN bits beside the code point stay the kernel's (RFC 3168).
 * Returns 0, or -1 with errno.
 */
int dscp_set(int fd, int family, int dscp);

#endif
