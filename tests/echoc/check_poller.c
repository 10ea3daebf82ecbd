/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * poller: exactly the ready descriptors are reported, and no wait is too short.
 */
#include "config.h"

#include "common/clock.h"
#include "echoc/net/poller.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* check_poller_poll.c runs the same tests with poll(2) instead of epoll(7). */
#ifdef POLLER_USE_POLL
const char suite_name[] = "poller on poll";
#else
const char suite_name[] = "poller";
#endif

enum { SLOTS = 100 };

static struct poller *poller;
static int fds[SLOTS]; /* watched by the poller; -1 for a free slot */
static int peer_fds[SLOTS];
static short events[SLOTS]; /* reported by the last look() */

/* Put one end of a new socket pair into a slot. */
static void add_pair(size_t slot, short watched)
{
    int pair[2];

    unix_pair(pair);
    fds[slot] = pair[0];
    peer_fds[slot] = pair[1];
    ck_assert_int_eq(poller_add(poller, slot, fds[slot], watched), 0);
}

static void add_pairs(size_t count, short watched)
{
    for (size_t slot = 0; slot < count; slot++)
        add_pair(slot, watched);
}

static void close_pair(size_t slot)
{
    if (fds[slot] >= 0)
        close(fds[slot]);
    if (peer_fds[slot] >= 0)
        close(peer_fds[slot]);
    fds[slot] = -1;
    peer_fds[slot] = -1;
}

static void open_poller(void)
{
    poller = poller_open(SLOTS);
    ck_assert_ptr_nonnull(poller);
    for (size_t slot = 0; slot < SLOTS; slot++)
        fds[slot] = peer_fds[slot] = -1;
}

static void close_poller(void)
{
    for (size_t slot = 0; slot < SLOTS; slot++)
        close_pair(slot);
    poller_close(poller);
}

/* Poll without waiting, and set the events of every slot. Returns the number of
 * ready slots. */
static int look(void)
{
    int ready = poller_wait(poller, 0);

    ck_assert_int_ge(ready, 0);
    for (size_t slot = 0; slot < SLOTS; slot++)
        events[slot] = 0;
    for (int i = 0; i < ready; i++) {
        short found = 0;
        size_t slot = poller_ready(poller, i, &found);

        ck_assert_uint_lt(slot, SLOTS);
        ck_assert_int_eq(events[slot], 0);
        ck_assert_int_ne(found, 0);
        events[slot] = found;
    }
    return ready;
}

START_TEST(nothing_is_ready_at_first)
{
    add_pairs(SLOTS, POLLIN);
    ck_assert_int_eq(look(), 0);
}
END_TEST

START_TEST(exactly_the_readable_slots_are_ready)
{
    char byte = 0;

    add_pairs(SLOTS, POLLIN);
    for (size_t step = 1; step <= SLOTS; step += 6) {
        for (size_t slot = step - 1; slot < SLOTS; slot += step)
            write_all(peer_fds[slot], "x", 1);
        ck_assert_int_eq(look(), (int)(SLOTS / step));
        for (size_t slot = 0; slot < SLOTS; slot++)
            ck_assert_int_eq(events[slot], (slot + 1) % step == 0 ? POLLIN : 0);
        /* Level-triggered: the same slots again, until the byte is read. */
        ck_assert_int_eq(look(), (int)(SLOTS / step));
        for (size_t slot = step - 1; slot < SLOTS; slot += step)
            read_all(fds[slot], &byte, 1);
        ck_assert_int_eq(look(), 0);
    }
}
END_TEST

START_TEST(slots_may_be_in_any_order)
{
    for (size_t slot = SLOTS; slot-- > 0;)
        add_pair(slot, POLLIN);
    for (size_t slot = 0; slot < SLOTS; slot++) {
        char byte = 0;

        write_all(peer_fds[slot], "x", 1);
        ck_assert_int_eq(look(), 1);
        ck_assert_int_eq(events[slot], POLLIN);
        read_all(fds[slot], &byte, 1);
    }
}
END_TEST

