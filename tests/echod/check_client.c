/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * client and thread: the life of a client's thread, its stack and its policy.
 */
#include "config.h"

#include "echod/client.h"
#include "echod/log.h"
#include "echod/signals.h"
#include "echod/thread.h"
#include "tests/common/suite.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

const char suite_name[] = "client";

START_TEST(a_scheduling_policy_of_the_user_is_kept)
{
    struct sched_param parameter = {.sched_priority = 0};

    ck_assert_int_eq(client_init(0, 0), 0);
    ck_assert_int_eq(sched_getscheduler(0), SCHED_BATCH);
    ck_assert_int_eq(sched_setscheduler(0, SCHED_IDLE, &parameter), 0);
    ck_assert_int_eq(client_init(0, 0), 0);
    ck_assert_int_eq(sched_getscheduler(0), SCHED_IDLE);
}
END_TEST

/* The fields of sched_setattr(2), with the slice. */
struct scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

static struct scheduling get_scheduling(void)
{
    struct scheduling now = {0};

    ck_assert_int_eq((int)syscall(SYS_sched_getattr, 0, &now, sizeof now, 0),
                     0);
    return now;
}

START_TEST(a_slice_is_short_and_the_nice_value_is_kept)
{
    struct scheduling asked = {
        .size = sizeof asked, .nice = 3, .runtime_ns = 3000000};
    bool has_slices = false; /* Linux 6.12 and later */

    ck_assert_int_eq((int)syscall(SYS_sched_setattr, 0, &asked, 0), 0);
    has_slices = get_scheduling().runtime_ns == asked.runtime_ns;
    ck_assert_int_eq(client_init(0, 0), 0);
    ck_assert_int_eq(get_scheduling().policy, SCHED_BATCH);
    ck_assert_int_eq(get_scheduling().nice, 3);
    if (has_slices)
        ck_assert_uint_eq(get_scheduling().runtime_ns, 100000);
}
END_TEST

static int out[2];

static struct client *add_client(int fds[2])
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    struct client *client = NULL;

    ck_assert_int_eq(pipe(out), 0);
    log_open(LOG_TEXT, out[1], out[1]);
    ck_assert_int_eq(signals_open(), 0);
    ck_assert_int_eq(client_init(0, 0), 0);
    ck_assert_int_eq(clients_open(1, 0, 64), 0);
    tcp_pair(fds);
    getpeername(fds[1], (struct sockaddr *)&peer, &length);
    client = clients_add(fds[1], (struct sockaddr *)&peer);
    ck_assert_ptr_nonnull(client);
    return client;
}

static void expect_line(const char *part)
{
    char line[256];
    ssize_t got = 0;

    ck_assert(is_readable(out[0], 30000));
    got = read(out[0], line, sizeof line - 1);
    ck_assert_int_gt(got, 0);
    line[got] = '\0';
    ck_assert_msg(strstr(line, part) != NULL, "%s", line);
}

START_TEST(a_client_is_served_reported_and_removed)
{
    struct pollfd pollfd;
    struct signals signals;
    char byte = 0;
    int fds[2];
    struct client *client = add_client(fds);

    clients_notify_below(1);
    ck_assert_int_eq(client_start(client), 0);
    write_all(fds[0], "x", 1);
    read_all(fds[0], &byte, 1);
    shutdown(fds[0], SHUT_WR);
    ck_assert_uint_eq(read_to_end(fds[0]), 0);
    expect_line("wrote 1 bytes to 127.0.0.1:");
    signals_wait(&pollfd, 1, 30000, &signals);
    ck_assert(signals.notified);
    ck_assert_uint_eq(clients_count(), 0);
}
END_TEST

