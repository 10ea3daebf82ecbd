/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * exchange: everything comes back, or the wait ends with a fault.
 */
#include "config.h"

#include "echoc/interrupt.h"
#include "echoc/net/exchange.h"
#include "echoc/net/pattern.h"
#include "tests/echoc/pair.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

const char suite_name[] = "exchange";

enum { SIZE = 1000, SHORT_MS = 30, LONG_MS = 20000 };

static int progress_calls;

static void count_progress(const struct connection *ignored)
{
    (void)ignored;
    progress_calls++;
}

/* Most tests use this one, whose timeout does not matter. */
static const struct exchange unhurried = {.timeout_ms = LONG_MS,
                                          .is_idle_timeout = true,
                                          .buffer = buffer,
                                          .on_progress = count_progress};
static const struct exchange hurried = {.timeout_ms = SHORT_MS,
                                        .buffer = buffer};

/* A peer in a thread of its own. */
struct peer {
    size_t chunk;         /* most bytes to read at once */
    size_t limit;         /* bytes to echo before EOF */
    _Atomic bool stopped; /* ends a slow one early */
    pthread_t thread;
};

static void *run_echo(void *argument)
{
    struct peer *peer = argument;
    unsigned char *bytes = malloc(peer->chunk);
    size_t echoed = 0;

    while (echoed < peer->limit) {
        size_t left = peer->limit - echoed;
        ssize_t size =
            read(peer_fd, bytes, left < peer->chunk ? left : peer->chunk);

        if (size <= 0)
            break;
        write_all(peer_fd, bytes, (size_t)size);
        echoed += (size_t)size;
    }
    shutdown(peer_fd, SHUT_WR);
    free(bytes);
    return NULL;
}

/* Reads nothing, but writes the expected echo, one byte every 10 ms. */
static void *run_slow_echo(void *argument)
{
    struct peer *peer = argument;

    for (uint64_t i = 0; i < peer->limit && !peer->stopped; i++) {
        unsigned char byte = pattern_at(PAIR_KEY, i);

        is_readable(-1, 10);
        write_all(peer_fd, &byte, 1);
    }
    return NULL;
}

static void start_peer(struct peer *peer, void *(*run)(void *))
{
    ck_assert_int_eq(pthread_create(&peer->thread, NULL, run, peer), 0);
}

static const size_t sizes[] = {0,
                               1,
                               2,
                               64,
                               4096,
                               CONNECTION_CHUNK - 1,
                               CONNECTION_CHUNK,
                               CONNECTION_CHUNK + 1,
                               (size_t)3 << 20};

START_TEST(messages_of_any_size_come_back)
{
    static const size_t peer_chunks[PAIR_KINDS] = {997, 65536};

    for (size_t i = 0; i < PAIR_KINDS; i++) {
        struct peer peer = {.chunk = peer_chunks[i], .limit = SIZE_MAX};

        pair_open(pair_kinds[i]);
        start_peer(&peer, run_echo);
        progress_calls = 0;
        ck_assert_int_eq(exchange_until(&unhurried, &connection, sizes[_i]), 0);
        ck_assert_uint_eq(connection.sent, sizes[_i]);
        ck_assert_uint_eq(connection.received, sizes[_i]);
        ck_assert_int_eq(progress_calls > 0, sizes[_i] > 0);
        /* Another message on the same connection. */
        ck_assert_int_eq(
            exchange_until(&unhurried, &connection, sizes[_i] + 100), 0);
        ck_assert_uint_eq(connection.received, sizes[_i] + 100);
        ck_assert(!connection.ended);
        ck_assert_int_eq(exchange_finish(&unhurried, &connection), 0);
        ck_assert(connection.ended);
        expect_no_fault();
        pthread_join(peer.thread, NULL);
    }
}
END_TEST

START_TEST(the_callback_is_optional)
{
    struct exchange exchange = {.timeout_ms = LONG_MS, .buffer = buffer};
    struct peer peer = {.chunk = 100, .limit = SIZE_MAX};

    pair_open(unix_pair);
    start_peer(&peer, run_echo);
    ck_assert_int_eq(exchange_until(&exchange, &connection, 10000), 0);
    ck_assert_int_eq(exchange_finish(&exchange, &connection), 0);
    pthread_join(peer.thread, NULL);
}
END_TEST

