/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_content: do bytes come back unchanged, whatever their values and
 * however many?
 */
#include "config.h"

#include "common/clock.h"
#include "common/sockopt.h"
#include "echoc/check/probe.h"
#include "echoc/interrupt.h"
#include "echoc/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum {
    MSS_DEFAULT = 1460, /* of Ethernet, where the socket has none */
    BULK_BYTES = 16 * 1024 * 1024,
    SLOW_BYTES_PER_SECOND = 10000,
    VALUES_MAX = 1024,
    SIZES = 12
};

static int fail_late(struct connection *connection, int after_ms, bool is_slow)
{
    connection_fail(connection, FAULT_LATE, 0);
    connection->fault.after_ms = after_ms;
    connection->fault.is_slow = is_slow;
    return -1;
}

/*
 * Receive what exchange_values() sent. Returns how many bytes came, with a
 * fault in the connection if there are fewer than size; or -1 with the fault.
 */
static ssize_t receive_values(struct probe_context *context,
                              struct connection *connection,
                              unsigned char *reply, size_t size)
{
    const struct exchange *exchange = &context->exchange;
    int64_t limit = clock_ns() + exchange->limit_ms * (int64_t)PROBE_NS_PER_MS;
    size_t received = 0;

    while (received < size && connection->fault.kind == FAULT_NONE) {
        int events =
            interrupt_wait(connection->fd, POLLIN, probe_deadline(context));
        ssize_t got = 0;

        if (events < 0)
            return connection_fail(connection, FAULT_STOPPED, 0);
        if (events > 0)
            got =
                recv(connection->fd, reply + received, size + 1 - received, 0);
        if (got < 0)
            return connection_fail(connection, FAULT_RESET, errno);
        received += (size_t)got;
        connection->received = received < size ? received : size;
        if (events == 0)
            fail_late(connection, exchange->timeout_ms, false);
        else if (got == 0)
            connection_fail(connection, FAULT_CLOSED, 0);
        else if (received < size && clock_ns() >= limit)
            fail_late(connection, exchange->limit_ms, true);
    }
    return (ssize_t)received;
}

/*
 * Send bytes that are not the pattern, few enough for any socket buffer, and
 * receive them into reply, which holds one byte more, to detect an extra one.
 * Returns how many came back, with a fault in the connection if that is not
 * size; or -1 with the fault.
 */
static ssize_t exchange_values(struct probe_context *context,
                               struct connection *connection,
                               const unsigned char *bytes, unsigned char *reply,
                               size_t size)
{
    ssize_t received = 0;

    if (send(connection->fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
        return connection_fail(connection, FAULT_RESET, errno);
    connection->sent = size;
    received = receive_values(context, connection, reply, size);
    if (received > (ssize_t)size) {
        connection_fail(connection, FAULT_EXTRA, 0);
        connection->fault.got = reply[size];
        connection->fault.count = 1;
    }
    return received;
}

/*
 * All values up and down, so that each has two different neighbours; then what
 * Telnet (RFC 854: IAC, and CR followed by NUL or LF) and terminals (POSIX,
 * General Terminal Interface) are known to interpret.
 */
static size_t make_values(unsigned char bytes[VALUES_MAX])
{
    static const unsigned char special[] = {
        0xff, 0xf4, 0xff, 0xfd, 0x06, 0xff, 0xff, '\r', '\0', '\r', '\n',
        '\n', '\r', 0x03, 0x04, 0x11, 0x13, 0x1a, 0x1b, '[',  'A',  0x7f};
    size_t size = 0;

    for (int i = 0; i < 256; i++)
        bytes[size++] = (unsigned char)i;
    for (int i = 255; i >= 0; i--)
        bytes[size++] = (unsigned char)i;
    memcpy(bytes + size, special, sizeof special);
    return size + sizeof special;
}

/* The echo broke off before a value. Only if as many bytes of the pattern do
 * come back, the values are to blame. */
static int report_broken_values(struct probe_context *context,
                                struct probe_result *result,
                                const struct fault *fault,
                                unsigned char next_value)
{
    struct connection control;
    const char *diagnosis = NULL;

    if (fault->offset > 0 && fault->offset < fault->sent - 1 &&
        !fault->is_slow) {
        if (probe_connect_and_echo(context, &control, fault->sent) == 0)
            diagnosis = "some byte values are dropped, or end the echo";
        probe_close(&control);
    }
    return probe_fault(result, fault, diagnosis, "next is 0x%02x", next_value);
}

int probe_values(struct probe_context *context, struct connection *connection,
                 struct probe_result *result)
{
    unsigned char bytes[VALUES_MAX];
    unsigned char reply[VALUES_MAX];
    size_t size = make_values(bytes);
    size_t right = 0;
    ssize_t got = 0;

    if (probe_connect(context, connection) < 0)
        return -1;
    got = exchange_values(context, connection, bytes, reply, size);
    if (got < 0)
        return -1;
    while (right < size && right < (size_t)got && bytes[right] == reply[right])
        right++;
    if (right < size && right < (size_t)got)
        return probe_bad(result, "some byte values are changed on the way",
                         "0x%02x came back as 0x%02x, at byte %zu",
                         bytes[right], reply[right], right);
    if (connection->fault.kind == FAULT_NONE)
        return probe_ok(result, "every byte value passes unchanged",
                        "all 256 values, %zu bytes", size);
    if (right == size || got == 0)
        return -1;
    return report_broken_values(context, result, &connection->fault,
                                bytes[right]);
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
            fail_late(connection, 0, true);
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
    if (rate < SLOW_BYTES_PER_SECOND)
        return probe_bad(result,
                         "the server or the path is slow: under 10 kB/s",
                         "%" PRIu64 " bytes came back in %.1f s, %.2f %s",
                         context->bulk_bytes, seconds, shown, unit);
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
