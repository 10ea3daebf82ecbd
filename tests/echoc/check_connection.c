/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * stream and talk: what was sent must come back, and what did not is told.
 */
#include "config.h"

#include "echoc/interrupt.h"
#include "echoc/net/connection.h"
#include "echoc/net/exchange.h"
#include "echoc/net/pattern.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char suite_name[] = "stream";

enum { LONG_MS = 20000 };

static const uint64_t key = 0x6142;
static unsigned char buffer[CONNECTION_CHUNK];

/* A stream and the other side of it, which is read and written as it is. */
struct ends {
    struct connection connection;
    int peer_fd;
};

static void open_ends(struct ends *ends, void (*pair)(int fds[2]))
{
    int fds[2];

    pair(fds);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    connection_init(&ends->connection, fds[0], key);
    ends->peer_fd = fds[1];
}

static void close_ends(struct ends *ends)
{
    close(ends->connection.fd);
    close(ends->peer_fd);
}

static void reset_peer(struct ends *ends)
{
    struct linger reset = {.l_onoff = 1};

    setsockopt(ends->peer_fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(ends->peer_fd);
    ends->peer_fd = -1;
}

/* Send it all, and take it on the other side, where it must be the pattern. */
static void send_all(struct ends *ends, size_t size)
{
    unsigned char *bytes = malloc(size);

    ck_assert_int_eq(connection_send(&ends->connection, size, buffer),
                     (int64_t)size);
    read_all(ends->peer_fd, bytes, size);
    ck_assert_uint_eq(pattern_match(key, 0, bytes, size), size);
    free(bytes);
}

/* Receive when there is something. */
static int64_t receive(struct ends *ends)
{
    ck_assert(is_readable(ends->connection.fd, 30000));
    return connection_receive(&ends->connection, buffer);
}

static void expect_no_fault(const struct connection *connection)
{
    ck_assert_int_eq(connection->fault.kind, FAULT_NONE);
}

static const size_t pieces[] = {1,    2,    3,    7,    8,     9,    64,
                                100,  511,  512,  513,  1000,  1023, 1024,
                                4095, 4096, 4097, 9999, 10000, 20000};

START_TEST(a_reply_may_come_in_pieces_of_any_size)
{
    enum { SIZE = 10000 };
    static unsigned char reply[SIZE];
    struct ends ends;

    open_ends(&ends, unix_pair);
    send_all(&ends, SIZE);
    pattern_fill(key, 0, reply, SIZE);
    ck_assert_int_eq(connection_receive(&ends.connection, buffer), 0);
    for (size_t at = 0; at < SIZE; at += pieces[_i]) {
        size_t piece = pieces[_i] < SIZE - at ? pieces[_i] : SIZE - at;

        ck_assert_uint_eq(connection_missing(&ends.connection), SIZE - at);
        write_all(ends.peer_fd, reply + at, piece);
        ck_assert_int_eq(connection_receive(&ends.connection, buffer),
                         (int64_t)piece);
        ck_assert_uint_eq(ends.connection.received, at + piece);
    }
    ck_assert_uint_eq(connection_missing(&ends.connection), 0);
    ck_assert_int_eq(connection_receive(&ends.connection, buffer), 0);
    ck_assert(!ends.connection.ended);
    expect_no_fault(&ends.connection);
    close_ends(&ends);
}
END_TEST

START_TEST(no_more_is_sent_than_was_asked_for)
{
    struct ends ends;

    open_ends(&ends, unix_pair);
    ck_assert_int_eq(connection_send(&ends.connection, 0, buffer), 0);
    ck_assert_int_eq(connection_send(&ends.connection, 10, buffer), 10);
    ck_assert_int_eq(connection_send(&ends.connection, 10, buffer), 0);
    ck_assert_int_eq(connection_send(&ends.connection, 11, buffer), 1);
    ck_assert_uint_eq(ends.connection.sent, 11);
    shutdown(ends.connection.fd, SHUT_WR);
    ck_assert_uint_eq(read_to_end(ends.peer_fd), 11);
    close_ends(&ends);
}
END_TEST

/* TCP may still be about to hear that all was taken. */
static void await_room(int fd)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLOUT};

    ck_assert_int_eq(poll(&pollfd, 1, 30000), 1);
}