/* With either kind of timeout. */
START_TEST(a_missing_echo_is_late)
{
    struct exchange exchange = {
        .timeout_ms = SHORT_MS, .is_idle_timeout = _i == 1, .buffer = buffer};
    int64_t before_ms = 0;

    pair_open(unix_pair);
    before_ms = now_ms();
    ck_assert_int_eq(exchange_until(&exchange, &connection, 10), -1);
    ck_assert_int_ge(now_ms() - before_ms, SHORT_MS - 1);
    expect_fault(FAULT_LATE, 0, 10);
    ck_assert_int_eq(connection.fault.after_ms, SHORT_MS);
}
END_TEST

/* The peer does not read, so the sockets' buffers fill up. */
START_TEST(a_blocked_send_is_late)
{
    struct exchange exchange = {
        .timeout_ms = SHORT_MS, .is_idle_timeout = true, .buffer = buffer};

    pair_open(unix_pair);
    ck_assert_int_eq(exchange_until(&exchange, &connection, (uint64_t)1 << 40),
                     -1);
    ck_assert_uint_gt(connection.sent, 0);
    expect_fault(FAULT_LATE, 0, connection.sent);
}
END_TEST

/* Bytes arrive all the time, but the whole would take 10 s. */
START_TEST(a_total_timeout_ends_a_slow_exchange)
{
    struct exchange exchange = {.timeout_ms = 100, .buffer = buffer};
    struct peer peer = {.limit = SIZE};
    int64_t before_ms = now_ms();

    pair_open(unix_pair);
    ck_assert_int_eq(connection_send(&connection, SIZE, buffer), SIZE);
    start_peer(&peer, run_slow_echo);
    ck_assert_int_eq(exchange_until(&exchange, &connection, SIZE), -1);
    peer.stopped = true;
    pthread_join(peer.thread, NULL);
    ck_assert_int_ge(now_ms() - before_ms, 99);
    ck_assert_int_eq(connection.fault.kind, FAULT_LATE);
    ck_assert(connection.fault.is_slow);
    ck_assert_int_ge(connection.fault.after_ms, 99);
    ck_assert_uint_gt(connection.received, 0);
    ck_assert_uint_lt(connection.received, SIZE);
}
END_TEST

enum { IDLE_MS = 100 };

static int64_t last_progress_ms;

/* After the send, wait for half of the timeout, then echo one of two bytes. */
static void echo_one_byte(const struct connection *sender)
{
    unsigned char byte = pattern_at(PAIR_KEY, 0);

    if (sender->received == 0) {
        is_readable(-1, IDLE_MS / 2);
        write_all(peer_fd, &byte, 1);
    }
    last_progress_ms = now_ms();
}

START_TEST(an_idle_timeout_restarts_on_progress)
{
    struct exchange exchange = {.timeout_ms = IDLE_MS,
                                .is_idle_timeout = true,
                                .buffer = buffer,
                                .on_progress = echo_one_byte};

    pair_open(unix_pair);
    ck_assert_int_eq(exchange_until(&exchange, &connection, 2), -1);
    ck_assert_int_ge(now_ms() - last_progress_ms, IDLE_MS - 1);
    expect_fault(FAULT_LATE, 1, 2);
    ck_assert_int_eq(connection.fault.after_ms, IDLE_MS);
    ck_assert(!connection.fault.is_slow);
}
END_TEST

/* At 100 bytes a second the echo would take 10 s. */
START_TEST(an_idle_timeout_does_not_restart_for_ever)
{
    struct exchange exchange = {.timeout_ms = LONG_MS,
                                .limit_ms = 200,
                                .is_idle_timeout = true,
                                .buffer = buffer};
    struct peer peer = {.limit = SIZE};

    pair_open(unix_pair);
    ck_assert_int_eq(connection_send(&connection, SIZE, buffer), SIZE);
    start_peer(&peer, run_slow_echo);
    ck_assert_int_eq(exchange_until(&exchange, &connection, SIZE), -1);
    peer.stopped = true;
    pthread_join(peer.thread, NULL);
    ck_assert_int_eq(connection.fault.kind, FAULT_LATE);
    ck_assert(connection.fault.is_slow);
    ck_assert_int_ge(connection.fault.after_ms, 200);
    ck_assert_uint_gt(connection.received, 0);
    ck_assert_uint_lt(connection.received, SIZE);
}
END_TEST

