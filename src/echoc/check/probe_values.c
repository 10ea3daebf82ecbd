/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe_values: do bytes come back unchanged, whatever their values?
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/check/cause.h"
#include "echoc/check/probe.h"
#include "echoc/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum {
    VALUES_MAX = 1024,
    UP_AND_DOWN = 2 * PROBE_VALUES,
    MATCH_BYTES = 8, /* enough to be no coincidence */
    CONTROL_BYTES = 8192,
    SHIFT_MAX = 128,   /* bytes added or removed in one place */
    GARBLED_SHARE = 32 /* of the bytes: so few right ones are chance */
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

/* How many bytes were added to the reply (positive) or removed from it
 * (negative) where the two begin to differ; 0 if the next ones are others. */
static int find_shift(const unsigned char *bytes, size_t size,
                      const unsigned char *reply, size_t got)
{
    for (size_t shift = 1; shift <= SHIFT_MAX; shift++) {
        if (got >= shift + MATCH_BYTES && size >= MATCH_BYTES &&
            memcmp(bytes, reply + shift, MATCH_BYTES) == 0)
            return (int)shift;
        if (size >= shift + MATCH_BYTES && got >= MATCH_BYTES &&
            memcmp(bytes + shift, reply, MATCH_BYTES) == 0)
            return -(int)shift;
    }
    return 0;
}

/*
 * Compare the reply with what was sent up and down, for each value: how often
 * it was in the part that can be compared, and how often it was changed,
 * removed, or came after something that was added. A reply of the same size is
 * not shifted. Returns the size of that part.
 */
static size_t count_changes(const unsigned char *bytes, size_t size,
                            const unsigned char *reply, size_t got,
                            size_t seen[PROBE_VALUES],
                            size_t changed[PROBE_VALUES])
{
    size_t in = 0;
    size_t out = 0;

    while (in < UP_AND_DOWN && out < got) {
        bool is_right = bytes[in] == reply[out];
        int shift = 0;

        if (!is_right && got != size)
            shift = find_shift(bytes + in, size - in, reply + out, got - out);
        if (shift > 0)
            out += (size_t)shift;
        for (int i = 0; i < (shift < 0 ? -shift : 1) && in < UP_AND_DOWN;
             i++, in++) {
            seen[bytes[in]]++;
            changed[bytes[in]] += !is_right;
        }
        out += shift >= 0;
    }
    return in;
}

/*
 * Find the values that are changed wherever they are. Returns whether that
 * explains the whole reply: none of the others is changed, and one of them was
 * changed in two places at least.
 */
static bool find_changed_values(const unsigned char *bytes, size_t size,
                                const unsigned char *reply, size_t got,
                                bool values[PROBE_VALUES])
{
    size_t seen[PROBE_VALUES] = {0};
    size_t changed[PROBE_VALUES] = {0};
    size_t compared = count_changes(bytes, size, reply, got, seen, changed);
    size_t wrong = 0;
    bool has_two = false;

    for (int i = 0; i < PROBE_VALUES; i++) {
        if (changed[i] > 0 && changed[i] < seen[i])
            return false;
        has_two |= changed[i] > 1;
        wrong += changed[i];
    }
    if (!has_two || compared - wrong <= compared / GARBLED_SHARE)
        return false;
    for (int i = 0; i < PROBE_VALUES; i++)
        values[i] = changed[i] > 0;
    return true;
}

/* The same number of other bytes. Returns whether they come back. */
static bool is_pattern_echoed(struct probe_context *context, uint64_t size,
                              struct fault *fault)
{
    struct connection control;
    bool is_echoed = probe_connect_and_echo(context, &control, size) == 0;

    *fault = control.fault;
    probe_end_and_close(&control);
    return is_echoed;
}

/* The echo broke off before a value. Only if as many bytes of the pattern do
 * come back, the values are to blame. */
static int report_broken_values(struct probe_context *context,
                                struct probe_result *result,
                                const struct fault *fault,
                                unsigned char next_value)
{
    struct fault control;
    const char *diagnosis = NULL;

    if (fault->offset > 0 && fault->offset < fault->sent - 1 &&
        !fault->is_slow && is_pattern_echoed(context, fault->sent, &control))
        diagnosis = "some byte values are dropped, or end the echo";
    return probe_fault(result, fault, diagnosis, "next is 0x%02x", next_value);
}

/* A byte was changed. If other bytes are, too, what happens to those says more.
 * There are so many of them that each value is among them. */
static int report_changed_values(struct probe_context *context,
                                 struct probe_result *result,
                                 const unsigned char *bytes, size_t size,
                                 const unsigned char *reply, size_t got)
{
    struct fault fault = {.kind = FAULT_NONE};
    size_t right = 0;
    int shift = 0;

    while (bytes[right] == reply[right])
        right++;
    if (!find_changed_values(bytes, size, reply, got, context->values) &&
        !is_pattern_echoed(context, CONTROL_BYTES, &fault))
        return probe_fault(result, &fault, NULL, "also with other bytes");
    if (got != size)
        shift =
            find_shift(bytes + right, size - right, reply + right, got - right);
    if (shift < 0)
        return probe_bad(result, cause_values,
                         "0x%02x did not come back, at byte %zu", bytes[right],
                         right);
    if (shift > 0)
        return probe_bad(result, cause_values,
                         "0x%02x was added before 0x%02x, at byte %zu",
                         reply[right], bytes[right], right);
    return probe_bad(result, cause_values,
                     "0x%02x came back as 0x%02x, at byte %zu", bytes[right],
                     reply[right], right);
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
        return report_changed_values(context, result, bytes, size, reply,
                                     (size_t)got);
    if (connection->fault.kind == FAULT_NONE)
        return probe_ok(result, "every byte value passes unchanged",
                        "all 256 values, %zu bytes", size);
    if (right == size || got == 0)
        return -1;
    return report_broken_values(context, result, &connection->fault,
                                bytes[right]);
}
