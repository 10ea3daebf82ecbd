/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * echo, with its buffer and delivery: every byte, in order, whatever comes.
 */
#include "config.h"

#include "echod/buffer.h"
#include "echod/echo.h"
#include "echod/sendqueue.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

const char suite_name[] = "echo";

/* An echo that runs in a thread of its own, and how it ended. */
struct run {
    struct echo echo;
    _Atomic uint64_t written;
    pthread_t thread;
    _Atomic int result;
    int error;
};

static void *run_echo(void *argument)
{
    struct run *run = argument;

    run->result = echo_until_end(&run->echo);
    run->error = errno;
    return NULL;
}

static void start(struct run *run, int in_fd, int out_fd)
{
    signal(SIGPIPE, SIG_IGN);
    run->echo.in_fd = in_fd;
    run->echo.out_fd = out_fd;
    run->echo.written = &run->written;
    ck_assert_int_eq(pthread_create(&run->thread, NULL, run_echo, run), 0);
}

static void finish(struct run *run)
{
    ck_assert_int_eq(pthread_join(run->thread, NULL), 0);
}

/* A thread that sends size bytes and ends its half. */
struct sender {
    int fd;
    const unsigned char *bytes;
    size_t size;
    pthread_t thread;
};

static void *run_sender(void *argument)
{
    const struct sender *sender = argument;

    write_all(sender->fd, sender->bytes, sender->size);
    shutdown(sender->fd, SHUT_WR);
    return NULL;
}

/* Send size bytes through an echo and compare what comes back. */
static void round_trip(int client_fd, size_t size)
{
    unsigned char *sent = malloc(size + 1);
    unsigned char *came = malloc(size + 1);
    struct sender sender = {.fd = client_fd, .bytes = sent, .size = size};

    fill(sent, size, size);
    pthread_create(&sender.thread, NULL, run_sender, &sender);
    read_all(client_fd, came, size);
    ck_assert_uint_eq(read_to_end(client_fd), 0);
    ck_assert_int_eq(memcmp(sent, came, size), 0);
    pthread_join(sender.thread, NULL);
    free(sent);
    free(came);
}

static void *close_after_echo(void *argument)
{
    run_echo(argument);
    close(((struct run *)argument)->echo.out_fd);
    return NULL;
}

static void echo_exactly(size_t size, void (*pair)(int fds[2]))
{
    struct run run = {.result = 1};
    int fds[2];

    pair(fds);
    signal(SIGPIPE, SIG_IGN);
    run.echo = (struct echo){
        .in_fd = fds[1], .out_fd = fds[1], .written = &run.written};
    pthread_create(&run.thread, NULL, close_after_echo, &run);
    round_trip(fds[0], size);
    finish(&run);
    ck_assert_int_eq(run.result, 0);
    ck_assert_uint_eq(run.written, size);
    close(fds[0]);
}

static const size_t sizes[] = {0,
                               1,
                               2,
                               BUFFER_FIRST - 1,
                               BUFFER_FIRST,
                               BUFFER_FIRST + 1,
                               2 * BUFFER_FIRST,
                               BUFFER_BULK - 1,
                               BUFFER_BULK,
                               BUFFER_BULK + 1,
                               BUFFER_FIRST + BUFFER_BULK - 1,
                               BUFFER_FIRST + BUFFER_BULK,
                               BUFFER_FIRST + BUFFER_BULK + 1,
                               3 * BUFFER_BULK + 7};

START_TEST(every_size_around_the_buffers_edges_comes_back)
{
    echo_exactly(sizes[_i], unix_pair);
    echo_exactly(sizes[_i], tcp_pair);
}
END_TEST

START_TEST(sixty_four_mebibytes_come_back_intact)
{
    echo_exactly((size_t)64 << 20, tcp_pair);
}
END_TEST

START_TEST(all_byte_values_come_back)
{
    struct run run = {.result = 1};
    unsigned char sent[256];
    unsigned char came[256];
    int fds[2];

    unix_pair(fds);
    start(&run, fds[1], fds[1]);
    for (int i = 0; i < 256; i++)
        sent[i] = (unsigned char)i;
    write_all(fds[0], sent, sizeof sent);
    read_all(fds[0], came, sizeof came);
    ck_assert_int_eq(memcmp(sent, came, sizeof sent), 0);
    close(fds[0]);
    finish(&run);
    ck_assert_int_eq(run.result, 0);
}
END_TEST

