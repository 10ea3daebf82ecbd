/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * poller: who is ready, and nobody else; and no wait is too short.
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

/* check_poller_poll.c runs these again on the poller for systems without
 * epoll(7). */
#ifdef POLLER_USE_POLL
const char suite_name[] = "poller on poll";
#else
const char suite_name[] = "poller";
#endif

enum { SLOTS = 100 };

static struct poller *poller;
static int ours[SLOTS];
static int theirs[SLOTS];

/* A connected pair for each slot; the poller watches ours. */
static void open_slots(size_t slots, short events)
{
    poller = poller_open(SLOTS);
    ck_assert_ptr_nonnull(poller);
    for (size_t slot = 0; slot < slots; slot++) {
        int fds[2];

        unix_pair(fds);
        ours[slot] = fds[0];
        theirs[slot] = fds[1];
        ck_assert_int_eq(poller_add(poller, slot, ours[slot], events), 0);
    }
}

static void close_slots(size_t slots)
{
    for (size_t slot = 0; slot < slots; slot++) {
        close(ours[slot]);
        close(theirs[slot]);
    }
    poller_close(poller);
}

/* Look once, and do not wait; each slot's events are found in seen. */
static int look(short seen[SLOTS])
{
    int ready = poller_wait(poller, 0);

    ck_assert_int_ge(ready, 0);
    for (size_t slot = 0; slot < SLOTS; slot++)
        seen[slot] = 0;
    for (int i = 0; i < ready; i++) {
        short events = 0;
        size_t slot = poller_ready(poller, i, &events);

        ck_assert_uint_lt(slot, SLOTS);
        ck_assert_int_eq(seen[slot], 0);
        ck_assert_int_ne(events, 0);
        seen[slot] = events;
    }
    return ready;
}

START_TEST(nothing_is_ready_at_first)
{
    short seen[SLOTS];

    open_slots(SLOTS, POLLIN);
    ck_assert_int_eq(look(seen), 0);
    close_slots(SLOTS);
}
END_TEST

START_TEST(exactly_those_are_ready_that_are)
{
    short seen[SLOTS];
    char byte = 0;

    open_slots(SLOTS, POLLIN);
    for (size_t step = 1; step <= SLOTS; step += 6) {
        for (size_t slot = step - 1; slot < SLOTS; slot += step)
            write_all(theirs[slot], "x", 1);
        ck_assert_int_eq(look(seen), (int)(SLOTS / step));
        for (size_t slot = 0; slot < SLOTS; slot++)
            ck_assert_int_eq(seen[slot], (slot + 1) % step == 0 ? POLLIN : 0);
        /* What is not taken is still there the next time. */
        ck_assert_int_eq(look(seen), (int)(SLOTS / step));
        for (size_t slot = step - 1; slot < SLOTS; slot += step)
            read_all(ours[slot], &byte, 1);
        ck_assert_int_eq(look(seen), 0);
    }
    close_slots(SLOTS);
}
END_TEST

START_TEST(slots_need_not_be_in_the_order_of_descriptors)
{
    short seen[SLOTS];

    open_slots(0, 0);
    for (size_t slot = SLOTS; slot-- > 0;) {
        int fds[2];

        unix_pair(fds);
        ours[slot] = fds[0];
        theirs[slot] = fds[1];
        ck_assert_int_eq(poller_add(poller, slot, ours[slot], POLLIN), 0);
    }
    for (size_t slot = 0; slot < SLOTS; slot++) {
        char byte = 0;

        write_all(theirs[slot], "x", 1);
        ck_assert_int_eq(look(seen), 1);
        ck_assert_int_eq(seen[slot], POLLIN);
        read_all(ours[slot], &byte, 1);
    }
    close_slots(SLOTS);
}
END_TEST

START_TEST(only_what_is_watched_is_told)
{
    short seen[SLOTS];

    open_slots(3, POLLIN);
    ck_assert_int_eq(poller_change(poller, 1, ours[1], POLLOUT), 0);
    ck_assert_int_eq(poller_change(poller, 2, ours[2], POLLIN | POLLOUT), 0);
    ck_assert_int_eq(look(seen), 2);
    ck_assert_int_eq(seen[1], POLLOUT);
    ck_assert_int_eq(seen[2], POLLOUT);
    for (size_t slot = 0; slot < 3; slot++)
        write_all(theirs[slot], "x", 1);
    ck_assert_int_eq(look(seen), 3);
    ck_assert_int_eq(seen[0], POLLIN);
    ck_assert_int_eq(seen[1], POLLOUT);
    ck_assert_int_eq(seen[2], POLLIN | POLLOUT);
    ck_assert_int_eq(poller_change(poller, 1, ours[1], POLLIN), 0);
    ck_assert_int_eq(poller_change(poller, 2, ours[2], POLLIN), 0);
    ck_assert_int_eq(look(seen), 3);
    for (size_t slot = 0; slot < 3; slot++)
        ck_assert_int_eq(seen[slot], POLLIN);
    close_slots(3);
}
END_TEST

