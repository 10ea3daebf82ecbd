/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * clients: the table of clients.
 */
#include "config.h"

#include "echod/clients.h"
#include "tests/common/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

const char suite_name[] = "clients";

static const struct sockaddr *ipv4(const char *host, int port)
{
    static struct sockaddr_in in;

    in = (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &in.sin_addr);
    return (struct sockaddr *)&in;
}

static int some_fd(void)
{
    return open("/dev/null", O_RDWR);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(a_client_is_added_closed_and_removed)
{
    struct client *client = NULL;
    int fd = some_fd();

    ck_assert_int_eq(clients_open(2, 0, 64), 0);
    client = clients_add(fd, ipv4("192.0.2.1", 7));
    ck_assert_ptr_nonnull(client);
    ck_assert_int_eq(client->fd, fd);
    ck_assert_uint_eq(client->peer.in.sin_port, htons(7));
    client->written += 5;
    ck_assert_uint_eq(clients_totals().now, 1);
    ck_assert_uint_eq(clients_totals().bytes, 5);
    ck_assert_int_eq(clients_close_fd(client, false), CLIENT_OPEN);
    ck_assert(!is_open(fd));
    ck_assert_uint_eq(clients_totals().now, 1);
    ck_assert(!clients_remove(client));
    ck_assert_uint_eq(clients_totals().now, 0);
    ck_assert_uint_eq(clients_totals().clients, 1);
    ck_assert_uint_eq(clients_totals().bytes, 5);
}
END_TEST

START_TEST(slots_are_reused)
{
    struct client *first = NULL;

    clients_open(1, 0, 64);
    for (int i = 0; i < 100; i++) {
        struct client *client = clients_add(some_fd(), ipv4("192.0.2.1", 7));

        if (i == 0)
            first = client;
        ck_assert_ptr_eq(client, first);
        ck_assert_uint_eq(client->written, 0);
        clients_close_fd(client, false);
        clients_remove(client);
    }
    ck_assert_uint_eq(clients_totals().clients, 100);
}
END_TEST

START_TEST(a_refused_client_is_counted_and_frees_its_slot)
{
    struct client *client = NULL;
    int fd = some_fd();

    clients_open(1, 0, 64);
    client = clients_add(fd, ipv4("192.0.2.1", 7));
    clients_refuse(client);
    ck_assert(!is_open(fd));
    ck_assert_uint_eq(clients_count(), 0);
    ck_assert_uint_eq(clients_totals().refused, 1);
    ck_assert_uint_eq(clients_totals().clients, 0);
    ck_assert_ptr_eq(clients_add(some_fd(), ipv4("192.0.2.1", 7)), client);
}
END_TEST

START_TEST(the_client_that_goes_below_the_limit_notifies_once)
{
    struct client *clients[3];

    clients_open(3, 0, 64);
    for (int i = 0; i < 3; i++)
        clients[i] = clients_add(some_fd(), ipv4("192.0.2.1", i));
    clients_notify_below(2);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq((int)clients_count(), 3 - i);
        clients_close_fd(clients[i], false);
        ck_assert_int_eq(clients_remove(clients[i]), i == 1);
    }
}
END_TEST

START_TEST(nothing_is_notified_if_the_table_is_below_the_limit_already)
{
    struct client *client = NULL;

    clients_open(2, 0, 64);
    client = clients_add(some_fd(), ipv4("192.0.2.1", 7));
    clients_notify_below(1);
    clients_notify_below(2);
    clients_close_fd(client, false);
    ck_assert(!clients_remove(client));
}
END_TEST