START_TEST(only_watched_events_are_reported)
{
    add_pairs(3, POLLIN);
    ck_assert_int_eq(poller_change(poller, 1, fds[1], POLLOUT), 0);
    ck_assert_int_eq(poller_change(poller, 2, fds[2], POLLIN | POLLOUT), 0);
    ck_assert_int_eq(look(), 2);
    ck_assert_int_eq(events[1], POLLOUT);
    ck_assert_int_eq(events[2], POLLOUT);
    for (size_t slot = 0; slot < 3; slot++)
        write_all(peer_fds[slot], "x", 1);
    ck_assert_int_eq(look(), 3);
    ck_assert_int_eq(events[0], POLLIN);
    ck_assert_int_eq(events[1], POLLOUT);
    ck_assert_int_eq(events[2], POLLIN | POLLOUT);
    ck_assert_int_eq(poller_change(poller, 1, fds[1], POLLIN), 0);
    ck_assert_int_eq(poller_change(poller, 2, fds[2], POLLIN), 0);
    ck_assert_int_eq(look(), 3);
    for (size_t slot = 0; slot < 3; slot++)
        ck_assert_int_eq(events[slot], POLLIN);
}
END_TEST

START_TEST(a_full_socket_is_not_writable_until_it_is_read)
{
    static char bytes[65536];

    add_pair(0, POLLOUT);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    while (write(fds[0], bytes, sizeof bytes) > 0)
        ;
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_eq(look(), 0);
    fcntl(peer_fds[0], F_SETFL, O_NONBLOCK);
    while (read(peer_fds[0], bytes, sizeof bytes) > 0)
        ;
    ck_assert_int_eq(look(), 1);
    ck_assert_int_eq(events[0], POLLOUT);
}
END_TEST

START_TEST(eof_is_readable)
{
    add_pairs(2, POLLIN);
    shutdown(peer_fds[0], SHUT_WR);
    ck_assert_int_eq(look(), 1);
    ck_assert((events[0] & POLLIN) != 0);
}
END_TEST

START_TEST(a_closed_or_reset_peer_is_always_reported)
{
    int pair[2];

    add_pairs(2, POLLOUT);
    close(peer_fds[0]);
    peer_fds[0] = -1;
    ck_assert_int_eq(look(), 2);
    ck_assert((events[0] & POLLHUP) != 0);
    ck_assert_int_eq(events[1], POLLOUT);
    tcp_pair(pair);
    fds[7] = pair[0];
    ck_assert_int_eq(poller_add(poller, 7, fds[7], POLLIN), 0);
    reset_connection(pair[1]);
    EVENTUALLY((look(), (events[7] & POLLERR) != 0));
}
END_TEST

START_TEST(a_removed_slot_is_silent_and_can_be_reused)
{
    add_pairs(SLOTS, POLLIN);
    for (size_t slot = 0; slot < SLOTS; slot++)
        write_all(peer_fds[slot], "x", 1);
    for (size_t slot = 0; slot < SLOTS; slot += 2) {
        ck_assert_int_eq(poller_remove(poller, slot, fds[slot]), 0);
        close_pair(slot);
    }
    ck_assert_int_eq(look(), SLOTS / 2);
    for (size_t slot = 0; slot < SLOTS; slot++)
        ck_assert_int_eq(events[slot], slot % 2 == 0 ? 0 : POLLIN);
    /* In reverse, so that each descriptor number is used by another slot. */
    for (size_t slot = 0; slot < SLOTS; slot += 2)
        add_pair(SLOTS - 2 - slot, POLLIN);
    ck_assert_int_eq(look(), SLOTS / 2);
    write_all(peer_fds[0], "x", 1);
    ck_assert_int_eq(look(), SLOTS / 2 + 1);
    ck_assert_int_eq(events[0], POLLIN);
}
END_TEST

START_TEST(no_wait_ends_early)
{
    static const int64_t waits_us[] = {0, 1, 100, 999, 1001, 5500, 30000};

    add_pairs(3, POLLIN);
    for (size_t i = 0; i < sizeof waits_us / sizeof waits_us[0]; i++) {
        int64_t deadline_ns = clock_ns() + waits_us[i] * 1000;

        ck_assert_int_eq(poller_wait(poller, deadline_ns), 0);
        ck_assert_int_ge(clock_ns(), deadline_ns);
    }
}
END_TEST

START_TEST(an_empty_poller_waits_too)
{
    int64_t deadline_ns = clock_ns() + 10000000;

    ck_assert_int_eq(poller_wait(poller, deadline_ns), 0);
    ck_assert_int_ge(clock_ns(), deadline_ns);
}
END_TEST

