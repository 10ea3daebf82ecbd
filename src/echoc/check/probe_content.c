/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_content: do bytes come back unchanged, whatever their values and
 * however many?
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/check/probe.h"
#include "echoc/interrupt.h"
#include "echoc/progress.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
    SILENCE_MS = 300,
    MSS_DEFAULT = 1460, /* of Ethernet, where the socket has none */
    BULK_BYTES = 16 * 1024 * 1024,
    BANNER_MAX = 24, /* bytes of a banner that are shown */
    VALUES_MAX = 1024
};

/* The first bytes of a banner; what is not printable becomes a dot. */
static void banner_text(const unsigned char *bytes, size_t size,
                        char text[BANNER_MAX + 4])
{
    size_t shown = size < BANNER_MAX ? size : BANNER_MAX;

    for (size_t i = 0; i < shown; i++)
        text[i] = isprint(bytes[i]) ? (char)bytes[i] : '.';
    strcpy(text + shown, size > BANNER_MAX ? "..." : "");
}

static int report_unexpected(struct probe_result *result,
                             const struct connection *connection, int events)
{
    unsigned char bytes[BANNER_MAX + 1];
    char text[BANNER_MAX + 4];
    ssize_t got = 0;

    if ((events & POLLPRI) != 0)
        return probe_bad(
            result,
            "urgent data that was not asked for: a middlebox, or not an "
            "echo server",
            "an urgent byte before anything was sent");
    got = recv(connection->fd, bytes, sizeof bytes, MSG_PEEK);
    if (got <= 0)
        return probe_bad(result,
                         "connections are closed as soon as they are made",
                         "%s before anything was sent",
                         got == 0 ? "closed" : strerror(errno));
    banner_text(bytes, (size_t)got, text);
    return probe_bad(result,
                     "something sends a banner: a middlebox, or another kind "
                     "of server",
                     "\"%s\" before anything was sent", text);
}

/* Three connect times are enough for a banner to arrive. */
int probe_silence(struct probe_context *context, struct connection *connection,
                  struct probe_result *result)
{
    int64_t wait_ns = SILENCE_MS * (int64_t)PROBE_NS_PER_MS;
    int events = 0;

    if (probe_connect(context, connection) < 0)
        return -1;
    if (wait_ns < 3 * context->min_connect_ns)
        wait_ns = 3 * context->min_connect_ns;
    events =
        interrupt_wait(connection->fd, POLLIN | POLLPRI, clock_ns() + wait_ns);
    if (events < 0)
        return connection_fail(connection, FAULT_STOPPED, 0);
    if (events > 0)
        return report_unexpected(result, connection, events);
    return probe_ok(result, "nothing is inserted at the start",
                    "no banner and no urgent byte for %.1f s",
                    (double)wait_ns / 1e9);
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
    int64_t deadline = probe_deadline(context);
    size_t received = 0;

    if (send(connection->fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
        return connection_fail(connection, FAULT_RESET, errno);
    connection->sent = size;
    while (received < size) {
        int events = interrupt_wait(connection->fd, POLLIN, deadline);
        ssize_t got = 0;

        if (events < 0)
            return connection_fail(connection, FAULT_STOPPED, 0);
        if (events == 0) {
            connection_fail(connection, FAULT_LATE, 0);
            connection->fault.after_ms = context->options->reply_timeout_ms;
            break;
        }
        got = recv(connection->fd, reply + received, size + 1 - received, 0);
        if (got < 0)
            return connection_fail(connection, FAULT_RESET, errno);
        if (got == 0) {
            connection_fail(connection, FAULT_CLOSED, 0);
            break;
        }
        received += (size_t)got;
        connection->received = received < size ? received : size;
        deadline = probe_deadline(context);
    }
    if (received > size) {
        connection_fail(connection, FAULT_EXTRA, 0);
        connection->fault.got = reply[size];
        connection->fault.count = 1;
    }
    return (ssize_t)received;
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
    if (right == size)
        return -1;
    return probe_fault(result, &connection->fault,
                       right > 0 && right < size - 1
                           ? "some byte values are dropped, or end the echo"
                           : NULL,
                       "next is 0x%02x", bytes[right]);
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

int probe_sizes(struct probe_context *context, struct connection *connection,
                struct probe_result *result)
{
    size_t mss = 0;

    if (probe_connect(context, connection) < 0)
        return -1;
    mss = get_mss(connection);
    for (size_t i = 0; i < 12; i++) {
        const size_t sizes[] = {1,       2,     3,     4,     mss - 1, mss,
                                mss + 1, 65535, 65536, 65537, 1048576, 1};

        if (exchange_until(&context->exchange, connection,
                           connection->sent + sizes[i]) < 0)
            return probe_fault(result, &connection->fault, NULL,
                               "a message of %zu", sizes[i]);
    }
    return probe_ok(result, "messages of every size come back whole",
                    "1 to 4, %zu to %zu (the MSS), 65535 to 65537, 1048576",
                    mss - 1, mss + 1);
}

static void show_bulk(const struct connection *connection)
{
    if (progress_is_due())
        progress_show("bulk: %" PRIu64 " of %d MiB",
                      connection->received / 1048576, BULK_BYTES / 1048576);
}

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
    if (status < 0)
        return -1;
    context->bytes_per_second = BULK_BYTES / seconds;
    return probe_ok(result, "a long stream comes back whole",
                    "16 MiB in %.3f s, %.1f MB/s in each direction", seconds,
                    context->bytes_per_second / 1e6);
}
