/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * copy: standard input to the server, and the echo to standard output.
 *
 * The input is kept until its echo has been received and compared with it.
 */
#include "config.h"

#include "echoc/copy.h"

#include "common/clock.h"
#include "common/sockopt.h"
#include "echoc/net/connect.h"
#include "echoc/net/fault.h"
#include "echoc/net/race.h"
#include "echoc/unechoed.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024 };

struct copy {
    int fd;
    bool print; /* write the echo to standard output */
    int timeout_ms;
    int64_t deadline_ms;      /* for more of the echo, or 0 */
    struct unechoed unechoed; /* the input that has not come back */
    size_t unsent;            /* the last bytes of it, not yet sent */
    uint64_t sent;            /* bytes */
    uint64_t received;        /* bytes, up to as many as were sent */
    bool input_ended;         /* nothing more will be sent */
    bool echo_ended;          /* received EOF */
    int send_error;           /* errno of a failed send(2), or 0 */
    struct fault fault;       /* the first one */
    char errmsg[ERRMSG_MAX];  /* a failure on this side, or "" */
};

static int copy_both_ways(struct copy *copy);
static enum status print_result(const struct copy *copy, const char *name,
                                double seconds);
static void update_deadline(struct copy *copy);
static int ms_left(const struct copy *copy);
static bool wants_input(const struct copy *copy);
static int read_input(struct copy *copy);
static void send_input(struct copy *copy);
static int receive_echo(struct copy *copy);
static int fail(struct copy *copy, enum fault_kind kind, int error);
static int fail_locally(struct copy *copy, const char *what);

enum status copy_run(const struct options *options)
{
    struct copy copy = {.print = !options->verify,
                        .timeout_ms = options->reply_timeout_ms};
    struct server server;
    char name[CONNECT_NAME_MAX];
    enum status status = STATUS_OK;
    int64_t start_ns = 0;

    status = connect_resolve(&server, options, copy.errmsg);
    if (status != STATUS_OK) {
        status_warn("%s", copy.errmsg);
        return status;
    }
    start_ns = clock_ns();
    copy.fd = race_connect(&server, 0, &copy.fault);
    if (copy.fd < 0) {
        char text[FAULT_TEXT_MAX];

        fault_text(&copy.fault, text);
        status_warn("cannot connect to %s: %s", server.text, text);
        status = status_of(&copy.fault);
    } else {
        copy_both_ways(&copy);
        connect_name(&server, server.chosen, name);
        status =
            print_result(&copy, name, (double)(clock_ns() - start_ns) / 1e9);
        close(copy.fd);
        unechoed_free(&copy.unechoed);
    }
    connect_free(&server);
    return status;
}

/* The main loop. Returns 0 after EOF from the server, or -1 with errmsg, or
 * with the fault. Without --verify a fault in the bytes does not end it. */
static int copy_both_ways(struct copy *copy)
{
    while (!copy->echo_ended) {
        struct pollfd pollfds[2] = {
            {.fd = wants_input(copy) ? STDIN_FILENO : -1, .events = POLLIN},
            {.fd = copy->fd,
             .events = copy->unsent > 0 ? POLLIN | POLLOUT : POLLIN}};
        int ready = 0;

        update_deadline(copy);
        ready = poll(pollfds, 2, ms_left(copy));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0)
            return fail_locally(copy, "cannot wait");
        if ((pollfds[1].revents & ~POLLOUT) != 0) {
            if (receive_echo(copy) < 0)
                return -1;
        } else if (ms_left(copy) == 0) {
            return fail(copy, FAULT_LATE, 0);
        }
        if (!copy->echo_ended && (pollfds[1].revents & POLLOUT) != 0)
            send_input(copy);
        if (!copy->echo_ended && pollfds[0].revents != 0 &&
            read_input(copy) < 0)
            return -1;
    }
    return 0;
}

static enum status print_result(const struct copy *copy, const char *name,
                                double seconds)
{
    if (copy->errmsg[0] != '\0') {
        status_warn("%s", copy->errmsg);
        return STATUS_LOCAL;
    }
    if (copy->fault.kind != FAULT_NONE) {
        char text[FAULT_TEXT_MAX];

        fault_text(&copy->fault, text);
        status_warn("%s: %s", name, text);
        return STATUS_FAULT;
    }
    if (!copy->print)
        printf("%" PRIu64 " bytes came back as sent in %.3f s\n",
               copy->received, seconds);
    return STATUS_OK;
}

/* The timeout runs while bytes or, after the input, EOF are missing. Only what
 * is received restarts it. */
static void update_deadline(struct copy *copy)
{
    if (!copy->input_ended && copy->unechoed.length == 0)
        copy->deadline_ms = 0;
    else if (copy->deadline_ms == 0)
        copy->deadline_ms = clock_ms() + copy->timeout_ms;
}