START_TEST(a_drained_client_gets_its_echo)
{
    enum { SIZE = 100000 };
    static unsigned char sent[SIZE];
    static unsigned char received[SIZE];
    int fds[2];
    struct client *client = add_client(fds);

    fill(sent, SIZE, 3);
    write_all(fds[0], sent, SIZE);
    ck_assert_int_eq(client_start(client), 0);
    EVENTUALLY(client->written == SIZE);
    clients_shutdown(SHUT_RD);
    read_all(fds[0], received, SIZE);
    ck_assert_int_eq(memcmp(sent, received, SIZE), 0);
    ck_assert_uint_eq(read_to_end(fds[0]), 0);
    expect_line("wrote 100000 bytes");
}
END_TEST

/* The stop comes while the thread sleeps between two looks at the send queue,
 * most of the time. */
START_TEST(a_client_that_has_its_whole_echo_was_not_cut_off)
{
    enum { SIZE = 300000 }; /* more than the client's receive buffer */
    static unsigned char bytes[SIZE];
    int fds[2];
    struct client *client = add_client(fds);

    write_all(fds[0], bytes, SIZE);
    ck_assert_int_eq(client_start(client), 0);
    EVENTUALLY(client->written == SIZE);
    if (_i == 0)
        shutdown(fds[0], SHUT_WR);
    else
        clients_shutdown(SHUT_RD);
    read_all(fds[0], bytes, SIZE);
    clients_shutdown(SHUT_RDWR);
    ck_assert_uint_eq(read_to_end(fds[0]), 0);
    expect_line("wrote 300000 bytes");
    ck_assert_uint_eq(clients_totals().cut, 0);
}
END_TEST

#if CLIENT_STACK_EXTRA == 0
static const struct {
    enum log_format format;
    bool has_timestamps;
    const char *line;
} lines[] = {
    {LOG_TEXT, false, "wrote 8192 bytes"},
    {LOG_TEXT, true, "Z wrote 8192 bytes"},
    {LOG_JSON, false, "\"bytes\":8192,"},
};
#endif

/* Serve a client on a stack that was filled with a pattern, and see how much of
 * it was overwritten. A page must be left: other machines have larger vector
 * registers, other C libraries another printf(3). */
START_TEST(a_page_of_the_stack_is_left)
{
#if CLIENT_STACK_EXTRA == 0
    unsigned char *stack = NULL;
    size_t size = 0;
    size_t clean = 0;
    static char bytes[8192];
    pthread_attr_t attributes;
    pthread_t thread;
    int fds[2];
    struct client *client = add_client(fds);

    log_open(lines[_i].format, out[1], out[1]);
    if (lines[_i].has_timestamps)
        log_add_timestamps();
    ck_assert_int_eq(thread_attributes(&attributes), 0);
    pthread_attr_getstacksize(&attributes, &size);
    stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(stack, 0xa5, size);
    write_all(fds[0], bytes, sizeof bytes);
    shutdown(fds[0], SHUT_WR);
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstack(&attributes, stack, size), 0);
    ck_assert_int_eq(
        pthread_create(&thread, &attributes, client_thread, client), 0);
    read_all(fds[0], bytes, sizeof bytes);
    ck_assert_uint_eq(read_to_end(fds[0]), 0);
    expect_line(lines[_i].line);
    pthread_join(thread, NULL);
    while (stack[clean] == 0xa5)
        clean++;
    printf("# %s: %zu of %zu bytes of stack left\n", lines[_i].line, clean,
           size);
    ck_assert_uint_gt(clean, 4096);
#endif
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, a_scheduling_policy_of_the_user_is_kept);
    tcase_add_test(tests, a_slice_is_short_and_the_nice_value_is_kept);
    tcase_add_test(tests, a_client_is_served_reported_and_removed);
    tcase_add_test(tests, a_drained_client_gets_its_echo);
    tcase_add_loop_test(tests, a_client_that_has_its_whole_echo_was_not_cut_off,
                        0, 2);
    if (!under_valgrind())
        tcase_add_loop_test(tests, a_page_of_the_stack_is_left, 0, 3);
}
