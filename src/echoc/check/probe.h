/*
 * trial: one question to the path, and its answer.
 *
 * A trial makes its own connections and hangs them all up. Each is a function
 * of a site, where it finds what trials share, that fills in the answer.
 */
#ifndef ECHOC_TRIAL_H
#define ECHOC_TRIAL_H

#include "echoc/stats/histogram.h"
#include "echoc/options.h"
#include "echoc/net/exchange.h"
#include "echoc/net/target.h"

#include <stdint.h>

enum verdict { TRIAL_OK, TRIAL_BAD, TRIAL_SKIPPED };

enum { ANSWER_TEXT_MAX = 320 };

/* seen: figures and facts; means: a sentence for somebody who must act. */
struct answer {
    enum verdict verdict;
    char seen[ANSWER_TEXT_MAX];
    char means[ANSWER_TEXT_MAX];
};

struct site {
    const struct options *options;
    struct target target;
    struct talk talk;
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
 * fault. To be hung up by trial_hang_up(), which takes a failed one, too. */
int trial_connect(struct site *site, struct stream *stream);
void trial_hang_up(struct stream *stream);

/* Answer. trial_ok() and trial_bad() take what was seen as printf(3) does;
 * what it means is set before. */
void trial_means(struct answer *answer, const char *words, ...)
    __attribute__((format(printf, 2, 3)));
void trial_ok(struct answer *answer, const char *words, ...)
    __attribute__((format(printf, 2, 3)));
void trial_bad(struct answer *answer, const char *words, ...)
    __attribute__((format(printf, 2, 3)));

/* Answer with a stream's fault: TRIAL_BAD in its words, after where (which may
 * be empty), or TRIAL_SKIPPED for an interrupt. The meaning is the fault's,
 * unless one was set. */
void trial_fault(struct site *site, struct answer *answer, const char *where,
                 const struct stream *stream);

/* One endpoint's connect; for check's own list. */
void trial_endpoint(struct site *site, size_t endpoint, struct answer *answer);

void trial_silence(struct site *site, struct answer *answer);
void trial_values(struct site *site, struct answer *answer);
void trial_sizes(struct site *site, struct answer *answer);
void trial_half_close(struct site *site, struct answer *answer);
void trial_end(struct site *site, struct answer *answer);
void trial_abort(struct site *site, struct answer *answer);
void trial_small_writes(struct site *site, struct answer *answer);
void trial_round_trips(struct site *site, struct answer *answer);
void trial_crowd(struct site *site, struct answer *answer);
void trial_bulk(struct site *site, struct answer *answer);
void trial_idle(struct site *site, struct answer *answer);

#endif