/* Send as much as is taken, take all of it, and so on; all of it comes back in
 * the end, in as large pieces as the sockets hold. */
static void send_in_parts(void (*pair)(int fds[2]), size_t size)
{
    unsigned char *bytes = malloc(size);
    int small = 1; /* as small as the system allows */
    bool was_full = false;
    struct ends ends;
    size_t taken = 0;

    open_ends(&ends, pair);
    setsockopt(ends.connection.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    setsockopt(ends.peer_fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    while (taken < size) {
        int64_t sent = connection_send(&ends.connection, size, buffer);

        ck_assert_int_ge(sent, 0);
        ck_assert_int_le(sent, CONNECTION_CHUNK);
        was_full = was_full || sent == 0;
        if (sent > 0 && ends.connection.sent < size)
            continue;
        if (ends.connection.sent == taken)
            await_room(ends.connection.fd);
        read_all(ends.peer_fd, bytes + taken, ends.connection.sent - taken);
        taken = (size_t)ends.connection.sent;
    }
    ck_assert(was_full);
    ck_assert_uint_eq(pattern_match(key, 0, bytes, size), size);
    fcntl(ends.peer_fd, F_SETFL, O_NONBLOCK);
    for (size_t at = 0; connection_missing(&ends.connection) > 0;) {
        ssize_t put = 0;

        if (at < size)
            put = write(ends.peer_fd, bytes + at, size - at);
        at += put > 0 ? (size_t)put : 0;
        is_readable(ends.connection.fd, 1);
        ck_assert_int_ge(connection_receive(&ends.connection, buffer), 0);
    }
    ck_assert_uint_eq(ends.connection.received, size);
    expect_no_fault(&ends.connection);
    close_ends(&ends);
    free(bytes);
}

START_TEST(what_is_taken_in_part_is_sent_on_from_there)
{
    send_in_parts(unix_pair, 300000);
    send_in_parts(tcp_pair, (size_t)3 << 20);
}
END_TEST

/* How a reply of SIZE bytes is spoilt at a place, and what shall be said. */
enum { SIZE = 1000, NOTHING = 0xdd };

enum harm { CHANGE, CHANGE_ALL, LOSE, ADD, REPEAT, SWAP };

static const struct {
    enum harm harm;
    size_t place, count;
    enum fault_change change;
} harms[] = {
    {CHANGE, 0, 1, CHANGE_REPLACED},
    {CHANGE, 1, 1, CHANGE_REPLACED},
    {CHANGE, 511, 1, CHANGE_REPLACED},
    {CHANGE, 512, 1, CHANGE_REPLACED},
    {CHANGE, 990, 1, CHANGE_REPLACED},
    {CHANGE, 991, 1, CHANGE_UNKNOWN},
    {CHANGE, 999, 1, CHANGE_UNKNOWN},
    {CHANGE_ALL, 0, 1000, CHANGE_GARBLED},
    {CHANGE_ALL, 777, 223, CHANGE_GARBLED},
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

/* Write the spoilt reply; returns how long it is. */
static size_t spoil(unsigned char reply[2 * SIZE], enum harm harm, size_t place,
                    size_t count)
{
    size_t after = SIZE - place;

    pattern_fill(key, 0, reply, place);
    reply += place;
    pattern_fill(key, place, reply, after);
    switch (harm) {
    case CHANGE:
    case CHANGE_ALL:
        for (size_t i = 0; i < count; i++)
            reply[i] ^= 0x55;
        break;
    case LOSE:
        pattern_fill(key, place + count, reply, after - count);
        return SIZE - count;
    case ADD:
        memset(reply, NOTHING, count);
        pattern_fill(key, place, reply + count, after);
        return SIZE + count;
    case REPEAT:
        pattern_fill(key, place - count, reply, after + count);
        return SIZE + count;
    case SWAP:
        reply[0] = pattern_at(key, place + 1);
        reply[1] = pattern_at(key, place);
        break;
    }
    return SIZE;
}

START_TEST(a_spoilt_reply_is_told_where_and_how)
{
    struct fault fault;
    unsigned char reply[2 * SIZE];
    size_t length =
        spoil(reply, harms[_i].harm, harms[_i].place, harms[_i].count);
    size_t wrong = pattern_match(key, 0, reply, length);
    struct ends ends;

    open_ends(&ends, unix_pair);
    send_all(&ends, SIZE);
    write_all(ends.peer_fd, reply, length);
    ck_assert_int_eq(connection_receive(&ends.connection, buffer), -1);
    fault = ends.connection.fault;
    ck_assert_int_eq(fault.kind, FAULT_CHANGED);
    ck_assert_uint_eq(wrong, harms[_i].place);
    ck_assert_uint_eq(fault.offset, wrong);
    ck_assert_uint_eq(fault.sent, SIZE);
    ck_assert_uint_eq(fault.expected, pattern_at(key, wrong));
    ck_assert_uint_eq(fault.got, reply[wrong]);
    ck_assert_uint_eq(ends.connection.received, wrong);
    ck_assert_int_eq(fault.change, harms[_i].change);
    if (fault.change != CHANGE_UNKNOWN && fault.change != CHANGE_GARBLED &&
        fault.change != CHANGE_SWAPPED)
        ck_assert_uint_eq(fault.count, harms[_i].count);
    close_ends(&ends);
}
END_TEST

/* The same, but the reply comes byte by byte. */
START_TEST(in_small_pieces_the_place_is_the_same)
{
    unsigned char reply[2 * SIZE];
    size_t length =
        spoil(reply, harms[_i].harm, harms[_i].place, harms[_i].count);
    struct ends ends;
    size_t at = 0;

    open_ends(&ends, unix_pair);
    send_all(&ends, SIZE);
    for (; at < harms[_i].place; at++) {
        write_all(ends.peer_fd, reply + at, 1);
        ck_assert_int_eq(connection_receive(&ends.connection, buffer), 1);
    }
    ck_assert_uint_lt(at, length);
    write_all(ends.peer_fd, reply + at, 1);
    ck_assert_int_eq(connection_receive(&ends.connection, buffer), -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_CHANGED);
    ck_assert_uint_eq(ends.connection.fault.offset, at);
    ck_assert_uint_eq(ends.connection.fault.expected, pattern_at(key, at));
    ck_assert_uint_eq(ends.connection.fault.got, reply[at]);
    close_ends(&ends);
}
END_TEST

START_TEST(more_than_was_sent_is_extra)
{
    unsigned char reply[SIZE + 5];
    struct ends ends;
    bool apart = _i == 1;

    open_ends(&ends, unix_pair);
    send_all(&ends, SIZE);
    pattern_fill(key, 0, reply, sizeof reply); /* right, but nobody asked */
    write_all(ends.peer_fd, reply, SIZE);
    if (apart)
        ck_assert_int_eq(connection_receive(&ends.connection, buffer), SIZE);
    write_all(ends.peer_fd, reply + SIZE, 5);
    ck_assert_int_eq(connection_receive(&ends.connection, buffer), -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_EXTRA);
    ck_assert_uint_eq(ends.connection.fault.offset, SIZE);
    ck_assert_uint_eq(ends.connection.fault.sent, SIZE);
    ck_assert_uint_eq(ends.connection.fault.got, reply[SIZE]);
    ck_assert_uint_eq(ends.connection.fault.count, 5);
    ck_assert_uint_eq(ends.connection.received, SIZE);
    close_ends(&ends);
}
END_TEST

START_TEST(a_byte_before_any_was_sent_is_extra)
{
    struct ends ends;

    open_ends(&ends, unix_pair);
    write_all(ends.peer_fd, "hello", 5);
    ck_assert_int_eq(connection_receive(&ends.connection, buffer), -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_EXTRA);
    ck_assert_uint_eq(ends.connection.fault.offset, 0);
    ck_assert_uint_eq(ends.connection.fault.got, 'h');
    ck_assert_uint_eq(ends.connection.fault.count, 5);
    close_ends(&ends);
}
END_TEST

/* Echo the first so many bytes of SIZE. */
static void echo_some(struct ends *ends, size_t count)
{
    unsigned char reply[SIZE];

    send_all(ends, SIZE);
    pattern_fill(key, 0, reply, count);
    write_all(ends->peer_fd, reply, count);
    for (uint64_t left = count; left > 0;) {
        int64_t came = receive(ends);

        ck_assert_int_gt(came, 0);
        left -= (uint64_t)came;
    }
}

static void (*const pairs[])(int fds[2]) = {unix_pair, tcp_pair};

START_TEST(an_end_when_all_is_back_is_clean)
{
    struct ends ends;

    open_ends(&ends, pairs[_i]);
    echo_some(&ends, SIZE);
    shutdown(ends.peer_fd, SHUT_WR);
    ck_assert_int_eq(receive(&ends), 0);
    ck_assert(ends.connection.ended);
    expect_no_fault(&ends.connection);
    close_ends(&ends);
}
END_TEST

START_TEST(an_end_before_that_is_a_fault)
{
    static const size_t counts[] = {0, 1, SIZE - 1};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct ends ends;

        open_ends(&ends, pairs[_i]);
        echo_some(&ends, counts[i]);
        shutdown(ends.peer_fd, SHUT_WR);
        ck_assert_int_eq(receive(&ends), -1);
        ck_assert_int_eq(ends.connection.fault.kind, FAULT_CLOSED);
        ck_assert_uint_eq(ends.connection.fault.offset, counts[i]);
        ck_assert_uint_eq(ends.connection.fault.sent, SIZE);
        ck_assert(!ends.connection.ended);
        close_ends(&ends);
    }
}
END_TEST

START_TEST(a_reset_is_no_end)
{
    static const size_t counts[] = {0, 1, SIZE};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct ends ends;

        open_ends(&ends, tcp_pair);
        echo_some(&ends, counts[i]);
        reset_peer(&ends);
        ck_assert_int_eq(receive(&ends), -1);
        ck_assert_int_eq(ends.connection.fault.kind, FAULT_RESET);
        ck_assert_int_eq(ends.connection.fault.error, ECONNRESET);
        ck_assert_uint_eq(ends.connection.fault.offset, counts[i]);
        ck_assert_uint_eq(ends.connection.fault.sent, SIZE);
        ck_assert(!ends.connection.ended);
        close_ends(&ends);
    }
}
END_TEST

START_TEST(to_send_after_a_reset_is_a_fault_too)
{
    struct ends ends;

    open_ends(&ends, tcp_pair);
    send_all(&ends, SIZE);
    reset_peer(&ends);
    ck_assert(is_readable(ends.connection.fd, 30000));
    ck_assert_int_eq(connection_send(&ends.connection, SIZE + 1, buffer), -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_RESET);
    ck_assert_int_eq(ends.connection.fault.error, ECONNRESET);
    ck_assert_uint_eq(ends.connection.sent, SIZE);
    close_ends(&ends);
}
END_TEST

START_TEST(to_send_to_nobody_kills_nobody)
{
    struct ends ends;

    open_ends(&ends, unix_pair);
    close(ends.peer_fd);
    ck_assert_int_le(connection_send(&ends.connection, 1, buffer), 0);
    ck_assert_uint_eq(ends.connection.sent, 0);
    close(ends.connection.fd);
}
END_TEST

START_TEST(after_a_half_close_the_rest_still_comes)
{
    unsigned char reply[SIZE];
    struct ends ends;

    open_ends(&ends, pairs[_i]);
    send_all(&ends, SIZE);
    ck_assert_int_eq(connection_half_close(&ends.connection), 0);
    ck_assert_uint_eq(read_to_end(ends.peer_fd), 0);
    pattern_fill(key, 0, reply, SIZE);
    write_all(ends.peer_fd, reply, SIZE);
    while (connection_missing(&ends.connection) > 0)
        ck_assert_int_gt(receive(&ends), 0);
    shutdown(ends.peer_fd, SHUT_WR);
    ck_assert_int_eq(receive(&ends), 0);
    ck_assert(ends.connection.ended);
    close_ends(&ends);
}
END_TEST

/* The other side of a talk: an echo in a thread of its own. */
struct peer {
    int fd;
    size_t piece;      /* of one read and write */
    size_t most;       /* to echo; then it ends its half */
    _Atomic bool over; /* stops one that is slow */
    pthread_t thread;
};

static void *run_echo(void *argument)
{
    struct peer *peer = argument;
    unsigned char *bytes = malloc(peer->piece);
    size_t done = 0;

    while (done < peer->most) {
        size_t left = peer->most - done;
        ssize_t got =
            read(peer->fd, bytes, left < peer->piece ? left : peer->piece);

        if (got <= 0)
            break;
        write_all(peer->fd, bytes, (size_t)got);
        done += (size_t)got;
    }
    shutdown(peer->fd, SHUT_WR);
    free(bytes);
    return NULL;
}

/* Takes nothing, and echoes what will have been sent, a byte in 10 ms. */
static void *run_slow_echo(void *argument)
{
    struct peer *peer = argument;

    for (uint64_t at = 0; at < peer->most && !peer->over; at++) {
        unsigned char byte = pattern_at(key, at);

        is_readable(-1, 10);
        write_all(peer->fd, &byte, 1);
    }
    return NULL;
}

static void start_peer(struct peer *peer, void *(*run)(void *))
{
    ck_assert_int_eq(pthread_create(&peer->thread, NULL, run, peer), 0);
}

static int moves;

static void count_move(const struct connection *connection)
{
    (void)connection;
    moves++;
}

static const struct exchange patient_talk = {.timeout_ms = 30000,
                                             .is_idle_timeout = true,
                                             .buffer = buffer,
                                             .on_progress = count_move};

static const size_t sizes[] = {0,
                               1,
                               2,
                               64,
                               4096,
                               CONNECTION_CHUNK - 1,
                               CONNECTION_CHUNK,
                               CONNECTION_CHUNK + 1,
                               (size_t)3 << 20};

START_TEST(a_talk_brings_all_of_it_back)
{
    static const size_t echo_pieces[] = {997, 65536};

    for (size_t i = 0; i < 2; i++) {
        struct peer peer = {.piece = echo_pieces[i], .most = SIZE_MAX};
        struct ends ends;

        open_ends(&ends, pairs[i]);
        peer.fd = ends.peer_fd;
        start_peer(&peer, run_echo);
        moves = 0;
        ck_assert_int_eq(
            exchange_until(&patient_talk, &ends.connection, sizes[_i]), 0);
        ck_assert_uint_eq(ends.connection.sent, sizes[_i]);
        ck_assert_uint_eq(ends.connection.received, sizes[_i]);
        ck_assert_int_eq(moves > 0, sizes[_i] > 0);
        /* And on from there. */
        ck_assert_int_eq(
            exchange_until(&patient_talk, &ends.connection, sizes[_i] + 100),
            0);
        ck_assert_uint_eq(ends.connection.received, sizes[_i] + 100);
        ck_assert(!ends.connection.ended);
        ck_assert_int_eq(exchange_finish(&patient_talk, &ends.connection), 0);
        ck_assert(ends.connection.ended);
        expect_no_fault(&ends.connection);
        pthread_join(peer.thread, NULL);
        close_ends(&ends);
    }
}
END_TEST

/* No callback, and a time that is for the whole. */
START_TEST(a_talk_needs_no_listener)
{
    struct exchange exchange = {.timeout_ms = 30000, .buffer = buffer};
    struct peer peer = {.piece = 100, .most = SIZE_MAX};
    struct ends ends;

    open_ends(&ends, unix_pair);
    peer.fd = ends.peer_fd;
    start_peer(&peer, run_echo);
    ck_assert_int_eq(exchange_until(&exchange, &ends.connection, 10000), 0);
    ck_assert_int_eq(exchange_finish(&exchange, &ends.connection), 0);
    pthread_join(peer.thread, NULL);
    close_ends(&ends);
}
END_TEST

START_TEST(what_does_not_come_is_late)
{
    struct exchange exchange = {
        .timeout_ms = 30, .is_idle_timeout = _i == 1, .buffer = buffer};
    int64_t before = 0;
    struct ends ends;

    open_ends(&ends, unix_pair);
    before = now_ms();
    ck_assert_int_eq(exchange_until(&exchange, &ends.connection, 10), -1);
    ck_assert_int_ge(now_ms() - before, 29);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_LATE);
    ck_assert_int_eq(ends.connection.fault.after_ms, 30);
    ck_assert_uint_eq(ends.connection.fault.offset, 0);
    ck_assert_uint_eq(ends.connection.fault.sent, 10);
    close_ends(&ends);
}
END_TEST

