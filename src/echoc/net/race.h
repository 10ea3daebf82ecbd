/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * race: connect to the endpoint of a server that accepts first.
 *
 * RFC 8305 (Happy Eyeballs, version 2), section 5: the endpoints are tried in
 * order, the next one 250 ms after the one before or as soon as one fails, and
 * the first to accept wins.
 */
#ifndef ECHOC_NET_RACE_H
#define ECHOC_NET_RACE_H

#include "echoc/net/connect.h"

#include <stdint.h>

/*
 * Connect to a server, starting with the chosen endpoint. Each has its own
 * timeout. Returns a descriptor, with server->chosen and server->connect_ns
 * set; or -1 with the fault: FAULT_CONNECT, FAULT_LOCAL or FAULT_STOPPED. If
 * several endpoints failed, it is that of the last one for which this host has
 * a route and an address. `turn` is that of connect_start().
 */
int race_connect(struct server *server, uint64_t turn, struct fault *fault);

#endif
