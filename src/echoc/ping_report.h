/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * ping_report: what ping prints, as text or JSON.
 */
#ifndef ECHOC_PING_REPORT_H
#define ECHOC_PING_REPORT_H

#include "echoc/net/connect.h"
#include "echoc/net/exchange.h"
#include "echoc/options.h"
#include "echoc/stats/counters.h"

#include <stdint.h>

struct ping {
    const struct options *options;
    struct server server;
    char target[CONNECT_NAME_MAX]; /* the address as typed */
    char name[CONNECT_NAME_MAX];   /* of the endpoint */
    int64_t start_ns;
    int64_t end_ns; /* of -T; INT64_MAX: there is none */
    struct exchange exchange;
    struct connection connection; /* fd is -1 while not connected */
    uint64_t run;                 /* for pattern_key() */
    struct fault last;            /* of the last message, or FAULT_NONE */
    struct counters counters;
};

/* The line of the message that was counted as sent last: it was echoed, over a
 * new connection unless connect_ns is 0; or it had the connection's fault. */
void ping_report_echo(const struct ping *ping, int64_t connect_ns,
                      int64_t round_trip_ns);
void ping_report_fault(const struct ping *ping);

/* On SIGQUIT: one line on standard error, where it mixes with no output. The
 * context is a struct ping. */
void ping_report_progress(void *context);

/* The summary. */
void ping_report_end(const struct ping *ping);

#endif