/* The other side takes nothing, and the sockets are full in the end. */
START_TEST(what_is_not_taken_is_late_too)
{
    struct exchange exchange = {
        .timeout_ms = 30, .is_idle_timeout = true, .buffer = buffer};
    struct ends ends;

    open_ends(&ends, unix_pair);
    ck_assert_int_eq(
        exchange_until(&exchange, &ends.connection, (uint64_t)1 << 40), -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_LATE);
    ck_assert_uint_eq(ends.connection.fault.offset, 0);
    ck_assert_uint_gt(ends.connection.fault.sent, 0);
    ck_assert_uint_eq(ends.connection.fault.sent, ends.connection.sent);
    close_ends(&ends);
}
END_TEST

static void talk_to_slow_echo(const struct exchange *exchange,
                              struct ends *ends)
{
    struct peer peer = {.fd = ends->peer_fd, .most = 1000};

    ck_assert_int_eq(connection_send(&ends->connection, peer.most, buffer),
                     1000);
    start_peer(&peer, run_slow_echo);
    ck_assert_int_eq(exchange_until(exchange, &ends->connection, peer.most),
                     -1);
    peer.over = true;
    pthread_join(peer.thread, NULL);
}

/* It would take 10 s, though something moves all the time. */
START_TEST(a_time_for_the_whole_ends_whatever_moves)
{
    struct exchange exchange = {.timeout_ms = 100, .buffer = buffer};
    int64_t before = now_ms();
    struct ends ends;

    open_ends(&ends, unix_pair);
    talk_to_slow_echo(&exchange, &ends);
    ck_assert_int_ge(now_ms() - before, 99);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_LATE);
    ck_assert_int_eq(ends.connection.fault.after_ms, 100);
    ck_assert_uint_lt(ends.connection.received, 1000);
    close_ends(&ends);
}
END_TEST