START_TEST(a_small_piece_is_not_held_until_more_comes)
{
    struct run run = {.result = 1};
    int fds[2];

    tcp_pair(fds);
    start(&run, fds[1], fds[1]);
    for (int i = 0; i < 100; i++) {
        unsigned char byte = (unsigned char)i;

        write_all(fds[0], &byte, 1);
        byte = 0xff;
        read_all(fds[0], &byte, 1);
        ck_assert_int_eq(byte, i);
    }
    close(fds[0]);
    finish(&run);
}
END_TEST

START_TEST(pipes_are_echoed_too)
{
    struct run run = {.result = 1};
    int in[2];
    int out[2];
    char came[5];

    ck_assert_int_eq(pipe(in), 0);
    ck_assert_int_eq(pipe(out), 0);
    start(&run, in[0], out[1]);
    write_all(in[1], "hello", 5);
    read_all(out[0], came, 5);
    close(in[1]);
    finish(&run);
    ck_assert_int_eq(run.result, 0);
    ck_assert_int_eq(memcmp(came, "hello", 5), 0);
}
END_TEST

static void set_timeout(int fd, int ms)
{
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    ck_assert_int_eq(
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), 0);
    ck_assert_int_eq(
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time), 0);
}

/* A piece larger than the send buffer, and a time limit on the socket: write(2)
 * returns short when the limit ends and nobody has read. */
START_TEST(short_writes_lose_and_repeat_nothing)
{
    enum { SIZE = 2 << 20, LIMIT = 400, ROUNDS = 4 };
    struct run run = {.result = 1};
    struct sender sender = {.size = SIZE};
    unsigned char *sent = malloc(SIZE);
    unsigned char *came = malloc(SIZE);
    int small = 4096;
    size_t at = 0;
    int fds[2];

    unix_pair(fds);
    setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    set_timeout(fds[1], LIMIT);
    fill(sent, SIZE, 1);
    sender.fd = fds[0];
    sender.bytes = sent;
    pthread_create(&sender.thread, NULL, run_sender, &sender);
    start(&run, fds[1], fds[1]);
    read_all(fds[0], came, BUFFER_FIRST + 1);
    at = BUFFER_FIRST + 1;
    for (int i = 0; i < ROUNDS; i++) {
        size_t more = 0;

        EVENTUALLY(run.written > at);
        more = run.written - at;
        read_all(fds[0], came + at, more);
        at += more;
    }
    ck_assert_uint_lt(at, SIZE);
    read_all(fds[0], came + at, SIZE - at);
    ck_assert_int_eq(memcmp(sent, came, SIZE), 0);
    pthread_join(sender.thread, NULL);
    finish(&run);
    ck_assert_int_eq(run.result, 0);
    ck_assert_uint_eq(run.written, SIZE);
    free(sent);
    free(came);
}
END_TEST

static void on_signal(int number)
{
    (void)number;
}

static _Atomic int interrupting;

static void *interrupt(void *argument)
{
    struct run *run = argument;

    while (interrupting) {
        pthread_kill(run->thread, SIGUSR2);
        is_readable(-1, 1); /* a thousand times a second is enough */
    }
    return NULL;
}

/* No SA_RESTART: every blocking call really fails with EINTR. */
static void with_interruptions(struct run *run, void (*test)(struct run *, int))
{
    struct sigaction action = {.sa_handler = on_signal};
    pthread_t thread;
    int fds[2];

    sigaction(SIGUSR2, &action, NULL);
    unix_pair(fds);
    start(run, fds[1], fds[1]);
    interrupting = 1;
    pthread_create(&thread, NULL, interrupt, run);
    test(run, fds[0]);
    interrupting = 0;
    pthread_join(thread, NULL);
    close(fds[0]);
    finish(run);
}

static void send_slowly(struct run *run, int fd)
{
    (void)run;
    for (int i = 0; i < 200; i++) {
        char byte = 0;

        ck_assert(!is_readable(fd, 1));
        write_all(fd, "x", 1);
        read_all(fd, &byte, 1);
        ck_assert_int_eq(byte, 'x');
    }
}

START_TEST(interrupted_reads_go_on)
{
    struct run run = {.result = 1};

    with_interruptions(&run, send_slowly);
    ck_assert_int_eq(run.result, 0);
    ck_assert_uint_eq(run.written, 200);
}
END_TEST