/* A wait that does not end at once would exceed the time limit of the tests. */
START_TEST(a_ready_slot_ends_a_wait_of_any_length)
{
    static const int64_t hour_ns = (int64_t)3600 * 1000000000;
    short found = 0;

    add_pairs(3, POLLIN);
    write_all(peer_fds[2], "x", 1);
    ck_assert_int_eq(poller_wait(poller, clock_ns() + hour_ns), 1);
    ck_assert_uint_eq(poller_ready(poller, 0, &found), 2);
    ck_assert_int_eq(poller_wait(poller, clock_ns() + 10000 * hour_ns), 1);
    ck_assert_int_eq(poller_wait(poller, INT64_MAX), 1);
}
END_TEST

static void *write_later(void *argument)
{
    (void)argument;
    is_readable(-1, 20);
    write_all(peer_fds[1], "x", 1);
    return NULL;
}

START_TEST(a_slot_that_becomes_ready_ends_a_wait)
{
    pthread_t thread;
    short found = 0;

    add_pairs(3, POLLIN);
    ck_assert_int_eq(pthread_create(&thread, NULL, write_later, NULL), 0);
    ck_assert_int_eq(poller_wait(poller, INT64_MAX), 1);
    ck_assert_uint_eq(poller_ready(poller, 0, &found), 1);
    ck_assert_int_eq(found, POLLIN);
    pthread_join(thread, NULL);
}
END_TEST

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    (void)number;
    signals = signals + 1;
}

START_TEST(a_signal_is_not_an_error)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct itimerval every_2_ms = {.it_interval.tv_usec = 2000,
                                   .it_value.tv_usec = 2000};
    struct itimerval off = {0};
    int64_t end_ns = clock_ns() + 30000000;

    add_pairs(3, POLLIN);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every_2_ms, NULL);
    while (signals < 5 || clock_ns() < end_ns)
        ck_assert_int_eq(poller_wait(poller, clock_ns() + 10000000), 0);
    setitimer(ITIMER_REAL, &off, NULL);
}
END_TEST

/* More than the 512 that one epoll_wait(2) reports. */
START_TEST(every_one_of_many_ready_slots_is_reported)
{
    enum { MANY = 700 };
    static int copies[MANY];
    static bool is_found[MANY];
    struct poller *large = poller_open(MANY);
    int pipe_fds[2];
    size_t count = 0;

    ck_assert_ptr_nonnull(large);
    ck_assert_int_eq(pipe(pipe_fds), 0);
    for (size_t slot = 0; slot < MANY; slot++) {
        copies[slot] = dup(pipe_fds[0]);
        ck_assert_int_ge(copies[slot], 0);
        ck_assert_int_eq(poller_add(large, slot, copies[slot], POLLIN), 0);
    }
    ck_assert_int_eq(poller_wait(large, 0), 0);
    write_all(pipe_fds[1], "x", 1);
    for (int waits = 0; waits < 10 && count < MANY; waits++) {
        int ready = poller_wait(large, INT64_MAX);

        ck_assert_int_gt(ready, 0);
        for (int i = 0; i < ready; i++) {
            short found = 0;
            size_t slot = poller_ready(large, i, &found);

            ck_assert_uint_lt(slot, MANY);
            count += !is_found[slot];
            is_found[slot] = true;
        }
    }
    ck_assert_uint_eq(count, MANY);
    for (size_t slot = 0; slot < MANY; slot++)
        close(copies[slot]);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    poller_close(large);
}
END_TEST

START_TEST(closing_no_poller_is_allowed)
{
    poller_close(NULL);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_poller, close_poller);
    tcase_add_test(tests, nothing_is_ready_at_first);
    tcase_add_test(tests, exactly_the_readable_slots_are_ready);
    tcase_add_test(tests, slots_may_be_in_any_order);
    tcase_add_test(tests, only_watched_events_are_reported);
    tcase_add_test(tests, a_full_socket_is_not_writable_until_it_is_read);
    tcase_add_test(tests, eof_is_readable);
    tcase_add_test(tests, a_closed_or_reset_peer_is_always_reported);
    tcase_add_test(tests, a_removed_slot_is_silent_and_can_be_reused);
    tcase_add_test(tests, no_wait_ends_early);
    tcase_add_test(tests, an_empty_poller_waits_too);
    tcase_add_test(tests, a_ready_slot_ends_a_wait_of_any_length);
    tcase_add_test(tests, a_slot_that_becomes_ready_ends_a_wait);
    tcase_add_test(tests, a_signal_is_not_an_error);
    tcase_add_test(tests, every_one_of_many_ready_slots_is_reported);
    tcase_add_test(tests, closing_no_poller_is_allowed);
}