enum { PATIENCE = 100 };

static int patient_fd;
static int64_t moved_ms;

/* When half the time is over, one byte of two comes back. */
static void move_once(const struct connection *connection)
{
    unsigned char byte = pattern_at(key, 0);

    if (connection->received == 0) {
        is_readable(-1, PATIENCE / 2);
        write_all(patient_fd, &byte, 1);
    }
    moved_ms = now_ms();
}

START_TEST(patience_begins_anew_when_something_moves)
{
    struct exchange exchange = {.timeout_ms = PATIENCE,
                                .is_idle_timeout = true,
                                .buffer = buffer,
                                .on_progress = move_once};
    struct ends ends;

    open_ends(&ends, unix_pair);
    patient_fd = ends.peer_fd;
    ck_assert_int_eq(exchange_until(&exchange, &ends.connection, 2), -1);
    ck_assert_int_ge(now_ms() - moved_ms, PATIENCE - 1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_LATE);
    ck_assert_int_eq(ends.connection.fault.after_ms, PATIENCE);
    ck_assert_uint_eq(ends.connection.fault.offset, 1);
    ck_assert_uint_eq(ends.connection.fault.sent, 2);
    close_ends(&ends);
}
END_TEST

START_TEST(an_end_before_all_was_sent_is_a_fault)
{
    struct ends ends;

    open_ends(&ends, pairs[_i]);
    shutdown(ends.peer_fd, SHUT_WR);
    ck_assert(is_readable(ends.connection.fd, 30000));
    ck_assert_int_eq(exchange_until(&patient_talk, &ends.connection, 10), -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_CLOSED);
    ck_assert_uint_eq(ends.connection.fault.offset, 0);
    close_ends(&ends);
}
END_TEST

