/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * connection: whatever comes back is compared, and every fault is found.
 */
#include "config.h"

#include "echoc/net/connection.h"
#include "echoc/net/pattern.h"
#include "tests/echoc/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char suite_name[] = "connection";

enum { SIZE = 1000 };

static const size_t chunks[] = {1,    2,    3,    7,    8,     9,    64,
                                100,  511,  512,  513,  1000,  1023, 1024,
                                4095, 4096, 4097, 9999, 10000, 20000};

START_TEST(an_echo_may_arrive_in_chunks_of_any_size)
{
    enum { TOTAL = 10000 };
    static unsigned char echo[TOTAL];

    pair_open(unix_pair);
    pair_send(TOTAL);
    pattern_fill(PAIR_KEY, 0, echo, TOTAL);
    ck_assert_int_eq(connection_receive(&connection, buffer), 0);
    for (size_t i = 0; i < TOTAL; i += chunks[_i]) {
        size_t chunk = chunks[_i] < TOTAL - i ? chunks[_i] : TOTAL - i;

        ck_assert_uint_eq(connection_missing(&connection), TOTAL - i);
        write_all(peer_fd, echo + i, chunk);
        ck_assert_int_eq(connection_receive(&connection, buffer),
                         (int64_t)chunk);
        ck_assert_uint_eq(connection.received, i + chunk);
    }
    ck_assert_uint_eq(connection_missing(&connection), 0);
    ck_assert_int_eq(connection_receive(&connection, buffer), 0);
    ck_assert(!connection.ended);
    expect_no_fault();
}
END_TEST

START_TEST(sending_stops_at_the_given_end)
{
    pair_open(unix_pair);
    ck_assert_int_eq(connection_send(&connection, 0, buffer), 0);
    ck_assert_int_eq(connection_send(&connection, 10, buffer), 10);
    ck_assert_int_eq(connection_send(&connection, 10, buffer), 0);
    ck_assert_int_eq(connection_send(&connection, 11, buffer), 1);
    ck_assert_uint_eq(connection.sent, 11);
    shutdown(connection.fd, SHUT_WR);
    ck_assert_uint_eq(read_to_end(peer_fd), 11);
}
END_TEST

/* The peer has read everything, but with TCP the window update that makes the
 * socket writable may still be on its way. */
static void wait_until_writable(void)
{
    struct pollfd pollfd = {.fd = connection.fd, .events = POLLOUT};

    ck_assert_int_eq(poll(&pollfd, 1, 30000), 1);
}

/* Send until the socket is full, let the peer read all of that, and so on. */
static void send_in_parts(unsigned char *bytes, size_t size)
{
    bool was_full = false;
    size_t taken = 0;

    while (taken < size) {
        int64_t sent = connection_send(&connection, size, buffer);

        ck_assert_int_ge(sent, 0);
        ck_assert_int_le(sent, CONNECTION_CHUNK);
        was_full = was_full || sent == 0;
        if (sent > 0 && connection.sent < size)
            continue;
        if (connection.sent == taken)
            wait_until_writable();
        read_all(peer_fd, bytes + taken, connection.sent - taken);
        taken = (size_t)connection.sent;
    }
    ck_assert(was_full);
}

static void echo_in_parts(const unsigned char *bytes, size_t size)
{
    size_t echoed = 0;

    fcntl(peer_fd, F_SETFL, O_NONBLOCK);
    while (connection_missing(&connection) > 0) {
        ssize_t written = 0;

        if (echoed < size)
            written = write(peer_fd, bytes + echoed, size - echoed);
        echoed += written > 0 ? (size_t)written : 0;
        is_readable(connection.fd, 1);
        ck_assert_int_ge(connection_receive(&connection, buffer), 0);
    }
}

