/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * shared: when a load begins and ends, and who sends the messages of -n.
 */
#include "config.h"

#include "echoc/load/shared.h"
#include "tests/common/suite.h"

#include <pthread.h>

const char suite_name[] = "shared";

enum {
    CLIENTS = 6,
    START_NS = 1000,
    CONNECT_MS = 3000,
    REPLY_MS = 2000,
    MS = 1000000
};

static struct options options;
static struct shared shared;

static void start(enum options_mode mode, uint64_t count)
{
    options = (struct options){.mode = mode,
                               .count = count,
                               .clients = CLIENTS,
                               .connect_timeout_ms = CONNECT_MS,
                               .reply_timeout_ms = REPLY_MS};
    shared_init(&shared, &options, START_NS);
}

static void try_all(void)
{
    for (int i = 0; i < CLIENTS; i++)
        shared_note_tried(&shared);
}

static bool is_over_after(int64_t ms)
{
    return shared_is_over(&shared, START_NS + ms * MS);
}

START_TEST(a_measurement_begins_when_all_clients_have_tried)
{
    start(OPTIONS_ROUND_TRIPS, 0);
    for (int i = 0; i < CLIENTS; i++) {
        ck_assert_int_eq(shared_start(&shared, START_NS + i), 0);
        shared_note_tried(&shared);
    }
    ck_assert_int_eq(shared_start(&shared, START_NS + 100), START_NS + 100);
    ck_assert_int_eq(shared_start(&shared, START_NS + 200), START_NS + 100);
}
END_TEST

START_TEST(it_begins_without_those_that_need_too_long)
{
    int64_t connected_ns = START_NS + (int64_t)500 * MS;
    int64_t limit_ns = connected_ns + (int64_t)CONNECT_MS * MS;

    start(OPTIONS_STREAM, 0);
    shared_note_connected(&shared, connected_ns);
    ck_assert_int_eq(shared_start(&shared, limit_ns - 1), 0);
    ck_assert_int_eq(shared_start(&shared, limit_ns), limit_ns);
}
END_TEST

START_TEST(churn_and_hold_begin_at_once)
{
    start(OPTIONS_CHURN, 0);
    ck_assert_int_eq(shared_start(&shared, START_NS + 5), START_NS);
    start(OPTIONS_HOLD, 0);
    ck_assert_int_eq(shared_start(&shared, START_NS + 5), START_NS);
}
END_TEST

START_TEST(it_is_over_when_no_client_can_connect)
{
    start(OPTIONS_ROUND_TRIPS, 0);
    for (int i = 0; i < CLIENTS; i++) {
        ck_assert(!is_over_after(1));
        shared_note_tried(&shared);
    }
    ck_assert(is_over_after(1));
    start(OPTIONS_ROUND_TRIPS, 0);
    ck_assert(!is_over_after(CONNECT_MS - 1));
    ck_assert(is_over_after(CONNECT_MS));
    /* What has been decided stays. */
    shared_note_connected(&shared, START_NS + (int64_t)CONNECT_MS * MS);
    ck_assert(is_over_after(CONNECT_MS));
}
END_TEST

START_TEST(it_goes_on_if_one_client_could_connect)
{
    start(OPTIONS_ROUND_TRIPS, 0);
    shared_note_connected(&shared, START_NS + MS);
    try_all();
    ck_assert(!is_over_after(1));
    ck_assert(!is_over_after(1000 * CONNECT_MS));
}
END_TEST

START_TEST(with_a_count_it_is_over_when_none_is_connected_for_long)
{
    start(OPTIONS_ROUND_TRIPS, 100);
    shared_note_connected(&shared, START_NS);
    shared_note_up(&shared, START_NS + (int64_t)1000 * MS);
    ck_assert(!is_over_after(1000 + CONNECT_MS + REPLY_MS - 1));
    ck_assert(is_over_after(1000 + CONNECT_MS + REPLY_MS));
}
END_TEST

START_TEST(a_stop_ends_it)
{
    start(OPTIONS_ROUND_TRIPS, 0);
    ck_assert(!is_over_after(0));
    atomic_store(&shared.stop, true);
    ck_assert(is_over_after(0));
}
END_TEST