static void read_slowly(struct run *run, int fd)
{
    enum { SIZE = 4 << 20 };
    unsigned char *sent = malloc(SIZE);
    unsigned char *came = malloc(SIZE);
    struct sender sender = {.fd = fd, .bytes = sent, .size = SIZE};

    (void)run;
    fill(sent, SIZE, 2);
    pthread_create(&sender.thread, NULL, run_sender, &sender);
    for (size_t at = 0; at < SIZE; at += SIZE / 256) {
        is_readable(-1, 1); /* so that the echo blocks in its write */
        read_all(fd, came + at, SIZE / 256);
    }
    ck_assert_int_eq(memcmp(sent, came, SIZE), 0);
    pthread_join(sender.thread, NULL);
    free(sent);
    free(came);
}

START_TEST(interrupted_writes_go_on)
{
    struct run run = {.result = 1};

    with_interruptions(&run, read_slowly);
    ck_assert_int_eq(run.result, 0);
    ck_assert_uint_eq(run.written, 4 << 20);
}
END_TEST

static void expect_delay(struct run *run, int fd)
{
    char byte = 0;
    int64_t before = now_ms();

    (void)run;
    write_all(fd, "x", 1);
    read_all(fd, &byte, 1);
    ck_assert_int_ge(now_ms() - before, 49);
}

START_TEST(an_interrupted_delay_lasts_as_long)
{
    struct run run = {.result = 1, .echo.delay_ms = 50};

    with_interruptions(&run, expect_delay);
    ck_assert_int_eq(run.result, 0);
}
END_TEST

START_TEST(a_reset_during_a_delay_ends_it)
{
    struct run run = {.result = 1, .echo.delay_ms = 3600000};
    struct linger reset = {.l_onoff = 1};
    int fds[2];

    tcp_pair(fds);
    start(&run, fds[1], fds[1]);
    write_all(fds[0], "x", 1);
    setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fds[0]);
    finish(&run);
    ck_assert_int_eq(run.result, -1);
}
END_TEST

START_TEST(a_silent_client_times_out)
{
    struct run run = {.result = 1};
    int fds[2];

    tcp_pair(fds);
    set_timeout(fds[1], 30);
    start(&run, fds[1], fds[1]);
    finish(&run);
    ck_assert_int_eq(run.result, -1);
    ck_assert_int_eq(run.error, EAGAIN);
    ck_assert_uint_eq(run.written, 0);
}
END_TEST

/* The client sends for ever and reads nothing. */
START_TEST(a_deaf_client_times_out)
{
    struct run run = {.result = 1};
    char bytes[4096] = "";
    int fds[2];

    tcp_pair(fds);
    set_timeout(fds[1], 30);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    start(&run, fds[1], fds[1]);
    while (run.result == 1)
        if (write(fds[0], bytes, sizeof bytes) < 0 && errno != EAGAIN)
            break;
    finish(&run);
    ck_assert_int_eq(run.result, -1);
    ck_assert_int_eq(run.error, EAGAIN);
    ck_assert_uint_gt(run.written, 0);
}
END_TEST

/* All fits into the kernel's buffer, so the echo waits in vain for more than
 * one time limit; but the client goes on taking what it was sent. */
START_TEST(a_slow_reader_does_not_time_out)
{
    enum { LIMIT = 500, STEP = 50, STEPS = 30 };
    char bytes[BUFFER_FIRST / 2] = "";
    struct run run = {.result = 1};
    int fds[2];

    unix_pair(fds);
    set_timeout(fds[1], LIMIT);
    start(&run, fds[1], fds[1]);
    /* Pieces of their own, since a Unix socket frees whole pieces. */
    for (int i = 0; i < STEPS; i++) {
        write_all(fds[0], bytes, sizeof bytes);
        EVENTUALLY(run.written == sizeof bytes * (unsigned)(i + 1));
    }
    for (int i = 0; i < STEPS; i++) {
        ck_assert_int_eq(run.result, 1);
        sendqueue_hold(fds[0], STEP);
        read_all(fds[0], bytes, sizeof bytes);
    }
    close(fds[0]);
    finish(&run);
    ck_assert_int_eq(run.result, 0);
}
END_TEST

START_TEST(a_reset_is_an_error_not_an_end)
{
    struct run run = {.result = 1};
    struct linger reset = {.l_onoff = 1};
    int fds[2];

    tcp_pair(fds);
    start(&run, fds[1], fds[1]);
    setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fds[0]);
    finish(&run);
    ck_assert_int_eq(run.result, -1);
    ck_assert_int_eq(run.error, ECONNRESET);
}
END_TEST

START_TEST(what_cannot_be_written_is_an_error)
{
    struct run run = {.result = 1};
    int in[2];
    int out[2];

    ck_assert_int_eq(pipe(in), 0);
    ck_assert_int_eq(pipe(out), 0);
    close(out[0]);
    start(&run, in[0], out[1]);
    write_all(in[1], "x", 1);
    finish(&run);
    ck_assert_int_eq(run.result, -1);
    ck_assert_int_eq(run.error, EPIPE);
    ck_assert_uint_eq(run.written, 0);
}
END_TEST

