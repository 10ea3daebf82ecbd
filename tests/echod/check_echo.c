/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * echo and sendqueue: every byte is echoed, in order.
 */
#include "config.h"

#include "echod/buffer.h"
#include "echod/echo.h"
#include "echod/sendqueue.h"
#include "tests/common/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* The source itself, with something that happens before getsockopt(2). */
static int delayed_getsockopt(int fd, int level, int name, void *value,
                              socklen_t *length);
#define getsockopt delayed_getsockopt
#include "src/echod/sendqueue.c"
#undef getsockopt

const char suite_name[] = "echo";

static void (*before_getsockopt)(void);

static int delayed_getsockopt(int fd, int level, int name, void *value,
                              socklen_t *length)
{
    if (before_getsockopt != NULL)
        before_getsockopt();
    before_getsockopt = NULL;
    return getsockopt(fd, level, name, value, length);
}

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

    run->result = echo_until_eof(&run->echo);
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

/* A thread that sends size bytes, then half-closes. */
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
    unsigned char *received = malloc(size + 1);
    struct sender sender = {.fd = client_fd, .bytes = sent, .size = size};

    fill(sent, size, size);
    pthread_create(&sender.thread, NULL, run_sender, &sender);
    read_all(client_fd, received, size);
    ck_assert_uint_eq(read_to_end(client_fd), 0);
    ck_assert_int_eq(memcmp(sent, received, size), 0);
    pthread_join(sender.thread, NULL);
    free(sent);
    free(received);
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
                               BUFFER_SMALL - 1,
                               BUFFER_SMALL,
                               BUFFER_SMALL + 1,
                               2 * BUFFER_SMALL,
                               BUFFER_LARGE - 1,
                               BUFFER_LARGE,
                               BUFFER_LARGE + 1,
                               BUFFER_SMALL + BUFFER_LARGE - 1,
                               BUFFER_SMALL + BUFFER_LARGE,
                               BUFFER_SMALL + BUFFER_LARGE + 1,
                               3 * BUFFER_LARGE + 7};

START_TEST(every_size_around_the_buffer_sizes_is_echoed)
{
    echo_exactly(sizes[_i], unix_pair);
    echo_exactly(sizes[_i], tcp_pair);
}
END_TEST

START_TEST(sixty_four_mebibytes_are_echoed_unchanged)
{
    echo_exactly((size_t)64 << 20, tcp_pair);
}
END_TEST

START_TEST(all_byte_values_are_echoed)
{
    struct run run = {.result = 1};
    unsigned char sent[256];
    unsigned char received[256];
    int fds[2];

    unix_pair(fds);
    start(&run, fds[1], fds[1]);
    for (int i = 0; i < 256; i++)
        sent[i] = (unsigned char)i;
    write_all(fds[0], sent, sizeof sent);
    read_all(fds[0], received, sizeof received);
    ck_assert_int_eq(memcmp(sent, received, sizeof sent), 0);
    close(fds[0]);
    finish(&run);
    ck_assert_int_eq(run.result, 0);
}
END_TEST

START_TEST(a_single_byte_is_echoed_at_once)
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

START_TEST(pipes_are_echoed)
{
    struct run run = {.result = 1};
    int in[2];
    int out[2];
    char received[5];

    ck_assert_int_eq(pipe(in), 0);
    ck_assert_int_eq(pipe(out), 0);
    start(&run, in[0], out[1]);
    write_all(in[1], "hello", 5);
    read_all(out[0], received, 5);
    close(in[1]);
    finish(&run);
    ck_assert_int_eq(run.result, 0);
    ck_assert_int_eq(memcmp(received, "hello", 5), 0);
}
END_TEST