START_TEST(without_a_count_there_is_always_a_message)
{
    bool is_kept = false;

    start(OPTIONS_ROUND_TRIPS, 0);
    ck_assert(!shared_keep(&shared, 0));
    for (int i = 0; i < 1000; i++)
        ck_assert(shared_take(&shared, &is_kept));
    ck_assert(!is_over_after(0));
}
END_TEST

START_TEST(a_message_is_kept_for_each_client)
{
    bool is_kept[CLIENTS];
    int taken = 0;

    start(OPTIONS_ROUND_TRIPS, CLIENTS + 3);
    for (uint32_t i = 0; i < CLIENTS; i++)
        is_kept[i] = shared_keep(&shared, i);
    while (shared_take(&shared, &is_kept[0]))
        taken++;
    ck_assert_int_eq(taken, 4);
    for (int i = 1; i < CLIENTS; i++) {
        ck_assert(!is_over_after(0));
        ck_assert(shared_take(&shared, &is_kept[i]));
        ck_assert(!shared_take(&shared, &is_kept[i]));
    }
    ck_assert(is_over_after(0));
}
END_TEST

START_TEST(fewer_messages_than_clients_are_kept_for_the_first)
{
    start(OPTIONS_ROUND_TRIPS, 2);
    ck_assert(shared_keep(&shared, 0));
    ck_assert(shared_keep(&shared, 1));
    ck_assert(!shared_keep(&shared, 2));
}
END_TEST

START_TEST(with_churn_none_is_kept)
{
    bool is_kept = false;

    start(OPTIONS_CHURN, 2);
    ck_assert(!shared_keep(&shared, 0));
    ck_assert(shared_take(&shared, &is_kept));
    ck_assert(shared_take(&shared, &is_kept));
    ck_assert(is_over_after(0));
}
END_TEST

START_TEST(a_message_that_is_released_goes_to_another_client)
{
    bool first = true;
    bool second = true;

    start(OPTIONS_ROUND_TRIPS, 2);
    ck_assert(shared_take(&shared, &second));
    ck_assert(!shared_take(&shared, &second));
    shared_release(&shared, &first);
    shared_release(&shared, &first); /* only once */
    ck_assert(!is_over_after(0));
    ck_assert(shared_take(&shared, &second));
    ck_assert(!shared_take(&shared, &second));
    ck_assert(is_over_after(0));
}
END_TEST

enum { THREADS = 4, MESSAGES = 100000 };

static void *take_all(void *argument)
{
    uint64_t *taken = argument;
    bool is_kept = false;

    while (shared_take(&shared, &is_kept))
        ++*taken;
    return NULL;
}

START_TEST(threads_take_each_message_once)
{
    pthread_t threads[THREADS];
    uint64_t taken[THREADS] = {0};
    uint64_t all = 0;

    start(OPTIONS_CHURN, MESSAGES);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, take_all, &taken[i]);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all += taken[i];
    }
    ck_assert_uint_eq(all, MESSAGES);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, a_measurement_begins_when_all_clients_have_tried);
    tcase_add_test(tests, it_begins_without_those_that_need_too_long);
    tcase_add_test(tests, churn_and_hold_begin_at_once);
    tcase_add_test(tests, it_is_over_when_no_client_can_connect);
    tcase_add_test(tests, it_goes_on_if_one_client_could_connect);
    tcase_add_test(tests,
                   with_a_count_it_is_over_when_none_is_connected_for_long);
    tcase_add_test(tests, a_stop_ends_it);
    tcase_add_test(tests, without_a_count_there_is_always_a_message);
    tcase_add_test(tests, a_message_is_kept_for_each_client);
    tcase_add_test(tests, fewer_messages_than_clients_are_kept_for_the_first);
    tcase_add_test(tests, with_churn_none_is_kept);
    tcase_add_test(tests, a_message_that_is_released_goes_to_another_client);
    tcase_add_test(tests, threads_take_each_message_once);
}
