/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * trial_content: do the bytes come back, whatever they are and however many?
 *
 * Knows what paths do to bytes. Must not know the other trials.
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/check/probe.h"
#include "echoc/interrupt.h"
#include "echoc/load/progress.h"

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
    MSS_DEFAULT = 1460, /* Ethernet's, where TCP does not tell */
    BULK_BYTES = 16 * 1024 * 1024,
    SHOWN = 24,
    NS_PER_MS = 1000000
};

/* Bytes that came unasked, as text. */
static void show(const unsigned char *bytes, size_t size, char text[SHOWN + 4])
{
    size_t shown = size < SHOWN ? size : SHOWN;

    for (size_t i = 0; i < shown; i++)
        text[i] = isprint(bytes[i]) ? (char)bytes[i] : '.';
    strcpy(text + shown, size > SHOWN ? "..." : "");
}

static void judge_unasked(struct result *result,
                          const struct connection *connection, int events)
{
    unsigned char bytes[SHOWN + 1];
    char text[SHOWN + 4];
    ssize_t got = 0;

    if ((events & POLLPRI) != 0) {
        probe_diagnose(result, "urgent data comes unasked: a middlebox, or no "
                               "plain echo server");
        probe_bad(result, "an urgent byte before we spoke");
        return;
    }
    got = recv(connection->fd, bytes, sizeof bytes, MSG_PEEK);
    if (got > 0) {
        show(bytes, (size_t)got, text);
        probe_diagnose(result, "something greets first: a banner, put in by a "
                               "middlebox or another kind of server");
        probe_bad(result, "\"%s\" before we spoke", text);
    } else {
        probe_diagnose(result,
                       "connections are ended as soon as they are made");
        probe_bad(result, "%s before we spoke",
                  got == 0 ? "closed" : strerror(errno));
    }
}

/* Three times as long as a connect took, or more, so that what is sent at once
 * has arrived. */
void probe_silence(struct context *context, struct result *result)
{
    struct connection connection;
    int64_t wait_ns = SILENCE_MS * (int64_t)NS_PER_MS;
    int events = 0;

    if (probe_connect(context, &connection) < 0) {
        probe_fault(context, result, "", &connection);
        return;
    }
    if (wait_ns < 3 * context->quickest_ns)
        wait_ns = 3 * context->quickest_ns;
    events =
        interrupt_wait(connection.fd, POLLIN | POLLPRI, clock_ns() + wait_ns);
    if (events < 0) {
        connection_fail(&connection, FAULT_STOPPED, 0);
        probe_fault(context, result, "", &connection);
    } else if (events > 0) {
        judge_unasked(result, &connection, events);
    } else {
        probe_diagnose(result, "nothing is put in before we speak");
        probe_ok(result, "no banner and no urgent byte for %.1f s",
                 (double)wait_ns / 1e9);
    }
    probe_close(&connection);
}

/* Send and receive bytes that are no pattern; they fit any buffer, and came has
 * room for one more, which would be one too many. Returns how many came, with
 * the stream's fault if that is not size, or -1 with the fault. */