/* The time until the deadline, for poll(2). */
static int ms_left(const struct copy *copy)
{
    return copy->deadline_ms > 0 ? clock_left(copy->deadline_ms) : -1;
}

/* Read a chunk only after the last one was sent, so that chunks stay large. */
static bool wants_input(const struct copy *copy)
{
    return !copy->input_ended && copy->unsent == 0 &&
           copy->unechoed.length + CHUNK <= UNECHOED_MAX;
}

static int read_input(struct copy *copy)
{
    unsigned char *bytes = unechoed_reserve(&copy->unechoed, CHUNK);
    ssize_t size = 0;

    if (bytes == NULL)
        return fail_locally(copy, "cannot keep what was sent");
    size = read(STDIN_FILENO, bytes, CHUNK);
    if (size < 0)
        return errno == EINTR || errno == EAGAIN
                   ? 0
                   : fail_locally(copy, "cannot read standard input");
    if (size == 0) {
        copy->input_ended = true;
        /* If this fails, receive_echo() reports why. */
        shutdown(copy->fd, SHUT_WR);
        return 0;
    }
    unechoed_add(&copy->unechoed, (size_t)size);
    copy->unsent = (size_t)size;
    return 0;
}

/* After an error there may still be bytes to receive, so the copy goes on. */
static void send_input(struct copy *copy)
{
    const unsigned char *end =
        unechoed_bytes(&copy->unechoed) + copy->unechoed.length;
    ssize_t size =
        send(copy->fd, end - copy->unsent, copy->unsent, MSG_NOSIGNAL);

    if (size >= 0) {
        copy->sent += (uint64_t)size;
        copy->unsent -= (size_t)size;
    } else if (errno != EAGAIN && errno != EINTR) {
        copy->send_error = errno;
        copy->input_ended = true;
        copy->unsent = 0;
    }
}

static int write_output(struct copy *copy, const unsigned char *bytes,
                        size_t size)
{
    while (size > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, size);

        if (written < 0 && errno == EAGAIN)
            poll(&(struct pollfd){STDOUT_FILENO, POLLOUT, 0}, 1, -1);
        else if (written < 0 && errno != EINTR)
            return fail_locally(copy, "cannot write to standard output");
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

/* Compare with what was sent, until the first fault: after one, offsets may no
 * longer match. */
static void compare(struct copy *copy, const unsigned char *bytes, size_t size)
{
    const unsigned char *sent = unechoed_bytes(&copy->unechoed);
    uint64_t missing = copy->sent - copy->received;
    size_t expected = size < missing ? size : (size_t)missing;
    size_t correct = 0;

    while (correct < expected && sent[correct] == bytes[correct])
        correct++;
    if (correct < size && copy->fault.kind == FAULT_NONE) {
        fail(copy, correct < expected ? FAULT_CHANGED : FAULT_EXTRA, 0);
        copy->fault.offset += correct;
        copy->fault.expected = correct < expected ? sent[correct] : 0;
        copy->fault.got = bytes[correct];
        copy->fault.count = size - correct;
    }
    copy->received += expected;
    unechoed_drop(&copy->unechoed, expected);
}

static int receive_echo(struct copy *copy)
{
    unsigned char bytes[CHUNK];
    ssize_t size = recv(copy->fd, bytes, sizeof bytes, 0);

    if (size < 0)
        return errno == EAGAIN || errno == EINTR
                   ? 0
                   : fail(copy, FAULT_RESET, errno);
    if (size == 0) {
        copy->echo_ended = true;
        if (copy->send_error != 0)
            return fail(copy, FAULT_RESET, copy->send_error);
        if (!copy->input_ended || copy->sent > copy->received)
            return fail(copy, FAULT_CLOSED, 0);
        return 0;
    }
    if (copy->print && write_output(copy, bytes, (size_t)size) < 0)
        return -1;
    compare(copy, bytes, (size_t)size);
    copy->deadline_ms = 0;
    return copy->print || copy->fault.kind == FAULT_NONE ? 0 : -1;
}

/* Record a fault, unless there was one before. Returns -1. */
static int fail(struct copy *copy, enum fault_kind kind, int error)
{
    if (copy->fault.kind == FAULT_NONE)
        copy->fault = (struct fault){.kind = kind,
                                     .error = error,
                                     .after_ms = copy->timeout_ms,
                                     .offset = copy->received,
                                     .sent = copy->sent};
    return -1;
}

/* Record a failure on this side, with errno. Returns -1. */
static int fail_locally(struct copy *copy, const char *what)
{
    return errmsg_set(copy->errmsg, "%s: %s", what, strerror(errno));
}
