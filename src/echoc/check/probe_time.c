/*
 * trial_time: how long do bytes take, and how long does silence last?
 *
 * Knows round trips and waiting. Must not know the other trials.
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/interrupt.h"
#include "echoc/check/probe.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PAIRS = 20,
    PAIR_BYTES = 16,
    PAUSE_NS = 2000000,
    HELD_BACK_NS = 25000000, /* less than any system's delayed ACK, 40 ms */
    ROUND_TRIPS = 1000,
    ROUND_TRIPS_NS = 2000000000,
    ROUND_TRIP_BYTES = 64,
    LADDER = 8,
    NS_PER_MS = 1000000
};

static int by_length(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one;
    int64_t b = *(const int64_t *)other;

    return (a > b) - (a < b);
}

/* Two writes that the server reads apart, the second large enough to be echoed
 * in two: the last part is what Nagle's algorithm (RFC 896) holds back until
 * the rest is acknowledged, and that may be 40 ms and more away (RFC 1122,
 * 4.2.3.2). */
static int pair(struct site *site, struct stream *stream, int64_t *took_ns)
{
    int64_t start = 0;

    if (stream_send(stream, stream->sent + 1, site->talk.room) < 0)
        return -1;
    if (interrupt_wait(-1, 0, clock_ns() + PAUSE_NS) < 0)
        return stream_fail(stream, FAULT_STOPPED, 0);
    start = clock_ns();
    if (talk_until(&site->talk, stream, stream->sent + PAIR_BYTES) < 0)
        return -1;
    *took_ns = clock_ns() - start;
    return 0;
}

void trial_small_writes(struct site *site, struct answer *answer)
{
    struct stream stream;
    int64_t times[PAIRS] = {0};
    int64_t median = 0;
    int done = trial_connect(site, &stream);

    for (size_t i = 0; i < PAIRS && done == 0; i++)
        done = pair(site, &stream, &times[i]);
    trial_hang_up(&stream);
    if (done < 0) {
        trial_fault(site, answer, "", &stream);
        return;
    }
    qsort(times, PAIRS, sizeof times[0], by_length);
    median = times[PAIRS / 2];
    if (median - site->quickest_ns > HELD_BACK_NS) {
        trial_means(answer,
                    "small writes are held back: Nagle's algorithm against "
                    "delayed acknowledgements, or something waits");
        trial_bad(answer, "half of them took over %.1f ms; a connect %.3f ms",
                  (double)median / 1e6, (double)site->quickest_ns / 1e6);
    } else {
        trial_means(answer, "small writes are not held back");
        trial_ok(answer, "p50 %.3f ms, a connect %.3f ms", (double)median / 1e6,
                 (double)site->quickest_ns / 1e6);
    }
}

void trial_round_trips(struct site *site, struct answer *answer)
{
    const struct histogram *times = &site->round_trips;
    struct stream stream;
    int64_t until = clock_ns() + ROUND_TRIPS_NS;
    int done = trial_connect(site, &stream);
    char where[32];

    for (int i = 0; i < ROUND_TRIPS && done == 0 && clock_ns() < until; i++) {
        int64_t start = clock_ns();

        done = talk_until(&site->talk, &stream, stream.sent + ROUND_TRIP_BYTES);
        if (done == 0)
            histogram_record(&site->round_trips, clock_ns() - start);
    }
    trial_hang_up(&stream);
    if (done < 0) {
        snprintf(where, sizeof where, "round trip %llu",
                 (unsigned long long)times->count + 1);
        trial_fault(site, answer, where, &stream);
        return;
    }
    trial_ok(answer, "%llu: p50 %.3f, p90 %.3f, p99 %.3f, max %.3f ms",
             (unsigned long long)times->count,
             histogram_quantile(times, 0.5) / 1e6,
             histogram_quantile(times, 0.9) / 1e6,
             histogram_quantile(times, 0.99) / 1e6, (double)times->max / 1e6);
    if (histogram_quantile(times, 0.5) - (double)site->quickest_ns >
        HELD_BACK_NS) {
        answer->verdict = TRIAL_BAD;
        trial_means(answer, "replies take longer than the way: something "
                            "holds them back");
    } else {
        trial_means(answer, "one message after another comes back");
    }
}