/* After the limit the exchange waits for the timeout all the same: one that has
 * stopped is not called slow. */
START_TEST(an_exchange_that_has_stopped_is_not_slow)
{
    struct exchange exchange = {.timeout_ms = IDLE_MS,
                                .limit_ms = IDLE_MS / 2,
                                .is_idle_timeout = true,
                                .buffer = buffer};

    pair_open(unix_pair);
    pair_echo(SIZE, SIZE - 1);
    ck_assert_int_eq(exchange_until(&exchange, &connection, SIZE), -1);
    expect_fault(FAULT_LATE, SIZE - 1, SIZE);
    ck_assert_int_eq(connection.fault.after_ms, IDLE_MS);
    ck_assert(!connection.fault.is_slow);
}
END_TEST

/* The echo comes after the limit, but whole. */
START_TEST(a_late_echo_that_is_whole_is_no_fault)
{
    struct exchange exchange = {.timeout_ms = LONG_MS,
                                .limit_ms = 1,
                                .is_idle_timeout = true,
                                .buffer = buffer};
    struct peer peer = {.limit = 1};

    pair_open(unix_pair);
    ck_assert_int_eq(connection_send(&connection, 1, buffer), 1);
    start_peer(&peer, run_slow_echo);
    ck_assert_int_eq(exchange_until(&exchange, &connection, 1), 0);
    pthread_join(peer.thread, NULL);
    expect_no_fault();
}
END_TEST

START_TEST(eof_before_everything_was_sent_is_a_fault)
{
    pair_open(pair_kinds[_i]);
    shutdown(peer_fd, SHUT_WR);
    ck_assert(is_readable(connection.fd, 30000));
    ck_assert_int_eq(exchange_until(&unhurried, &connection, 10), -1);
    ck_assert_int_eq(connection.fault.kind, FAULT_CLOSED);
    ck_assert_uint_eq(connection.fault.offset, 0);
}
END_TEST

START_TEST(eof_with_bytes_missing_is_a_fault)
{
    struct peer peer = {.chunk = 10, .limit = SIZE - 1};

    pair_open(pair_kinds[_i]);
    start_peer(&peer, run_echo);
    ck_assert_int_eq(exchange_until(&unhurried, &connection, SIZE), -1);
    expect_fault(FAULT_CLOSED, SIZE - 1, SIZE);
    pthread_join(peer.thread, NULL);
}
END_TEST

START_TEST(a_reset_ends_an_exchange)
{
    pair_open(tcp_pair);
    pair_send(SIZE);
    pair_reset();
    ck_assert_int_eq(exchange_until(&unhurried, &connection, SIZE), -1);
    expect_fault(FAULT_RESET, 0, SIZE);
    ck_assert_int_eq(connection.fault.error, ECONNRESET);
}
END_TEST

START_TEST(finish_waits_for_eof)
{
    int64_t before_ms = 0;

    pair_open(unix_pair);
    pair_echo(SIZE, SIZE);
    before_ms = now_ms();
    ck_assert_int_eq(exchange_finish(&hurried, &connection), -1);
    ck_assert_int_ge(now_ms() - before_ms, SHORT_MS - 1);
    expect_fault(FAULT_LATE, SIZE, SIZE);
    ck_assert_uint_eq(read_to_end(peer_fd), 0);
}
END_TEST

START_TEST(finish_fails_with_bytes_missing)
{
    pair_open(pair_kinds[_i]);
    pair_echo(SIZE, SIZE - 3);
    shutdown(peer_fd, SHUT_WR);
    ck_assert_int_eq(exchange_finish(&unhurried, &connection), -1);
    expect_fault(FAULT_CLOSED, SIZE - 3, SIZE);
}
END_TEST

START_TEST(finish_fails_after_a_reset)
{
    pair_open(tcp_pair);
    pair_echo(SIZE, SIZE);
    pair_reset();
    ck_assert(is_readable(connection.fd, 30000));
    ck_assert_int_eq(exchange_finish(&unhurried, &connection), -1);
    expect_fault(FAULT_RESET, SIZE, SIZE);
    ck_assert(!connection.ended);
}
END_TEST