START_TEST(an_end_that_leaves_something_missing_is_a_fault)
{
    struct peer peer = {.piece = 10, .most = SIZE - 1};
    struct ends ends;

    open_ends(&ends, pairs[_i]);
    peer.fd = ends.peer_fd;
    start_peer(&peer, run_echo);
    ck_assert_int_eq(exchange_until(&patient_talk, &ends.connection, SIZE), -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_CLOSED);
    ck_assert_uint_eq(ends.connection.fault.offset, SIZE - 1);
    ck_assert_uint_eq(ends.connection.fault.sent, SIZE);
    pthread_join(peer.thread, NULL);
    close_ends(&ends);
}
END_TEST

START_TEST(a_reset_ends_a_talk)
{
    struct ends ends;

    open_ends(&ends, tcp_pair);
    send_all(&ends, SIZE);
    reset_peer(&ends);
    ck_assert_int_eq(exchange_until(&patient_talk, &ends.connection, SIZE), -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_RESET);
    ck_assert_int_eq(ends.connection.fault.error, ECONNRESET);
    ck_assert_uint_eq(ends.connection.fault.sent, SIZE);
    close_ends(&ends);
}
END_TEST

START_TEST(to_finish_waits_for_the_other_sides_end)
{
    struct exchange exchange = {.timeout_ms = 30, .buffer = buffer};
    int64_t before = 0;
    struct ends ends;

    open_ends(&ends, unix_pair);
    echo_some(&ends, SIZE);
    before = now_ms();
    ck_assert_int_eq(exchange_finish(&exchange, &ends.connection), -1);
    ck_assert_int_ge(now_ms() - before, 29);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_LATE);
    ck_assert_uint_eq(ends.connection.fault.offset, SIZE);
    ck_assert_uint_eq(read_to_end(ends.peer_fd), 0);
    close_ends(&ends);
}
END_TEST

