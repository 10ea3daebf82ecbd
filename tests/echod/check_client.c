/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * client: a thread's life, and how its end is told.
 */
#include "config.h"

#include "echod/client.h"
#include "echod/signals.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

const char suite_name[] = "client";

static const struct {
    int echoed, error;
    enum client_state state;
    bool all_delivered;
    enum log_end end;
    const char *words;
} outcomes[] = {
    {0, 0, CLIENT_SERVED, true, END_EOF, NULL},
    {-1, ECONNRESET, CLIENT_SERVED, true, END_ERROR,
     "Connection reset by peer"},
    {-1, EAGAIN, CLIENT_SERVED, true, END_TIMEOUT, "timed out"},
    {0, 0, CLIENT_DRAINED, true, END_STOPPED, NULL},
    {0, 0, CLIENT_DRAINED, false, END_STOPPED, "stopped while it was sending"},
    {-1, EPIPE, CLIENT_DRAINED, true, END_ERROR, "Broken pipe"},
    {-1, EPIPE, CLIENT_CUT, true, END_STOPPED, "cut off by the stop"},
    {0, 0, CLIENT_CUT, true, END_STOPPED, "cut off by the stop"},
};

START_TEST(every_end_has_its_words)
{
    int out = open("/dev/null", O_WRONLY);
    struct log_close close;

    log_open(LOG_TEXT, out, out);
    close = client_outcome(outcomes[_i].echoed, outcomes[_i].error,
                           outcomes[_i].state, outcomes[_i].all_delivered);
    ck_assert_int_eq(close.end, outcomes[_i].end);
    ck_assert_pstr_eq(close.error, outcomes[_i].words);
}
END_TEST

START_TEST(another_scheduling_policy_is_left_alone)
{
    struct sched_param parameter = {.sched_priority = 0};

    ck_assert_int_eq(client_open(0), 0);
    ck_assert_int_eq(sched_getscheduler(0), SCHED_BATCH);
    ck_assert_int_eq(sched_setscheduler(0, SCHED_IDLE, &parameter), 0);
    ck_assert_int_eq(client_open(0), 0);
    ck_assert_int_eq(sched_getscheduler(0), SCHED_IDLE);
}
END_TEST

static int out[2];

static struct client *seat_client(int fds[2])
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    struct client *client = NULL;

    ck_assert_int_eq(pipe(out), 0);
    log_open(LOG_TEXT, out[1], out[1]);
    ck_assert_int_eq(signals_open(), 0);
    ck_assert_int_eq(client_open(0), 0);
    ck_assert_int_eq(clients_open(1, 0), 0);
    tcp_pair(fds);
    getpeername(fds[1], (struct sockaddr *)&peer, &length);
    client = clients_add(fds[1], (struct sockaddr *)&peer);
    ck_assert_ptr_nonnull(client);
    return client;
}

static void expect_report(const char *start)
{
    char line[256];
    ssize_t got = 0;

    ck_assert(is_readable(out[0], 30000));
    got = read(out[0], line, sizeof line - 1);
    ck_assert_int_gt(got, 0);
    line[got] = '\0';
    ck_assert_msg(strncmp(line, start, strlen(start)) == 0, "%s", line);
}

START_TEST(a_client_is_served_reported_and_leaves)
{
    struct pollfd pollfd;
    struct signals woken;
    char byte = 0;
    int fds[2];
    struct client *client = seat_client(fds);

    ck_assert(!clients_below(1));
    ck_assert_int_eq(client_start(client), 0);
    write_all(fds[0], "x", 1);
    read_all(fds[0], &byte, 1);
    shutdown(fds[0], SHUT_WR);
    ck_assert_uint_eq(read_to_end(fds[0]), 0);
    expect_report("wrote 1 bytes to 127.0.0.1:");
    signals_wait(&pollfd, 1, 30000, &woken);
    ck_assert(woken.notified);
    ck_assert(clients_below(1));
}
END_TEST

START_TEST(a_client_that_still_sends_gets_its_echo_before_the_reset)
{
    enum { SIZE = 100000 };
    static unsigned char sent[SIZE];
    static unsigned char came[SIZE];
    int fds[2];
    struct client *client = seat_client(fds);

    fill(sent, SIZE, 3);
    write_all(fds[0], sent, SIZE);
    ck_assert_int_eq(client_start(client), 0);
    EVENTUALLY(client->written == SIZE);
    clients_shutdown(SHUT_RD);
    read_all(fds[0], came, SIZE);
    ck_assert_int_eq(memcmp(sent, came, SIZE), 0);
    ck_assert_uint_eq(read_to_end(fds[0]), 0);
    expect_report("wrote 100000 bytes");
}
END_TEST

/* Runs a client on a stack that is painted first, and looks how deep the paint
 * was touched. Half of the room must be left: other machines have larger
 * vector state, other C libraries other printfs. */
START_TEST(the_stack_has_room_to_spare)
{
#if CLIENT_STACK_EXTRA == 0
    size_t size = client_stack_size();
    size_t clean = 0;
    unsigned char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static char bytes[8192];
    pthread_attr_t attributes;
    pthread_t thread;
    int fds[2];
    struct client *client = seat_client(fds);

    memset(stack, 0xa5, size);
    write_all(fds[0], bytes, sizeof bytes);
    shutdown(fds[0], SHUT_WR);
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstack(&attributes, stack, size), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, client_run, client),
                     0);
    read_all(fds[0], bytes, sizeof bytes);
    ck_assert_uint_eq(read_to_end(fds[0]), 0);
    expect_report("wrote 8192 bytes");
    pthread_join(thread, NULL);
    while (stack[clean] == 0xa5)
        clean++;
    printf("# %zu of %zu bytes of stack left\n", clean, size);
    ck_assert_uint_gt(clean, 4096);
#endif
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, every_end_has_its_words, 0,
                        sizeof outcomes / sizeof outcomes[0]);
    tcase_add_test(tests, another_scheduling_policy_is_left_alone);
    tcase_add_test(tests, a_client_is_served_reported_and_leaves);
    tcase_add_test(tests,
                   a_client_that_still_sends_gets_its_echo_before_the_reset);
    if (!under_valgrind())
        tcase_add_test(tests, the_stack_has_room_to_spare);
}