START_TEST(a_full_socket_is_not_writable_until_it_is_read)
{
    static char bytes[65536];
    short seen[SLOTS];

    open_slots(1, POLLOUT);
    fcntl(ours[0], F_SETFL, O_NONBLOCK);
    while (write(ours[0], bytes, sizeof bytes) > 0)
        ;
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_eq(look(seen), 0);
    fcntl(theirs[0], F_SETFL, O_NONBLOCK);
    while (read(theirs[0], bytes, sizeof bytes) > 0)
        ;
    ck_assert_int_eq(look(seen), 1);
    ck_assert_int_eq(seen[0], POLLOUT);
    close_slots(1);
}
END_TEST

START_TEST(an_end_is_something_to_read)
{
    short seen[SLOTS];

    open_slots(2, POLLIN);
    shutdown(theirs[0], SHUT_WR);
    ck_assert_int_eq(look(seen), 1);
    ck_assert((seen[0] & POLLIN) != 0);
    close_slots(2);
}
END_TEST

/* Even by one who only wants to write. */
START_TEST(a_peer_that_is_gone_is_told_whatever_is_watched)
{
    struct linger reset = {.l_onoff = 1};
    short seen[SLOTS];
    int fds[2];

    open_slots(2, POLLOUT);
    close(theirs[0]);
    ck_assert_int_eq(look(seen), 2);
    ck_assert((seen[0] & POLLHUP) != 0);
    ck_assert_int_eq(seen[1], POLLOUT);
    tcp_pair(fds);
    setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    ck_assert_int_eq(poller_add(poller, 7, fds[0], POLLIN), 0);
    close(fds[1]);
    EVENTUALLY((look(seen), (seen[7] & POLLERR) != 0));
    close(fds[0]);
    theirs[0] = -1;
    close_slots(2);
}
END_TEST

START_TEST(what_is_removed_is_told_no_more_and_its_slot_is_free)
{
    short seen[SLOTS];

    open_slots(SLOTS, POLLIN);
    for (size_t slot = 0; slot < SLOTS; slot++)
        write_all(theirs[slot], "x", 1);
    for (size_t slot = 0; slot < SLOTS; slot += 2) {
        ck_assert_int_eq(poller_remove(poller, slot, ours[slot]), 0);
        close(ours[slot]);
        close(theirs[slot]);
    }
    ck_assert_int_eq(look(seen), SLOTS / 2);
    for (size_t slot = 0; slot < SLOTS; slot++)
        ck_assert_int_eq(seen[slot], slot % 2 == 0 ? 0 : POLLIN);
    /* The same numbers come again, in other slots. */
    for (size_t slot = 0; slot < SLOTS; slot += 2) {
        size_t other = SLOTS - 2 - slot;
        int fds[2];

        unix_pair(fds);
        ours[other] = fds[0];
        theirs[other] = fds[1];
        ck_assert_int_eq(poller_add(poller, other, ours[other], POLLIN), 0);
    }
    ck_assert_int_eq(look(seen), SLOTS / 2);
    write_all(theirs[0], "x", 1);
    ck_assert_int_eq(look(seen), SLOTS / 2 + 1);
    ck_assert_int_eq(seen[0], POLLIN);
    close_slots(SLOTS);
}
END_TEST

START_TEST(no_wait_ends_before_its_moment)
{
    static const int64_t waits_us[] = {0, 1, 100, 999, 1001, 5500, 30000};

    open_slots(3, POLLIN);
    for (size_t i = 0; i < sizeof waits_us / sizeof waits_us[0]; i++) {
        int64_t until = clock_ns() + waits_us[i] * 1000;

        ck_assert_int_eq(poller_wait(poller, until), 0);
        ck_assert_int_ge(clock_ns(), until);
    }
    close_slots(3);
}
END_TEST

START_TEST(a_poller_that_watches_nothing_waits_too)
{
    int64_t until = clock_ns() + 10000000;

    open_slots(0, 0);
    ck_assert_int_eq(poller_wait(poller, until), 0);
    ck_assert_int_ge(clock_ns(), until);
    close_slots(0);
}
END_TEST

