/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe: what the probes of the check command share.
 *
 * A probe makes its own connections, tests one property of the path and fills
 * in a result. One thread runs all probes, one after another.
 */
#ifndef ECHOC_CHECK_PROBE_H
#define ECHOC_CHECK_PROBE_H

#include "echoc/net/connect.h"
#include "echoc/net/exchange.h"
#include "echoc/options.h"
#include "echoc/stats/histogram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum probe_verdict { PROBE_OK, PROBE_BAD, PROBE_SKIPPED };

enum { PROBE_TEXT_MAX = 320, PROBE_NS_PER_MS = 1000000 };

struct probe_result {
    enum probe_verdict verdict;
    char observed[PROBE_TEXT_MAX];  /* facts and figures */
    char diagnosis[PROBE_TEXT_MAX]; /* what they say about the path */
};

/* What the probes of one check share. */
struct probe_context {
    const struct options *options;
    struct server server;
    struct exchange exchange;
    uint64_t run_id;         /* of this check, for pattern_key() */
    uint64_t connections;    /* made so far, for pattern_key() */
    int64_t min_connect_ns;  /* INT64_MAX before the first connection */
    bool is_interrupted;     /* by SIGINT or SIGTERM */
    bool has_local_failure;  /* no descriptor, memory or local port left */
    double resolve_ms;       /* how long the name took to look up */
    double bytes_per_second; /* of the bulk probe; 0 before it */
    struct histogram connect_times; /* ns, of all probe_connect() calls */
    struct histogram round_trips;   /* ns, of the round trip probe */
};

/*
 * A probe. It opens the connection with probe_connect(); probe_run() closes it.
 * Returns 0 with the result filled in, or -1 with the connection's fault, which
 * probe_run() reports.
 */
typedef int probe_function(struct probe_context *context,
                           struct connection *connection,
                           struct probe_result *result);

probe_function probe_silence;
probe_function probe_values;
probe_function probe_sizes;
probe_function probe_half_close;
probe_function probe_end;
probe_function probe_reset;
probe_function probe_small_writes;
probe_function probe_round_trips;
probe_function probe_clients;
probe_function probe_bulk;
probe_function probe_idle; /* needs options->idle_ms > 0 */

/* Run a probe and fill in the result, also if its connection fails. */
void probe_run(struct probe_context *context, probe_function *probe,
               struct probe_result *result);

/* Connect to one endpoint of the server, and close; the "connect" row. */
void probe_endpoint(struct probe_context *context, size_t endpoint,
                    struct probe_result *result);

/*
 * Connect to the chosen endpoint of the server. Returns 0, or -1 with the
 * connection's fault. probe_close() takes a failed connection, too.
 */
int probe_connect(struct probe_context *context, struct connection *connection);

/* The same, and have the first bytes of the pattern echoed. */
int probe_connect_and_echo(struct probe_context *context,
                           struct connection *connection, uint64_t bytes);

void probe_close(struct connection *connection);

/* The time of clock_ns() after which a reply awaited from now on is late. */
int64_t probe_deadline(const struct probe_context *context);

/*
 * Fill in a result: the diagnosis, and a printf(3) format of what was observed.
 * Return 0, as a probe does.
 */
int probe_ok(struct probe_result *result, const char *diagnosis,
             const char *format, ...) __attribute__((format(printf, 3, 4)));
int probe_bad(struct probe_result *result, const char *diagnosis,
              const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * The same for a failed connection: the format says when it failed, and the
 * fault's text follows. If diagnosis is NULL it is the usual one for the fault.
 */
int probe_fault(struct probe_result *result, const struct fault *fault,
                const char *diagnosis, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