START_TEST(to_finish_is_a_fault_if_something_is_missing)
{
    struct ends ends;

    open_ends(&ends, pairs[_i]);
    echo_some(&ends, SIZE - 3);
    shutdown(ends.peer_fd, SHUT_WR);
    ck_assert_int_eq(exchange_finish(&patient_talk, &ends.connection), -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_CLOSED);
    ck_assert_uint_eq(ends.connection.fault.offset, SIZE - 3);
    ck_assert_uint_eq(ends.connection.fault.sent, SIZE);
    close_ends(&ends);
}
END_TEST

START_TEST(to_finish_after_a_reset_is_a_fault)
{
    struct ends ends;

    open_ends(&ends, tcp_pair);
    echo_some(&ends, SIZE);
    reset_peer(&ends);
    ck_assert(is_readable(ends.connection.fd, 30000));
    ck_assert_int_eq(exchange_finish(&patient_talk, &ends.connection), -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_RESET);
    ck_assert(!ends.connection.ended);
    close_ends(&ends);
}
END_TEST

START_TEST(silence_lasts_as_long_as_it_should)
{
    int64_t before = 0;
    struct ends ends;

    open_ends(&ends, pairs[_i]);
    echo_some(&ends, SIZE);
    before = now_ms();
    ck_assert_int_eq(exchange_idle(&patient_talk, &ends.connection, 30), 0);
    ck_assert_int_ge(now_ms() - before, 29);
    expect_no_fault(&ends.connection);
    close_ends(&ends);
}
END_TEST