/* Silence until a moment, then a round trip. Returns 0 if it lived; else -1
 * with the fault, and *end_ns when it was found dead. */
static int keep_silent(struct site *site, struct stream *stream,
                       int64_t until_ns, int64_t *end_ns)
{
    int64_t left = (until_ns - clock_ns()) / NS_PER_MS;
    int done = 0;

    if (left > 0)
        done = talk_silence(&site->talk, stream, (int)left);
    *end_ns = clock_ns();
    if (done == 0)
        done = talk_until(&site->talk, stream, stream->sent + 1);
    return done;
}

/* Some connections of one age, spoken to at different times: those before the
 * death answer, the first after it does not. Narrows *low_ms and *high_ms, the
 * silences that were survived and not. Returns 0, or -1 with the fault. */
static int climb(struct site *site, int64_t *low_ms, int64_t *high_ms,
                 struct stream *broken)
{
    struct stream streams[LADDER - 1];
    int64_t ages[LADDER - 1];
    int64_t step = *high_ms - *low_ms;
    int64_t start = 0;
    int result = 0;
    int made = 0;

    for (; made < LADDER - 1 && result == 0; made++) {
        ages[made] = *low_ms + step * (made + 1) / LADDER;
        result = trial_connect(site, &streams[made]);
        if (result == 0)
            result = talk_until(&site->talk, &streams[made], 1);
        *broken = streams[made];
    }
    start = clock_ns();
    for (int i = 0; i < LADDER - 1 && result == 0; i++) {
        int64_t end_ns = 0;
        int done = keep_silent(site, &streams[i], start + ages[i] * NS_PER_MS,
                               &end_ns);

        *broken = streams[i];
        if (done < 0 && streams[i].fault.kind == FAULT_STOPPED)
            result = -1;
        *(done < 0 ? high_ms : low_ms) = ages[i];
        if (done < 0)
            break;
    }
    for (int i = 0; i < made; i++)
        trial_hang_up(&streams[i]);
    return result;
}

/* Found dead by its silence: nobody said when, so others find out. */
static void bisect(struct site *site, struct answer *answer, int64_t high_ms)
{
    struct stream broken;
    int64_t low_ms = 0;
    int64_t exact_ms = high_ms / 50 > 100 ? high_ms / 50 : 100;

    while (high_ms - low_ms > exact_ms)
        if (climb(site, &low_ms, &high_ms, &broken) < 0) {
            trial_fault(site, answer, "", &broken);
            return;
        }
    trial_means(answer, "silent connections are forgotten without a word: "
                        "keep-alives must come more often than that");
    trial_bad(answer,
              "no answer after %.2f s of silence; after %.2f s there was",
              (double)high_ms / 1e3, (double)low_ms / 1e3);
}

void trial_idle(struct site *site, struct answer *answer)
{
    struct stream stream;
    int64_t idle_ms = site->options->idle_ms;
    int64_t end_ns = 0;
    int64_t start = 0;
    int done = trial_connect(site, &stream);

    if (done == 0)
        done = talk_until(&site->talk, &stream, 1);
    if (done < 0) {
        trial_fault(site, answer, "", &stream);
        trial_hang_up(&stream);
        return;
    }
    start = clock_ns();
    done = keep_silent(site, &stream, start + idle_ms * NS_PER_MS, &end_ns);
    trial_hang_up(&stream);
    if (done == 0) {
        trial_means(answer, "a silent connection lives so long");
        trial_ok(answer, "alive after %.1f s of silence",
                 (double)idle_ms / 1e3);
    } else if (stream.fault.kind == FAULT_LATE) {
        bisect(site, answer, idle_ms);
    } else {
        char where[48];

        snprintf(where, sizeof where, "after %.1f s of silence",
                 (double)(end_ns - start) / 1e9);
        trial_means(answer, "silent connections are ended: keep-alives must "
                            "come more often than that");
        trial_fault(site, answer, where, &stream);
    }
}