/* Each would wait too long for the suite's own limit. */
START_TEST(what_is_ready_ends_a_wait_for_however_long)
{
    static const int64_t hours = (int64_t)3600 * 1000000000;
    short events = 0;

    open_slots(3, POLLIN);
    write_all(theirs[2], "x", 1);
    ck_assert_int_eq(poller_wait(poller, clock_ns() + hours), 1);
    ck_assert_uint_eq(poller_ready(poller, 0, &events), 2);
    ck_assert_int_eq(poller_wait(poller, clock_ns() + 10000 * hours), 1);
    ck_assert_int_eq(poller_wait(poller, INT64_MAX), 1);
    close_slots(3);
}
END_TEST

static void *write_later(void *argument)
{
    (void)argument;
    is_readable(-1, 20);
    write_all(theirs[1], "x", 1);
    return NULL;
}

START_TEST(what_becomes_ready_ends_a_wait)
{
    pthread_t thread;
    short events = 0;

    open_slots(3, POLLIN);
    ck_assert_int_eq(pthread_create(&thread, NULL, write_later, NULL), 0);
    ck_assert_int_eq(poller_wait(poller, INT64_MAX), 1);
    ck_assert_uint_eq(poller_ready(poller, 0, &events), 1);
    ck_assert_int_eq(events, POLLIN);
    pthread_join(thread, NULL);
    close_slots(3);
}
END_TEST

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    (void)number;
    signals = signals + 1;
}

START_TEST(a_signal_is_no_error)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct itimerval often = {.it_interval.tv_usec = 2000,
                              .it_value.tv_usec = 2000};
    struct itimerval never = {0};
    int64_t until = clock_ns() + 30000000;

    open_slots(3, POLLIN);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    while (signals < 5 || clock_ns() < until)
        ck_assert_int_eq(poller_wait(poller, clock_ns() + 10000000), 0);
    setitimer(ITIMER_REAL, &never, NULL);
    close_slots(3);
}
END_TEST

/* More than the 512 that are told at once, or may be. */
START_TEST(of_very_many_that_are_ready_each_is_told_in_time)
{
    enum { MANY = 700 };
    static int fds[MANY];
    static bool told[MANY];
    int pipe_fds[2];
    size_t count = 0;

    ck_assert_int_eq(pipe(pipe_fds), 0);
    poller = poller_open(MANY);
    ck_assert_ptr_nonnull(poller);
    for (size_t slot = 0; slot < MANY; slot++) {
        fds[slot] = dup(pipe_fds[0]);
        ck_assert_int_ge(fds[slot], 0);
        ck_assert_int_eq(poller_add(poller, slot, fds[slot], POLLIN), 0);
    }
    ck_assert_int_eq(poller_wait(poller, 0), 0);
    write_all(pipe_fds[1], "x", 1);
    for (int looks = 0; looks < 10 && count < MANY; looks++) {
        int ready = poller_wait(poller, INT64_MAX);

        ck_assert_int_gt(ready, 0);
        for (int i = 0; i < ready; i++) {
            short events = 0;
            size_t slot = poller_ready(poller, i, &events);

            ck_assert_uint_lt(slot, MANY);
            count += !told[slot];
            told[slot] = true;
        }
    }
    ck_assert_uint_eq(count, MANY);
    for (size_t slot = 0; slot < MANY; slot++)
        close(fds[slot]);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    poller_close(poller);
}
END_TEST

START_TEST(there_may_be_no_poller_to_close)
{
    poller_close(NULL);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, nothing_is_ready_at_first);
    tcase_add_test(tests, exactly_those_are_ready_that_are);
    tcase_add_test(tests, slots_need_not_be_in_the_order_of_descriptors);
    tcase_add_test(tests, only_what_is_watched_is_told);
    tcase_add_test(tests, a_full_socket_is_not_writable_until_it_is_read);
    tcase_add_test(tests, an_end_is_something_to_read);
    tcase_add_test(tests, a_peer_that_is_gone_is_told_whatever_is_watched);
    tcase_add_test(tests, what_is_removed_is_told_no_more_and_its_slot_is_free);
    tcase_add_test(tests, no_wait_ends_before_its_moment);
    tcase_add_test(tests, a_poller_that_watches_nothing_waits_too);
    tcase_add_test(tests, what_is_ready_ends_a_wait_for_however_long);
    tcase_add_test(tests, what_becomes_ready_ends_a_wait);
    tcase_add_test(tests, a_signal_is_no_error);
    tcase_add_test(tests, of_very_many_that_are_ready_each_is_told_in_time);
    tcase_add_test(tests, there_may_be_no_poller_to_close);
}