static ssize_t send_and_receive(struct context *context,
                                struct connection *connection,
                                const unsigned char *bytes, unsigned char *came,
                                size_t size)
{
    int64_t until =
        clock_ns() + context->exchange.timeout_ms * (int64_t)NS_PER_MS;
    size_t have = 0;

    if (send(connection->fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
        return connection_fail(connection, FAULT_RESET, errno);
    connection->sent = size;
    while (have < size) {
        int events = interrupt_wait(connection->fd, POLLIN, until);
        ssize_t got = 0;

        if (events < 0)
            return connection_fail(connection, FAULT_STOPPED, 0);
        if (events == 0) {
            connection_fail(connection, FAULT_LATE, 0);
            connection->fault.after_ms = context->exchange.timeout_ms;
            break;
        }
        got = recv(connection->fd, came + have, size + 1 - have, 0);
        if (got < 0)
            return connection_fail(connection, FAULT_RESET, errno);
        if (got == 0) {
            connection_fail(connection, FAULT_CLOSED, 0);
            break;
        }
        have += (size_t)got;
        until = clock_ns() + context->exchange.timeout_ms * (int64_t)NS_PER_MS;
        connection->received = have < size ? have : size;
    }
    if (have > size) {
        connection_fail(connection, FAULT_EXTRA, 0);
        connection->fault.got = came[size];
        connection->fault.count = 1;
    }
    return (ssize_t)have;
}

/* Each value after each other kind of neighbour: up, down, and what terminals
 * and line disciplines are known to take for something else (RFC 854: IAC,
 * and CR followed by NUL or LF; the POSIX terminal interface, 11.1). */
static size_t make_values(unsigned char *bytes)
{
    static const unsigned char tricky[] = {
        0xff, 0xf4, 0xff, 0xfd, 0x06, 0xff, 0xff, '\r', '\0', '\r', '\n',
        '\n', '\r', 0x03, 0x04, 0x11, 0x13, 0x1a, 0x1b, '[',  'A',  0x7f};
    size_t size = 0;

    for (int i = 0; i < 256; i++)
        bytes[size++] = (unsigned char)i;
    for (int i = 255; i >= 0; i--)
        bytes[size++] = (unsigned char)i;
    memcpy(bytes + size, tricky, sizeof tricky);
    return size + sizeof tricky;
}

void probe_values(struct context *context, struct result *result)
{
    unsigned char bytes[1024];
    unsigned char came[1024];
    size_t size = make_values(bytes);
    struct connection connection;
    ssize_t got = -1;
    size_t right = 0;
    char where[32] = "";

    if (probe_connect(context, &connection) == 0)
        got = send_and_receive(context, &connection, bytes, came, size);
    while (right < size && got > (ssize_t)right && bytes[right] == came[right])
        right++;
    if (got < 0) {
        probe_fault(context, result, "", &connection);
    } else if (right < size && right < (size_t)got) {
        probe_diagnose(result, "some values do not get through as they are");
        probe_bad(result, "0x%02x came back as 0x%02x, at byte %zu",
                  bytes[right], came[right], right);
    } else if (connection.fault.kind != FAULT_NONE) {
        if (right > 0 && right < size - 1)
            probe_diagnose(result,
                           "some values are swallowed, or end the echo");
        if (right < size)
            snprintf(where, sizeof where, "next is 0x%02x", bytes[right]);
        probe_fault(context, result, where, &connection);
    } else {
        probe_diagnose(result, "every value gets through as it is");
        probe_ok(result, "all 256 values, %zu bytes", size);
    }
    probe_close(&connection);
}

/* What TCP cuts the stream into, tcp(7). */
static size_t find_mss(const struct connection *connection)
{
    int mss = 0;
    socklen_t length = sizeof mss;

    if (getsockopt(connection->fd, IPPROTO_TCP, TCP_MAXSEG, &mss, &length) <
            0 ||
        mss <= 1)
        return MSS_DEFAULT;
    return (size_t)mss;
}

void probe_sizes(struct context *context, struct result *result)
{
    struct connection connection;
    size_t mss = 0;
    char where[32] = "";

    if (probe_connect(context, &connection) < 0) {
        probe_fault(context, result, "", &connection);
        return;
    }
    mss = find_mss(&connection);
    for (size_t i = 0; i < 12; i++) {
        const size_t sizes[] = {1,       2,     3,     4,     mss - 1, mss,
                                mss + 1, 65535, 65536, 65537, 1048576, 1};

        snprintf(where, sizeof where, "a message of %zu", sizes[i]);
        if (exchange_until(&context->exchange, &connection,
                           connection.sent + sizes[i]) < 0) {
            probe_fault(context, result, where, &connection);
            probe_close(&connection);
            return;
        }
    }
    probe_diagnose(result, "messages of every size come back whole");
    probe_ok(result, "1 to 4, %zu to %zu (the MSS), 65535 to 65537, 1048576",
             mss - 1, mss + 1);
    probe_close(&connection);
}

static void show_bulk(const struct connection *connection)
{
    if (progress_is_due())
        progress_show("bulk: %" PRIu64 " of %d MiB",
                      connection->received / 1048576, BULK_BYTES / 1048576);
}

void probe_bulk(struct context *context, struct result *result)
{
    struct exchange exchange = context->exchange;
    struct connection connection;
    int64_t start = 0;
    double seconds = 0;
    int done = -1;

    exchange.on_progress = show_bulk;
    if (probe_connect(context, &connection) == 0) {
        start = clock_ns();
        done = exchange_until(&exchange, &connection, BULK_BYTES);
        seconds = (double)(clock_ns() - start) / 1e9;
    }
    progress_clear();
    if (done < 0) {
        probe_fault(context, result, "", &connection);
    } else {
        context->bytes_per_second = BULK_BYTES / seconds;
        probe_diagnose(result, "a long stream comes back whole");
        probe_ok(result, "16 MiB in %.3f s, %.1f MB/s in each direction",
                 seconds, context->bytes_per_second / 1e6);
    }
    probe_close(&connection);
}
