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

enum {
    PROBE_TEXT_MAX = 320,
    PROBE_NS_PER_MS = 1000000,
    PROBE_SHORT_MS = 1000,
    PROBE_BANNER_MAX = 25,
    PROBE_VALUES = 256
};

#define PROBE_NO_OFFSET UINT64_MAX

struct probe_result {
    enum probe_verdict verdict;
    struct fault fault;             /* that decided it, or FAULT_NONE */
    uint64_t broke_at;              /* bytes that had come back when the other
                                       side closed or reset the connection, or
                                       sent no more, for no reason of ours; or
                                       PROBE_NO_OFFSET */
    bool is_usual;                  /* the diagnosis is that of the fault, and
                                       the probe knows no better one */
    const char *cause;              /* what may explain other results as well;
                                       NULL: the diagnosis */
    char observed[PROBE_TEXT_MAX];  /* facts and figures */
    char diagnosis[PROBE_TEXT_MAX]; /* what they say about the path */
};

/* What the probes of one check share. */
struct probe_context {
    const struct options *options;
    struct server server;
    struct exchange exchange;
    struct options short_options; /* the same with shorter timeouts */
    uint64_t run_id;              /* of this check, for pattern_key() */
    uint64_t connections;         /* made so far, for pattern_key() */
    int64_t min_connect_ns;       /* INT64_MAX before the first connection */
    bool is_interrupted;          /* by SIGINT or SIGTERM */
    bool has_local_failure;       /* no descriptor, memory or local port left */
    bool has_answer;              /* some byte came back on some connection */
    size_t banner_size;           /* 0 if none has been seen */
    unsigned char banner[PROBE_BANNER_MAX]; /* its first bytes */
    /* Those that come back changed, or not at all, wherever they are. */
    bool values[PROBE_VALUES];
    const char *ended;           /* why nothing is served any more, or NULL */
    bool is_held_back;           /* small writes wait for acknowledgements */
    int timeouts;                /* probes that ended by one */
    struct connection unused;    /* silent from the first probe to the last;
                                    its fd is -1 if there is none */
    int64_t unused_since_ns;     /* a time of clock_ns() */
    struct probe_result blocked; /* what failed while it was open, and did not
                                    after it was closed; or no fault */
    double resolve_ms;           /* how long the name took to look up */
    uint64_t bulk_bytes;         /* came back in the bulk probe */
    double bytes_per_second;     /* of the bulk probe; 0 before it */
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

probe_function probe_silence; /* opens context->unused */
probe_function probe_values;
probe_function probe_sizes;
probe_function probe_half_close;
probe_function probe_end;
probe_function probe_reset;
probe_function probe_small_writes;
probe_function probe_round_trips; /* after the one before */
probe_function probe_clients;
probe_function probe_bulk;
probe_function probe_idle;   /* needs options->idle_ms > 0 */
probe_function probe_unused; /* the last */

/*
 * Run a probe and fill in the result, also if its connection fails. After the
 * second timeout the limits become shorter: what does not answer then will not,
 * and nobody should wait for each probe.
 */
void probe_run(struct probe_context *context, probe_function *probe,
               struct probe_result *result);

/* Whether nothing came back on a connection that was made. */
bool probe_is_unserved(const struct fault *fault);

/*
 * Whether a connection is not served while another is open and silent. If it is
 * served, the silent one becomes context->unused.
 */
bool probe_is_blocked(struct probe_context *context);

/*
 * Connect to each endpoint of the server, and close; the "connect" rows. 32 are
 * tried at the same time, so that those that do not answer take one timeout
 * together. Returns how many have a result, which are all but after an
 * interrupt.
 */
size_t probe_endpoints(struct probe_context *context,
                       struct probe_result results[]);

/*
 * Skip an endpoint that failed if that is no fault of the server or the path,
 * since another one accepts: a loopback address on which nobody listens, or an
 * address to which this machine has no route.
 */
void probe_excuse_endpoint(const struct endpoint *failed,
                           const struct endpoint *accepting,
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

/*
 * Half-close, wait a moment for the server's end, and close: a server with a
 * limit must not take the next connection for one too many.
 */
void probe_end_and_close(struct connection *connection);

/* What it means that something failed only while context->unused was open. */
const char *probe_blocked_diagnosis(const struct probe_context *context);

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
int probe_skipped(struct probe_result *result, const char *diagnosis,
                  const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The same for a failed connection: the format says when it failed, and the
 * fault's text follows. If diagnosis is NULL it is the usual one for the fault.
 * The result is bad unless the fault says nothing about the path: an interrupt,
 * a failure on this side, or an echo too slow to wait for.
 */
int probe_fault(struct probe_result *result, const struct fault *fault,
                const char *diagnosis, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
