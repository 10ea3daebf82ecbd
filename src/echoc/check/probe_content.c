/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_content: do bytes come back unchanged, however many?
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/check/cause.h"
#include "echoc/check/probe.h"
#include "echoc/progress.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum {
    MSS_DEFAULT = 1460, /* of Ethernet, where the socket has none */
    BULK_BYTES = 16 * 1024 * 1024,
    SLOW_BYTES_PER_SECOND = 10000,
    SIZES = 12
};

static void fail_slow(struct connection *connection)
{
    connection_fail(connection, FAULT_LATE, 0);
    connection->fault.is_slow = true;
}

/* The size of a TCP segment, tcp(7). */
static size_t get_mss(const struct connection *connection)
{
    int mss = 0;
    socklen_t length = sizeof mss;

    if (getsockopt(connection->fd, IPPROTO_TCP, TCP_MAXSEG, &mss, &length) <
            0 ||
        mss <= 1)
        return MSS_DEFAULT;
    return (size_t)mss;
}

/* All messages together have the time of one exchange. Returns how many came
 * back; if not all, the connection has the fault. */
static size_t exchange_sizes(const struct probe_context *context,
                             struct connection *connection,
                             const size_t sizes[SIZES])
{
    struct exchange exchange = context->exchange;
    int64_t start = clock_ns();

    for (size_t i = 0; i < SIZES; i++) {
        int64_t elapsed_ms = (clock_ns() - start) / PROBE_NS_PER_MS;

        exchange.limit_ms = context->exchange.limit_ms - (int)elapsed_ms;
        if (exchange.limit_ms <= 0)
            fail_slow(connection);
        else
            exchange_until(&exchange, connection, connection->sent + sizes[i]);
        if (connection->fault.kind != FAULT_NONE)
            return i;
    }
    return SIZES;
}

int probe_sizes(struct probe_context *context, struct connection *connection,
                struct probe_result *result)
{
    size_t sizes[SIZES] = {1, 2,     3,     4,     0,       0,
                           0, 65535, 65536, 65537, 1048576, 1};
    size_t *around_mss = &sizes[4];
    int64_t start = clock_ns();
    size_t done = 0;

    if (probe_connect(context, connection) < 0)
        return -1;
    around_mss[1] = get_mss(connection);
    around_mss[0] = around_mss[1] - 1;
    around_mss[2] = around_mss[1] + 1;
    done = exchange_sizes(context, connection, sizes);
    if (done < SIZES && connection->fault.is_slow)
        return probe_skipped(result, "too slow to tell: the echo still comes",
                             "%zu of %d messages came back in %.1f s", done,
                             SIZES, (double)(clock_ns() - start) / 1e9);
    if (done < SIZES)
        return probe_fault(result, &connection->fault, NULL, "a message of %zu",
                           sizes[done]);
    return probe_ok(result, "messages of every size come back whole",
                    "1 to 4, %zu to %zu (the MSS), 65535 to 65537, 1048576",
                    around_mss[0], around_mss[2]);
}

static void show_bulk(const struct connection *connection)
{
    if (progress_is_due())
        progress_show("bulk: %" PRIu64 " of %d MiB",
                      connection->received / 1048576, BULK_BYTES / 1048576);
}

static int report_bulk(const struct probe_context *context,
                       struct probe_result *result, double seconds)
{
    double rate = context->bytes_per_second;
    const char *unit = rate < 1e6 ? "kB/s" : "MB/s";
    double shown = rate < 1e6 ? rate / 1e3 : rate / 1e6;

    if (context->bulk_bytes == BULK_BYTES)
        return probe_ok(result, "a long stream comes back whole",
                        "16 MiB in %.3f s, %.1f %s in each direction", seconds,
                        shown, unit);
    if (rate < SLOW_BYTES_PER_SECOND) {
        result->cause = cause_slow;
        return probe_bad(result,
                         "the server or the path is slow: under 10 kB/s",
                         "%" PRIu64 " bytes came back in %.1f s, %.2f %s",
                         context->bulk_bytes, seconds, shown, unit);
    }
    return probe_ok(result,
                    "the stream comes back unchanged; the time was not enough "
                    "for all of it",
                    "%.2f of 16 MiB in %.1f s, %.1f %s in each direction",
                    (double)context->bulk_bytes / 1048576, seconds, shown,
                    unit);
}

/* After the limit of an exchange, what has come back until then is counted. */
int probe_bulk(struct probe_context *context, struct connection *connection,
               struct probe_result *result)
{
    struct exchange exchange = context->exchange;
    int64_t start = 0;
    double seconds = 0;
    int status = 0;

    if (probe_connect(context, connection) < 0)
        return -1;
    exchange.on_progress = show_bulk;
    start = clock_ns();
    status = exchange_until(&exchange, connection, BULK_BYTES);
    seconds = (double)(clock_ns() - start) / 1e9;
    progress_clear();
    context->bulk_bytes = connection->received;
    if (status < 0 && !connection->fault.is_slow)
        return -1;
    context->bytes_per_second = (double)context->bulk_bytes / seconds;
    return report_bulk(context, result, seconds);
}