START_TEST(the_buffer_grows_when_filled_and_shrinks_when_quiet)
{
    struct buffer buffer;
    int fds[2];

    unix_pair(fds);
    buffer_open(&buffer);
    ck_assert_uint_eq(buffer.size, BUFFER_FIRST);
    buffer_fit(&buffer, BUFFER_FIRST - 1, fds[0]);
    ck_assert_uint_eq(buffer.size, BUFFER_FIRST);
    buffer_fit(&buffer, BUFFER_FIRST, fds[0]);
    ck_assert_uint_eq(buffer.size, BUFFER_BULK);
    memset(buffer.bytes, 1, buffer.size);
    write_all(fds[1], "x", 1);
    buffer_fit(&buffer, 1, fds[0]);
    ck_assert_uint_eq(buffer.size, BUFFER_BULK);
    read_all(fds[0], buffer.bytes, 1);
    buffer_fit(&buffer, BUFFER_BULK, fds[0]);
    ck_assert_uint_eq(buffer.size, BUFFER_FIRST);
    ck_assert_ptr_eq(buffer.bytes, buffer.first);
    buffer_close(&buffer);
}
END_TEST

START_TEST(closing_a_buffer_keeps_errno)
{
    struct buffer buffer;

    buffer_open(&buffer);
    buffer_fit(&buffer, BUFFER_FIRST, -1);
    errno = ECONNRESET;
    buffer_close(&buffer);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

START_TEST(a_hold_ends_early_only_if_the_connection_is_over)
{
    int fds[2];
    int64_t before = now_ms();

    tcp_pair(fds);
    write_all(fds[0], "x", 1);
    shutdown(fds[0], SHUT_WR);
    ck_assert(!sendqueue_hold(fds[1], 60));
    ck_assert_int_ge(now_ms() - before, 59);
    shutdown(fds[1], SHUT_RDWR);
    ck_assert(sendqueue_hold(fds[1], 3600000));
}
END_TEST

START_TEST(pending_counts_what_the_peer_has_not_taken)
{
    char bytes[1000] = "";
    int last = 0;
    int fds[2];

    tcp_pair(fds);
    write_all(fds[1], bytes, sizeof bytes);
    sendqueue_wait(fds[1]);
    ck_assert_int_eq(sendqueue_bytes(fds[1]), 0);
    ck_assert(!sendqueue_changed(fds[1], &last));
    unix_pair(fds);
    write_all(fds[1], bytes, sizeof bytes);
    ck_assert_int_gt(sendqueue_bytes(fds[1]), 0);
    ck_assert(sendqueue_changed(fds[1], &last));
    ck_assert(!sendqueue_changed(fds[1], &last));
    read_all(fds[0], bytes, sizeof bytes);
    ck_assert(sendqueue_changed(fds[1], &last));
    errno = ECONNRESET;
    ck_assert_int_eq(sendqueue_bytes(-1), 0);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, every_size_around_the_buffers_edges_comes_back,
                        0, sizeof sizes / sizeof sizes[0]);
    tcase_add_test(tests, sixty_four_mebibytes_come_back_intact);
    tcase_add_test(tests, all_byte_values_come_back);
    tcase_add_test(tests, a_small_piece_is_not_held_until_more_comes);
    tcase_add_test(tests, pipes_are_echoed_too);
    tcase_add_test(tests, short_writes_lose_and_repeat_nothing);
    tcase_add_test(tests, interrupted_reads_go_on);
    tcase_add_test(tests, interrupted_writes_go_on);
    tcase_add_test(tests, an_interrupted_delay_lasts_as_long);
    tcase_add_test(tests, a_reset_during_a_delay_ends_it);
    tcase_add_test(tests, a_silent_client_times_out);
    tcase_add_test(tests, a_deaf_client_times_out);
    tcase_add_test(tests, a_slow_reader_does_not_time_out);
    tcase_add_test(tests, a_reset_is_an_error_not_an_end);
    tcase_add_test(tests, what_cannot_be_written_is_an_error);
    tcase_add_test(tests, the_buffer_grows_when_filled_and_shrinks_when_quiet);
    tcase_add_test(tests, closing_a_buffer_keeps_errno);
    tcase_add_test(tests, a_hold_ends_early_only_if_the_connection_is_over);
    tcase_add_test(tests, pending_counts_what_the_peer_has_not_taken);
}
