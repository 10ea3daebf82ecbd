/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * address: text <-> socket address.
 *
 *     HOST:PORT   [IPV6]:PORT   HOST   :PORT   *:PORT   PATH (holds a '/')
 *
 * Safe to call from any thread. address_resolve() may open descriptors, the
 * resolver's, so in the server only the accept loop's thread calls it.
 */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include "common/errmsg.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ADDRESS_DEFAULT "127.0.0.1:6142"
#define ADDRESS_DEFAULT_PORT "6142"

/* Enough for every text that address_format() writes, with its '\0'. */
#define ADDRESS_TEXT_MAX 80

/* An address as it was typed, parsed; nothing has been looked up. */
struct address {
    const char *text; /* what was typed; belongs to the caller, not copied */
    bool is_path;     /* a Unix socket: text is the path */
    char host[256];   /* "": every interface */
    char port[64];    /* a number from 0 to 65535, or a service name */
};

/* One socket address, of a family that echod and echoc support. */
struct endpoint {
    socklen_t length;
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    } address;
};

/* Parse text. Returns 0, or -1 with errmsg "TEXT: WHY". */
int address_parse(const char *text, struct address *address,
                  char errmsg[ERRMSG_MAX]);

/*
 * Look up every stream endpoint of an address, without duplicates, in the
 * resolver's order. flags are those of getaddrinfo(3): with AI_PASSIVE an empty
 * host means every interface.
 * Returns 0 with *count endpoints, at least 1, in *list, which the caller
 * frees; or -1 with errmsg "TEXT: WHY".
 */
int address_resolve(const struct address *address, int flags,
                    struct endpoint **list, size_t *count,
                    char errmsg[ERRMSG_MAX]);

/*
 * Write an endpoint as 192.0.2.1:7 or [2001:db8::1]:7, and a Unix one as
 * "unix". An IPv4 address mapped into IPv6 (RFC 4291, 2.5.5.2) is written as
 * IPv4; a scope (RFC 4007, 11) as its number, since its name would take a
 * descriptor to find.
 */
void address_format(const struct sockaddr *address,
                    char text[ADDRESS_TEXT_MAX]);

/* The port of an IPv4 or IPv6 address, in host order; 0 for others. */
in_port_t address_port(const struct sockaddr *address);
void address_set_port(struct sockaddr *address, in_port_t port);

#endif
