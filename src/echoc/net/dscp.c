/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * dscp: the code point that marks a connection's packets (RFC 2474).
 */
#include "config.h"

#include "echoc/net/dscp.h"

#include "common/number.h"
#include "common/sockopt.h"

#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

enum { EF = 46, LE = 1, ECN_BITS = 2 };

static int make_name(char name[8], int dscp)
{
    int class = dscp >> 3;
    int drop = dscp & 7; /* AFxy: twice the drop precedence */

    if (dscp == EF || dscp == LE)
        return snprintf(name, 8, "%s", dscp == EF ? "EF" : "LE");
    if (drop == 0)
        return snprintf(name, 8, "CS%d", class);
    if (class >= 1 && class <= 4 && drop % 2 == 0)
        return snprintf(name, 8, "AF%d%d", class, drop / 2);
    return -1;
}

int dscp_parse(const char *text)
{
    char name[8];

    for (int dscp = 0; dscp <= DSCP_MAX; dscp++)
        if (make_name(name, dscp) > 0 && strcasecmp(name, text) == 0)
            return dscp;
    return (int)number_integer(text, DSCP_MAX);
}

/* An IPv6 socket that talks IPv4 (RFC 4291, 2.5.5.2) takes it from IP_TOS. */
int dscp_set(int fd, int family, int dscp)
{
    int value = dscp << ECN_BITS;

    if (family == AF_INET)
        return sockopt_set(fd, IPPROTO_IP, IP_TOS, value);
    sockopt_set(fd, IPPROTO_IP, IP_TOS, value);
    return sockopt_set(fd, IPPROTO_IPV6, IPV6_TCLASS, value);
}