static void set_timeout(int fd, int ms)
{
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    ck_assert_int_eq(
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    ck_assert_int_eq(
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
}

/* With a chunk larger than the send buffer and a time limit on the socket,
 * write(2) returns a short count when the limit passes and nothing was read. */
START_TEST(a_short_write_is_completed)
{
    enum { SIZE = 2 << 20, LIMIT = 400, ROUNDS = 4 };
    struct run run = {.result = 1};
    struct sender sender = {.size = SIZE};
    unsigned char *sent = malloc(SIZE);
    unsigned char *received = malloc(SIZE);
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
    read_all(fds[0], received, BUFFER_SMALL + 1);
    at = BUFFER_SMALL + 1;
    for (int i = 0; i < ROUNDS; i++) {
        size_t more = 0;

        EVENTUALLY(run.written > at);
        more = run.written - at;
        read_all(fds[0], received + at, more);
        at += more;
    }
    ck_assert_uint_lt(at, SIZE);
    read_all(fds[0], received + at, SIZE - at);
    ck_assert_int_eq(memcmp(sent, received, SIZE), 0);
    pthread_join(sender.thread, NULL);
    finish(&run);
    ck_assert_int_eq(run.result, 0);
    ck_assert_uint_eq(run.written, SIZE);
    free(sent);
    free(received);
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
static void run_interrupted(struct run *run, void (*test)(struct run *, int))
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

START_TEST(an_interrupted_read_is_repeated)
{
    struct run run = {.result = 1};

    run_interrupted(&run, send_slowly);
    ck_assert_int_eq(run.result, 0);
    ck_assert_uint_eq(run.written, 200);
}
END_TEST

static void read_slowly(struct run *run, int fd)
{
    enum { SIZE = 4 << 20 };
    unsigned char *sent = malloc(SIZE);
    unsigned char *received = malloc(SIZE);
    struct sender sender = {.fd = fd, .bytes = sent, .size = SIZE};

    (void)run;
    fill(sent, SIZE, 2);
    pthread_create(&sender.thread, NULL, run_sender, &sender);
    for (size_t at = 0; at < SIZE; at += SIZE / 256) {
        is_readable(-1, 1); /* so that the echo blocks in its write */
        read_all(fd, received + at, SIZE / 256);
    }
    ck_assert_int_eq(memcmp(sent, received, SIZE), 0);
    pthread_join(sender.thread, NULL);
    free(sent);
    free(received);
}

START_TEST(an_interrupted_write_is_repeated)
{
    struct run run = {.result = 1};

    run_interrupted(&run, read_slowly);
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

START_TEST(an_interrupted_delay_is_not_shortened)
{
    struct run run = {.result = 1, .echo.delay_ms = 50};

    run_interrupted(&run, expect_delay);
    ck_assert_int_eq(run.result, 0);
}
END_TEST

START_TEST(a_reset_ends_a_delay)
{
    struct run run = {.result = 1, .echo.delay_ms = 3600000};
    int fds[2];

    tcp_pair(fds);
    start(&run, fds[1], fds[1]);
    write_all(fds[0], "x", 1);
    reset_connection(fds[0]);
    finish(&run);
    ck_assert_int_eq(run.result, -1);
}
END_TEST

START_TEST(a_client_that_sends_nothing_times_out)
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

START_TEST(a_client_that_does_not_read_times_out)
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

/* Everything fits into the send buffer, so the echo waits in read(2), for
 * longer than its time limit, while the client reads what was echoed before. */
START_TEST(a_client_that_reads_slowly_does_not_time_out)
{
    enum { LIMIT = 500, STEP = 50, STEPS = 30 };
    char bytes[BUFFER_SMALL / 2] = "";
    struct run run = {.result = 1};
    int fds[2];

    unix_pair(fds);
    set_timeout(fds[1], LIMIT);
    start(&run, fds[1], fds[1]);
    /* In separate writes, since a Unix socket frees whole buffers. */
    for (int i = 0; i < STEPS; i++) {
        write_all(fds[0], bytes, sizeof bytes);
        EVENTUALLY(run.written == sizeof bytes * (unsigned)(i + 1));
    }
    for (int i = 0; i < STEPS; i++) {
        ck_assert_int_eq(run.result, 1);
        sendqueue_wait_hangup(fds[0], STEP);
        read_all(fds[0], bytes, sizeof bytes);
    }
    close(fds[0]);
    finish(&run);
    ck_assert_int_eq(run.result, 0);
}
END_TEST

START_TEST(a_reset_is_an_error_not_end_of_file)
{
    struct run run = {.result = 1};
    int fds[2];

    tcp_pair(fds);
    start(&run, fds[1], fds[1]);
    reset_connection(fds[0]);
    finish(&run);
    ck_assert_int_eq(run.result, -1);
    ck_assert_int_eq(run.error, ECONNRESET);
}
END_TEST

START_TEST(a_failed_write_is_an_error)
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

/* How many bytes of a packet of this size are echoed: read(2) cuts off what
 * does not fit into its buffer, unix(7) SOCK_SEQPACKET. */
static ssize_t echo_packet(int fd, size_t size)
{
    static char packet[2 * BUFFER_SMALL];

    ck_assert_int_eq(write(fd, packet, size), (ssize_t)size);
    ck_assert(is_readable(fd, 30000));
    return read(fd, packet, sizeof packet);
}

START_TEST(the_buffer_grows_when_filled_and_shrinks_when_idle)
{
    enum { SMALL = BUFFER_SMALL, BIG = 2 * BUFFER_SMALL };
    struct run run = {.result = 1};
    int wait_ms = 100;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    start(&run, fds[1], fds[1]);
    ck_assert_int_eq(echo_packet(fds[0], SMALL - 1), SMALL - 1);
    ck_assert_int_eq(echo_packet(fds[0], BIG), SMALL); /* and filled it */
    ck_assert_int_eq(echo_packet(fds[0], BIG), BIG);
    while (echo_packet(fds[0], BIG) == BIG) {
        ck_assert_int_lt(wait_ms, 30000);
        ck_assert(!is_readable(fds[0], wait_ms));
        wait_ms *= 2;
    }
    close(fds[0]);
    finish(&run);
    ck_assert_int_eq(run.result, 0);
}
END_TEST

START_TEST(an_error_with_a_large_buffer_keeps_its_errno)
{
    struct run run = {.result = 1};
    char bytes[BUFFER_SMALL] = "";
    int fds[2];

    tcp_pair(fds);
    write_all(fds[0], bytes, sizeof bytes);
    start(&run, fds[1], fds[1]);
    read_all(fds[0], bytes, sizeof bytes);
    reset_connection(fds[0]);
    finish(&run);
    ck_assert_int_eq(run.result, -1);
    ck_assert_int_eq(run.error, ECONNRESET);
}
END_TEST

START_TEST(a_wait_ends_early_only_if_the_connection_is_over)
{
    int fds[2];
    int64_t before = now_ms();

    tcp_pair(fds);
    write_all(fds[0], "x", 1);
    shutdown(fds[0], SHUT_WR);
    ck_assert(!sendqueue_wait_hangup(fds[1], 60));
    ck_assert_int_ge(now_ms() - before, 59);
    shutdown(fds[1], SHUT_RDWR);
    ck_assert(sendqueue_wait_hangup(fds[1], 3600000));
}
END_TEST

START_TEST(the_fin_is_not_counted)
{
    char bytes[1000] = "";
    struct sendqueue_wait wait = {.half_closed = true};
    int fds[2];

    tcp_pair(fds);
    write_all(fds[1], bytes, sizeof bytes);
    shutdown(fds[1], SHUT_WR);
    wait.fd = fds[1];
    EVENTUALLY(sendqueue_wait(&wait) == 0);
    ck_assert_int_eq(sendqueue_unacked(fds[1], true), 0);
}
END_TEST

START_TEST(input_that_was_not_read_is_noticed)
{
    int fds[2];

    tcp_pair(fds);
    ck_assert(!sendqueue_has_input(fds[1]));
    write_all(fds[0], "x", 1);
    ck_assert(is_readable(fds[1], 30000));
    ck_assert(sendqueue_has_input(fds[1]));
    ck_assert(sendqueue_has_input(fds[1])); /* it was not read */
}
END_TEST

/* Fill both buffers of the connection. */
static void fill_queue(int fd)
{
    static char bytes[65536];

    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (write(fd, bytes, sizeof bytes) > 0)
        continue;
    ck_assert_int_eq(errno, EAGAIN);
}

START_TEST(a_wait_without_progress_ends_at_the_time_limit)
{
    struct sendqueue_wait wait = {.timeout_ms = 100};
    int fds[2];

    tcp_pair(fds);
    fill_queue(fds[1]);
    wait.fd = fds[1];
    errno = 0;
    for (int i = 0; sendqueue_wait(&wait) > 0; i++)
        ck_assert_int_lt(i, 1000);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_gt(sendqueue_unacked(fds[1], false), 0);
}
END_TEST

START_TEST(a_connection_that_breaks_before_the_acknowledgement_is_an_error)
{
    int fds[2];

    tcp_pair(fds);
    fill_queue(fds[1]);
    reset_connection(fds[0]);
    EVENTUALLY(sendqueue_unacked(fds[1], false) < 0);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

START_TEST(a_reset_after_the_acknowledgement_is_no_error)
{
    int fds[2];

    tcp_pair(fds);
    write_all(fds[1], "x", 1);
    ck_assert(is_readable(fds[0], 30000));
    EVENTUALLY(sendqueue_unacked(fds[1], false) == 0);
    reset_connection(fds[0]);
    ck_assert(is_readable(fds[1], 30000));
    ck_assert_int_eq(sendqueue_unacked(fds[1], false), 0);
}
END_TEST

static int late_fds[2];

static void read_everything_and_reset(void)
{
    static char bytes[65536];

    while (sendqueue_bytes(late_fds[1]) > 0)
        ck_assert_int_gt(read(late_fds[0], bytes, sizeof bytes), 0);
    reset_connection(late_fds[0]);
    ck_assert(is_readable(late_fds[1], 30000));
}

START_TEST(an_acknowledgement_just_before_a_reset_counts)
{
    tcp_pair(late_fds);
    fill_queue(late_fds[1]);
    before_getsockopt = read_everything_and_reset;
    ck_assert_int_eq(sendqueue_unacked(late_fds[1], false), 0);
}
END_TEST

START_TEST(a_unix_socket_counts_what_the_peer_has_not_read)
{
    char bytes[1000] = "";
    int fds[2];

    unix_pair(fds);
    write_all(fds[1], bytes, sizeof bytes);
    ck_assert_int_gt(sendqueue_unacked(fds[1], false), 0);
    read_all(fds[0], bytes, sizeof bytes);
    ck_assert_int_eq(sendqueue_unacked(fds[1], false), 0);
    write_all(fds[1], bytes, sizeof bytes);
    close(fds[0]);
    ck_assert_int_eq(sendqueue_unacked(fds[1], false), -1);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

static bool close_resets(int fds[2])
{
    struct pollfd pollfd = {.fd = fds[0], .events = 0};

    sendqueue_discard(fds[1]);
    close(fds[1]);
    return poll(&pollfd, 1, 100) == 1 && (pollfd.revents & POLLERR) != 0;
}

START_TEST(only_a_queue_that_is_not_empty_is_discarded)
{
    int fds[2];

    tcp_pair(fds);
    fill_queue(fds[1]);
    ck_assert(close_resets(fds));
    tcp_pair(fds);
    ck_assert(!close_resets(fds));
    ck_assert_uint_eq(read_to_end(fds[0]), 0);
}
END_TEST

START_TEST(a_queue_that_cannot_be_read_is_empty_and_keeps_errno)
{
    errno = ECONNRESET;
    ck_assert_int_eq(sendqueue_bytes(-1), 0);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, every_size_around_the_buffer_sizes_is_echoed, 0,
                        sizeof sizes / sizeof sizes[0]);
    tcase_add_test(tests, sixty_four_mebibytes_are_echoed_unchanged);
    tcase_add_test(tests, all_byte_values_are_echoed);
    tcase_add_test(tests, a_single_byte_is_echoed_at_once);
    tcase_add_test(tests, pipes_are_echoed);
    tcase_add_test(tests, a_short_write_is_completed);
    tcase_add_test(tests, an_interrupted_read_is_repeated);
    tcase_add_test(tests, an_interrupted_write_is_repeated);
    tcase_add_test(tests, an_interrupted_delay_is_not_shortened);
    tcase_add_test(tests, a_reset_ends_a_delay);
    tcase_add_test(tests, a_client_that_sends_nothing_times_out);
    tcase_add_test(tests, a_client_that_does_not_read_times_out);
    tcase_add_test(tests, a_client_that_reads_slowly_does_not_time_out);
    tcase_add_test(tests, a_reset_is_an_error_not_end_of_file);
    tcase_add_test(tests, a_failed_write_is_an_error);
    tcase_add_test(tests, the_buffer_grows_when_filled_and_shrinks_when_idle);
    tcase_add_test(tests, an_error_with_a_large_buffer_keeps_its_errno);
    tcase_add_test(tests, a_wait_ends_early_only_if_the_connection_is_over);
    tcase_add_test(tests, the_fin_is_not_counted);
    tcase_add_test(tests, input_that_was_not_read_is_noticed);
    tcase_add_test(tests, a_wait_without_progress_ends_at_the_time_limit);
    tcase_add_test(
        tests, a_connection_that_breaks_before_the_acknowledgement_is_an_error);
    tcase_add_test(tests, a_reset_after_the_acknowledgement_is_no_error);
    tcase_add_test(tests, only_a_queue_that_is_not_empty_is_discarded);
    tcase_add_test(tests, an_acknowledgement_just_before_a_reset_counts);
    tcase_add_test(tests, a_unix_socket_counts_what_the_peer_has_not_read);
    tcase_add_test(tests, a_queue_that_cannot_be_read_is_empty_and_keeps_errno);
}