/* Each ends it at once; otherwise it would end well. */
START_TEST(silence_is_broken_by_a_byte_an_end_or_a_reset)
{
    struct ends ends;

    open_ends(&ends, pairs[_i]);
    echo_some(&ends, SIZE);
    write_all(ends.peer_fd, "x", 1);
    ck_assert_int_eq(exchange_idle(&patient_talk, &ends.connection, LONG_MS),
                     -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_EXTRA);
    ck_assert_uint_eq(ends.connection.fault.got, 'x');
    ck_assert_uint_eq(ends.connection.fault.offset, SIZE);
    close_ends(&ends);

    open_ends(&ends, pairs[_i]);
    echo_some(&ends, SIZE);
    shutdown(ends.peer_fd, SHUT_WR);
    ck_assert_int_eq(exchange_idle(&patient_talk, &ends.connection, LONG_MS),
                     -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_CLOSED);
    ck_assert_uint_eq(ends.connection.fault.offset, SIZE);
    close_ends(&ends);

    open_ends(&ends, tcp_pair);
    echo_some(&ends, SIZE);
    reset_peer(&ends);
    ck_assert_int_eq(exchange_idle(&patient_talk, &ends.connection, LONG_MS),
                     -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_RESET);
    close_ends(&ends);
}
END_TEST