START_TEST(an_idle_connection_survives_for_the_given_time)
{
    int64_t before_ms = 0;

    pair_open(pair_kinds[_i]);
    pair_echo(SIZE, SIZE);
    before_ms = now_ms();
    ck_assert_int_eq(exchange_idle(&unhurried, &connection, SHORT_MS), 0);
    ck_assert_int_ge(now_ms() - before_ms, SHORT_MS - 1);
    expect_no_fault();
}
END_TEST

START_TEST(a_byte_ends_idling_with_a_fault)
{
    pair_open(pair_kinds[_i]);
    pair_echo(SIZE, SIZE);
    write_all(peer_fd, "x", 1);
    ck_assert_int_eq(exchange_idle(&unhurried, &connection, LONG_MS), -1);
    expect_fault(FAULT_EXTRA, SIZE, SIZE);
    ck_assert_uint_eq(connection.fault.got, 'x');
}
END_TEST

START_TEST(eof_ends_idling_with_a_fault)
{
    pair_open(pair_kinds[_i]);
    pair_echo(SIZE, SIZE);
    shutdown(peer_fd, SHUT_WR);
    ck_assert_int_eq(exchange_idle(&unhurried, &connection, LONG_MS), -1);
    expect_fault(FAULT_CLOSED, SIZE, SIZE);
}
END_TEST

START_TEST(a_reset_ends_idling_with_a_fault)
{
    pair_open(tcp_pair);
    pair_echo(SIZE, SIZE);
    pair_reset();
    ck_assert_int_eq(exchange_idle(&unhurried, &connection, LONG_MS), -1);
    expect_fault(FAULT_RESET, SIZE, SIZE);
}
END_TEST

START_TEST(an_interrupt_ends_every_wait)
{
    ck_assert_int_eq(interrupt_catch(), 0);
    pair_open(unix_pair);
    raise(SIGINT);
    ck_assert(interrupt_received());
    ck_assert_int_eq(exchange_until(&unhurried, &connection, 1), -1);
    ck_assert_int_eq(connection.fault.kind, FAULT_STOPPED);
    ck_assert_int_eq(exchange_idle(&unhurried, &connection, LONG_MS), -1);
    ck_assert_int_eq(connection.fault.kind, FAULT_STOPPED);
    ck_assert_int_eq(exchange_finish(&unhurried, &connection), -1);
    ck_assert_int_eq(connection.fault.kind, FAULT_STOPPED);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, pair_close);
    tcase_add_loop_test(tests, messages_of_any_size_come_back, 0,
                        sizeof sizes / sizeof sizes[0]);
    tcase_add_test(tests, the_callback_is_optional);
    tcase_add_loop_test(tests, a_missing_echo_is_late, 0, 2);
    tcase_add_test(tests, a_blocked_send_is_late);
    tcase_add_test(tests, a_total_timeout_ends_a_slow_exchange);
    tcase_add_test(tests, an_idle_timeout_restarts_on_progress);
    tcase_add_test(tests, an_idle_timeout_does_not_restart_for_ever);
    tcase_add_test(tests, an_exchange_that_has_stopped_is_not_slow);
    tcase_add_test(tests, a_late_echo_that_is_whole_is_no_fault);
    tcase_add_loop_test(tests, eof_before_everything_was_sent_is_a_fault, 0,
                        PAIR_KINDS);
    tcase_add_loop_test(tests, eof_with_bytes_missing_is_a_fault, 0,
                        PAIR_KINDS);
    tcase_add_test(tests, a_reset_ends_an_exchange);
    tcase_add_test(tests, finish_waits_for_eof);
    tcase_add_loop_test(tests, finish_fails_with_bytes_missing, 0, PAIR_KINDS);
    tcase_add_test(tests, finish_fails_after_a_reset);
    tcase_add_loop_test(tests, an_idle_connection_survives_for_the_given_time,
                        0, PAIR_KINDS);
    tcase_add_loop_test(tests, a_byte_ends_idling_with_a_fault, 0, PAIR_KINDS);
    tcase_add_loop_test(tests, eof_ends_idling_with_a_fault, 0, PAIR_KINDS);
    tcase_add_test(tests, a_reset_ends_idling_with_a_fault);
    tcase_add_test(tests, an_interrupt_ends_every_wait);
}