START_TEST(after_a_partial_send_the_rest_follows)
{
    static const size_t sizes[PAIR_KINDS] = {300000, (size_t)3 << 20};
    size_t size = sizes[_i];
    unsigned char *bytes = malloc(size);
    int small = 1; /* the system takes the least it allows */

    pair_open(pair_kinds[_i]);
    setsockopt(connection.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    setsockopt(peer_fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    send_in_parts(bytes, size);
    ck_assert_uint_eq(pattern_match(PAIR_KEY, 0, bytes, size), size);
    echo_in_parts(bytes, size);
    ck_assert_uint_eq(connection.received, size);
    expect_no_fault();
    free(bytes);
}
END_TEST

/* What is done to an echo of SIZE bytes at an offset, and the diagnosis. */
enum damage { ALTER, ALTER_ALL, LOSE, ADD, REPEAT, SWAP };

static const struct {
    enum damage damage;
    size_t offset, count;
    enum fault_change change;
} damages[] = {
    {ALTER, 0, 1, CHANGE_REPLACED},
    {ALTER, 1, 1, CHANGE_REPLACED},
    {ALTER, 511, 1, CHANGE_REPLACED},
    {ALTER, 512, 1, CHANGE_REPLACED},
    {ALTER, 990, 1, CHANGE_REPLACED},
    {ALTER, 991, 1, CHANGE_UNKNOWN},
    {ALTER, 999, 1, CHANGE_UNKNOWN},
    {ALTER_ALL, 0, 1000, CHANGE_GARBLED},
    {ALTER_ALL, 777, 223, CHANGE_GARBLED},
    {LOSE, 0, 1, CHANGE_LOST},
    {LOSE, 500, 17, CHANGE_LOST},
    {LOSE, 513, 400, CHANGE_LOST},
    {ADD, 0, 1, CHANGE_ADDED},
    {ADD, 700, 33, CHANGE_ADDED},
    {REPEAT, 1, 1, CHANGE_REPEATED},
    {REPEAT, 512, 512, CHANGE_REPEATED},
    {REPEAT, 800, 100, CHANGE_REPEATED},
    {SWAP, 0, 0, CHANGE_SWAPPED},
    {SWAP, 511, 0, CHANGE_SWAPPED},
    {SWAP, 998, 0, CHANGE_SWAPPED},
};

enum { DAMAGES = sizeof damages / sizeof damages[0] };

/* Write the damaged echo of number i. Returns its length. */
static size_t make_damaged(int i, unsigned char echo[2 * SIZE])
{
    size_t offset = damages[i].offset;
    size_t count = damages[i].count;
    unsigned char *rest = echo + offset;

    pattern_fill(PAIR_KEY, 0, echo, SIZE);
    switch (damages[i].damage) {
    case ALTER:
    case ALTER_ALL:
        for (size_t j = 0; j < count; j++)
            rest[j] ^= 0x55;
        break;
    case LOSE:
        pattern_fill(PAIR_KEY, offset + count, rest, SIZE - offset - count);
        return SIZE - count;
    case ADD:
        memset(rest, 0xdd, count);
        pattern_fill(PAIR_KEY, offset, rest + count, SIZE - offset);
        return SIZE + count;
    case REPEAT:
        pattern_fill(PAIR_KEY, offset - count, rest, SIZE - offset + count);
        return SIZE + count;
    case SWAP:
        rest[0] = pattern_at(PAIR_KEY, offset + 1);
        rest[1] = pattern_at(PAIR_KEY, offset);
        break;
    }
    return SIZE;
}

START_TEST(a_damaged_echo_is_located_and_diagnosed)
{
    const struct fault *fault = &connection.fault;
    unsigned char echo[2 * SIZE];
    size_t length = make_damaged(_i, echo);
    size_t wrong = pattern_match(PAIR_KEY, 0, echo, length);

    pair_open(unix_pair);
    pair_send(SIZE);
    write_all(peer_fd, echo, length);
    ck_assert_int_eq(connection_receive(&connection, buffer), -1);
    ck_assert_uint_eq(wrong, damages[_i].offset);
    expect_fault(FAULT_CHANGED, wrong, SIZE);
    ck_assert_uint_eq(fault->expected, pattern_at(PAIR_KEY, wrong));
    ck_assert_uint_eq(fault->got, echo[wrong]);
    ck_assert_uint_eq(connection.received, wrong);
    ck_assert_int_eq(fault->change, damages[_i].change);
    if (fault->change != CHANGE_UNKNOWN && fault->change != CHANGE_GARBLED &&
        fault->change != CHANGE_SWAPPED)
        ck_assert_uint_eq(fault->count, damages[_i].count);
}
END_TEST

START_TEST(a_damaged_echo_is_located_byte_by_byte)
{
    unsigned char echo[2 * SIZE];
    size_t length = make_damaged(_i, echo);
    size_t wrong = damages[_i].offset;

    ck_assert_uint_lt(wrong, length);
    pair_open(unix_pair);
    pair_send(SIZE);
    for (size_t i = 0; i < wrong; i++) {
        write_all(peer_fd, echo + i, 1);
        ck_assert_int_eq(connection_receive(&connection, buffer), 1);
    }
    write_all(peer_fd, echo + wrong, 1);
    ck_assert_int_eq(connection_receive(&connection, buffer), -1);
    expect_fault(FAULT_CHANGED, wrong, SIZE);
    ck_assert_uint_eq(connection.fault.expected, pattern_at(PAIR_KEY, wrong));
    ck_assert_uint_eq(connection.fault.got, echo[wrong]);
}
END_TEST

START_TEST(without_diagnosis_the_fault_is_located_all_the_same)
{
    unsigned char echo[2 * SIZE];
    size_t length = make_damaged(_i, echo);

    pair_open(unix_pair);
    connection.skip_diagnosis = true;
    pair_send(SIZE);
    write_all(peer_fd, echo, length);
    ck_assert_int_eq(connection_receive(&connection, buffer), -1);
    expect_fault(FAULT_CHANGED, damages[_i].offset, SIZE);
    ck_assert_int_eq(connection.fault.change, CHANGE_UNKNOWN);
}
END_TEST

/* The surplus bytes continue the pattern. They arrive with the echo, or after
 * it. */
START_TEST(more_than_was_sent_is_extra)
{
    unsigned char echo[SIZE + 5];
    bool is_apart = _i == 1;

    pair_open(unix_pair);
    pair_send(SIZE);
    pattern_fill(PAIR_KEY, 0, echo, sizeof echo);
    write_all(peer_fd, echo, SIZE);
    if (is_apart)
        ck_assert_int_eq(connection_receive(&connection, buffer), SIZE);
    write_all(peer_fd, echo + SIZE, 5);
    ck_assert_int_eq(connection_receive(&connection, buffer), -1);
    expect_fault(FAULT_EXTRA, SIZE, SIZE);
    ck_assert_uint_eq(connection.fault.got, echo[SIZE]);
    ck_assert_uint_eq(connection.fault.count, 5);
    ck_assert_uint_eq(connection.received, SIZE);
}
END_TEST

/* The banner arrives with the echo of a byte, or before it. */
START_TEST(more_than_is_missing_tells_that_bytes_were_added)
{
    bool is_apart = _i == 1;

    pair_open(unix_pair);
    pair_send(1);
    buffer[0] = (unsigned char)(pattern_at(PAIR_KEY, 0) ^ 1);
    buffer[1] = '>';
    buffer[2] = (unsigned char)(pattern_at(PAIR_KEY, 0) ^ is_apart);
    write_all(peer_fd, buffer, 3);
    ck_assert_int_eq(connection_receive(&connection, buffer), -1);
    expect_fault(FAULT_CHANGED, 0, 1);
    ck_assert_uint_eq(connection.fault.seen_size, 3);
    ck_assert_int_eq(connection.fault.change,
                     is_apart ? CHANGE_UNKNOWN : CHANGE_ADDED);
    if (!is_apart)
        ck_assert_uint_eq(connection.fault.count, 2);
}
END_TEST

START_TEST(bytes_before_anything_was_sent_are_extra)
{
    pair_open(unix_pair);
    write_all(peer_fd, "hello", 5);
    ck_assert_int_eq(connection_receive(&connection, buffer), -1);
    expect_fault(FAULT_EXTRA, 0, 0);
    ck_assert_uint_eq(connection.fault.got, 'h');
    ck_assert_uint_eq(connection.fault.count, 5);
}
END_TEST

START_TEST(eof_with_nothing_missing_is_no_fault)
{
    pair_open(pair_kinds[_i]);
    pair_echo(SIZE, SIZE);
    shutdown(peer_fd, SHUT_WR);
    ck_assert_int_eq(pair_receive(), 0);
    ck_assert(connection.ended);
    expect_no_fault();
}
END_TEST

START_TEST(eof_with_bytes_missing_is_a_fault)
{
    static const size_t counts[] = {0, 1, SIZE - 1};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        pair_open(pair_kinds[_i]);
        pair_echo(SIZE, counts[i]);
        shutdown(peer_fd, SHUT_WR);
        ck_assert_int_eq(pair_receive(), -1);
        expect_fault(FAULT_CLOSED, counts[i], SIZE);
        ck_assert(!connection.ended);
    }
}
END_TEST

START_TEST(a_reset_is_not_eof)
{
    static const size_t counts[] = {0, 1, SIZE};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        pair_open(tcp_pair);
        pair_echo(SIZE, counts[i]);
        pair_reset();
        ck_assert_int_eq(pair_receive(), -1);
        expect_fault(FAULT_RESET, counts[i], SIZE);
        ck_assert_int_eq(connection.fault.error, ECONNRESET);
        ck_assert(!connection.ended);
    }
}
END_TEST