START_TEST(an_interrupt_stops_every_wait)
{
    struct exchange exchange = {.timeout_ms = LONG_MS, .buffer = buffer};
    struct ends ends;

    ck_assert_int_eq(interrupt_catch(), 0);
    open_ends(&ends, unix_pair);
    raise(SIGINT);
    ck_assert(interrupt_received());
    ck_assert_int_eq(exchange_until(&exchange, &ends.connection, 1), -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_STOPPED);
    ck_assert_int_eq(exchange_idle(&exchange, &ends.connection, LONG_MS), -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_STOPPED);
    ck_assert_int_eq(exchange_finish(&exchange, &ends.connection), -1);
    ck_assert_int_eq(ends.connection.fault.kind, FAULT_STOPPED);
    close_ends(&ends);
}
END_TEST

void suite_tests(TCase *tests)
{
    int all = sizeof harms / sizeof harms[0];

    tcase_add_loop_test(tests, a_reply_may_come_in_pieces_of_any_size, 0,
                        sizeof pieces / sizeof pieces[0]);
    tcase_add_test(tests, no_more_is_sent_than_was_asked_for);
    tcase_add_test(tests, what_is_taken_in_part_is_sent_on_from_there);
    tcase_add_loop_test(tests, a_spoilt_reply_is_told_where_and_how, 0, all);
    tcase_add_loop_test(tests, in_small_pieces_the_place_is_the_same, 0, all);
    tcase_add_loop_test(tests, more_than_was_sent_is_extra, 0, 2);
    tcase_add_test(tests, a_byte_before_any_was_sent_is_extra);
    tcase_add_loop_test(tests, an_end_when_all_is_back_is_clean, 0, 2);
    tcase_add_loop_test(tests, an_end_before_that_is_a_fault, 0, 2);
    tcase_add_test(tests, a_reset_is_no_end);
    tcase_add_test(tests, to_send_after_a_reset_is_a_fault_too);
    tcase_add_test(tests, to_send_to_nobody_kills_nobody);
    tcase_add_loop_test(tests, after_a_half_close_the_rest_still_comes, 0, 2);
    tcase_add_loop_test(tests, a_talk_brings_all_of_it_back, 0,
                        sizeof sizes / sizeof sizes[0]);
    tcase_add_test(tests, a_talk_needs_no_listener);
    tcase_add_loop_test(tests, what_does_not_come_is_late, 0, 2);
    tcase_add_test(tests, what_is_not_taken_is_late_too);
    tcase_add_test(tests, a_time_for_the_whole_ends_whatever_moves);
    tcase_add_test(tests, patience_begins_anew_when_something_moves);
    tcase_add_loop_test(tests, an_end_before_all_was_sent_is_a_fault, 0, 2);
    tcase_add_loop_test(tests, an_end_that_leaves_something_missing_is_a_fault,
                        0, 2);
    tcase_add_test(tests, a_reset_ends_a_talk);
    tcase_add_test(tests, to_finish_waits_for_the_other_sides_end);
    tcase_add_loop_test(tests, to_finish_is_a_fault_if_something_is_missing, 0,
                        2);
    tcase_add_test(tests, to_finish_after_a_reset_is_a_fault);
    tcase_add_loop_test(tests, silence_lasts_as_long_as_it_should, 0, 2);
    tcase_add_loop_test(tests, silence_is_broken_by_a_byte_an_end_or_a_reset, 0,
                        2);
    tcase_add_test(tests, an_interrupt_stops_every_wait);
}