START_TEST(a_shutdown_drains_then_cuts_off)
{
    char byte = 0;
    int fds[2];
    struct client *client = NULL;

    clients_open(1, 0, 64);
    tcp_pair(fds);
    client = clients_add(fds[1], ipv4("192.0.2.1", 7));
    write_all(fds[0], "xy", 2);
    ck_assert_int_eq(clients_state(client), CLIENT_OPEN);
    clients_shutdown(SHUT_RD);
    ck_assert_int_eq(clients_state(client), CLIENT_DRAINING);
    read_all(fds[1], &byte, 1);
    write_all(fds[1], &byte, 1);
    read_all(fds[0], &byte, 1);
    ck_assert_int_eq(byte, 'x');
    clients_shutdown(SHUT_RDWR);
    ck_assert_int_eq(clients_close_fd(client, false), CLIENT_CUT);
    clients_remove(client);
    ck_assert_uint_eq(clients_totals().cut, 1);
}
END_TEST

START_TEST(a_reused_descriptor_is_never_shut_down)
{
    int fds[2];
    int other[2];
    int fd = -1;
    struct client *client = NULL;

    clients_open(1, 0, 64);
    tcp_pair(fds);
    fd = fds[1];
    client = clients_add(fd, ipv4("192.0.2.1", 7));
    clients_close_fd(client, false);
    tcp_pair(other);
    if (other[1] != fd)
        ck_assert_int_eq(dup2(other[1], fd), fd);
    clients_shutdown(SHUT_RDWR);
    write_all(fd, "x", 1);
    clients_remove(client);
}
END_TEST

/* Add in one thread, remove in many: for the thread sanitizer. */
static void *leave(void *argument)
{
    struct client *client = argument;

    client->written += 1;
    clients_state(client);
    clients_close_fd(client, false);
    clients_remove(client);
    return NULL;
}

START_TEST(many_threads_leave_while_one_counts)
{
    enum { ROUNDS = 50, THREADS = 20 };
    pthread_t threads[THREADS];

    clients_open(THREADS, 3 * THREADS, 64);
    for (int i = 0; i < ROUNDS; i++) {
        for (int j = 0; j < THREADS; j++) {
            struct client *client =
                clients_add(some_fd(), ipv4("192.0.2.1", j));

            ck_assert_ptr_nonnull(client);
            pthread_create(&threads[j], NULL, leave, client);
            clients_notify_below(THREADS);
            clients_count();
            clients_totals();
        }
        clients_shutdown(SHUT_RD);
        for (int j = 0; j < THREADS; j++)
            pthread_join(threads[j], NULL);
    }
    ck_assert_uint_eq(clients_totals().now, 0);
    ck_assert_uint_eq(clients_totals().clients, ROUNDS * THREADS);
    ck_assert_uint_eq(clients_totals().bytes, ROUNDS * THREADS);
}
END_TEST

START_TEST(an_address_at_its_limit_is_refused)
{
    struct client *client = NULL;
    int fd = some_fd();

    clients_open(4, 1, 64);
    client = clients_add(some_fd(), ipv4("192.0.2.1", 7));
    ck_assert_ptr_null(clients_add(fd, ipv4("192.0.2.1", 8)));
    ck_assert(is_open(fd));
    ck_assert_uint_eq(clients_totals().now, 1);
    ck_assert_uint_eq(clients_totals().refused, 1);
    ck_assert_ptr_nonnull(clients_add(some_fd(), ipv4("192.0.2.2", 7)));
    clients_close_fd(client, false);
    ck_assert_ptr_nonnull(clients_add(fd, ipv4("192.0.2.1", 8)));
    clients_remove(client);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, a_client_is_added_closed_and_removed);
    tcase_add_test(tests, slots_are_reused);
    tcase_add_test(tests, a_refused_client_is_counted_and_frees_its_slot);
    tcase_add_test(tests, the_client_that_goes_below_the_limit_notifies_once);
    tcase_add_test(tests,
                   nothing_is_notified_if_the_table_is_below_the_limit_already);
    tcase_add_test(tests, a_shutdown_drains_then_cuts_off);
    tcase_add_test(tests, a_reused_descriptor_is_never_shut_down);
    tcase_add_test(tests, many_threads_leave_while_one_counts);
    tcase_add_test(tests, an_address_at_its_limit_is_refused);
}