START_TEST(sending_after_a_reset_is_a_fault)
{
    pair_open(tcp_pair);
    pair_send(SIZE);
    pair_reset();
    ck_assert(is_readable(connection.fd, 30000));
    ck_assert_int_eq(connection_send(&connection, SIZE + 1, buffer), -1);
    expect_fault(FAULT_RESET, 0, SIZE);
    ck_assert_int_eq(connection.fault.error, ECONNRESET);
    ck_assert_uint_eq(connection.sent, SIZE);
}
END_TEST

/* No SIGPIPE, and no fault yet: what the peer sent before is still there. */
START_TEST(after_a_send_to_a_closed_peer_the_rest_is_received)
{
    pair_open(unix_pair);
    signal(SIGPIPE, SIG_IGN); /* as in the program */
    pair_echo(SIZE, SIZE);
    close(peer_fd);
    peer_fd = -1;
    ck_assert_int_eq(connection_send(&connection, SIZE + 1, buffer), 0);
    ck_assert_uint_eq(connection.sent, SIZE);
    while (connection_missing(&connection) > 0)
        ck_assert_int_gt(pair_receive(), 0);
    ck_assert_int_eq(pair_receive(), 0);
    ck_assert(connection.ended);
    expect_no_fault();
}
END_TEST

START_TEST(the_echo_still_arrives_after_a_half_close)
{
    unsigned char echo[SIZE];

    pair_open(pair_kinds[_i]);
    pair_send(SIZE);
    ck_assert_int_eq(connection_half_close(&connection), 0);
    ck_assert_uint_eq(read_to_end(peer_fd), 0);
    pattern_fill(PAIR_KEY, 0, echo, SIZE);
    write_all(peer_fd, echo, SIZE);
    while (connection_missing(&connection) > 0)
        ck_assert_int_gt(pair_receive(), 0);
    shutdown(peer_fd, SHUT_WR);
    ck_assert_int_eq(pair_receive(), 0);
    ck_assert(connection.ended);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, pair_close);
    tcase_add_loop_test(tests, an_echo_may_arrive_in_chunks_of_any_size, 0,
                        sizeof chunks / sizeof chunks[0]);
    tcase_add_test(tests, sending_stops_at_the_given_end);
    tcase_add_loop_test(tests, after_a_partial_send_the_rest_follows, 0,
                        PAIR_KINDS);
    tcase_add_loop_test(tests, a_damaged_echo_is_located_and_diagnosed, 0,
                        DAMAGES);
    tcase_add_loop_test(tests, a_damaged_echo_is_located_byte_by_byte, 0,
                        DAMAGES);
    tcase_add_loop_test(
        tests, without_diagnosis_the_fault_is_located_all_the_same, 0, DAMAGES);
    tcase_add_loop_test(tests, more_than_was_sent_is_extra, 0, 2);
    tcase_add_loop_test(tests, more_than_is_missing_tells_that_bytes_were_added,
                        0, 2);
    tcase_add_test(tests, bytes_before_anything_was_sent_are_extra);
    tcase_add_loop_test(tests, eof_with_nothing_missing_is_no_fault, 0,
                        PAIR_KINDS);
    tcase_add_loop_test(tests, eof_with_bytes_missing_is_a_fault, 0,
                        PAIR_KINDS);
    tcase_add_test(tests, a_reset_is_not_eof);
    tcase_add_test(tests, sending_after_a_reset_is_a_fault);
    tcase_add_test(tests, after_a_send_to_a_closed_peer_the_rest_is_received);
    tcase_add_loop_test(tests, the_echo_still_arrives_after_a_half_close, 0,
                        PAIR_KINDS);
}
