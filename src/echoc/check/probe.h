/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * trial: one question to the path, and its answer.
 *
 * A trial makes its own connections and hangs them all up. Each is a function
 * of a site, where it finds what trials share, that fills in the answer.
 */
#ifndef ECHOC_CHECK_PROBE_H
#define ECHOC_CHECK_PROBE_H

#include "echoc/net/connect.h"
#include "echoc/net/exchange.h"
#include "echoc/options.h"
#include "echoc/stats/histogram.h"

#include <stdint.h>

enum verdict { PROBE_OK, PROBE_BAD, PROBE_SKIPPED };

enum { PROBE_TEXT_MAX = 320 };

/* seen: figures and facts; means: a sentence for somebody who must act. */
struct result {
    enum verdict verdict;
    char seen[PROBE_TEXT_MAX];
    char diagnosis[PROBE_TEXT_MAX];
};

struct context {
    const struct options *options;
    struct server server;
    struct exchange exchange;
    uint64_t run;
    uint64_t connections;
    int64_t quickest_ns; /* of all connects; INT64_MAX before the first */
    bool stopped;        /* an interrupt came */
    bool is_short;       /* this side has no descriptor or memory for it */
    double resolve_ms;
    double bytes_per_second; /* of the bulk trial; 0 before it */
    struct histogram connect_times;
    struct histogram round_trips;
};

/* Connect to where the last connection was made; 0, or -1 with the stream's
 * fault. To be hung up by probe_close(), which takes a failed one, too. */
int probe_connect(struct context *context, struct connection *connection);
void probe_close(struct connection *connection);

/* Answer. probe_ok() and probe_bad() take what was seen as printf(3) does;
 * what it means is set before. */
void probe_diagnose(struct result *result, const char *words, ...)
    __attribute__((format(printf, 2, 3)));
void probe_ok(struct result *result, const char *words, ...)
    __attribute__((format(printf, 2, 3)));
void probe_bad(struct result *result, const char *words, ...)
    __attribute__((format(printf, 2, 3)));

/* Answer with a stream's fault: PROBE_BAD in its words, after where (which may
 * be empty), or PROBE_SKIPPED for an interrupt. The meaning is the fault's,
 * unless one was set. */
void probe_fault(struct context *context, struct result *result,
                 const char *where, const struct connection *connection);

/* One endpoint's connect; for check's own list. */
void probe_endpoint(struct context *context, size_t endpoint,
                    struct result *result);

void probe_silence(struct context *context, struct result *result);
void probe_values(struct context *context, struct result *result);
void probe_sizes(struct context *context, struct result *result);
void probe_half_close(struct context *context, struct result *result);
void probe_end(struct context *context, struct result *result);
void probe_abort(struct context *context, struct result *result);
void probe_small_writes(struct context *context, struct result *result);
void probe_round_trips(struct context *context, struct result *result);
void probe_concurrent(struct context *context, struct result *result);
void probe_bulk(struct context *context, struct result *result);
void probe_idle(struct context *context, struct result *result);

#endif
