/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * pipe: standard input to the server, and what comes back to standard output.
 *
 * Knows both directions of one connection at once. Must not know the pattern:
 * here the bytes are the user's.
 */
#include "config.h"

#include "echoc/copy.h"

#include "common/clock.h"
#include "echoc/backlog.h"
#include "echoc/net/connect.h"
#include "echoc/net/fault.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

struct copy {
    int fd;
    bool print;
    bool input_ended; /* and the other side was told, or takes no more */
    bool ended;       /* the other side's end */
    int send_error;   /* an errno: why it takes no more; 0 */
    int timeout_ms;
    int64_t due_ms; /* when something must have come; 0: nothing is due */
    uint64_t read;  /* from standard input */
    uint64_t sent;
    uint64_t received;
    struct backlog backlog; /* of what was read and is not back */
    struct fault fault;     /* the first */
    const char *local;      /* what failed on this side; NULL: nothing */
    int local_error;
};

/* The first fault is the one that is told. Returns -1. */
static int fail(struct copy *copy, enum fault_kind kind, int error)
{
    if (copy->fault.kind == FAULT_NONE)
        copy->fault = (struct fault){.kind = kind,
                                     .change = CHANGE_UNKNOWN,
                                     .error = error,
                                     .after_ms = copy->timeout_ms,
                                     .offset = copy->received,
                                     .sent = copy->sent};
    return -1;
}

static int fail_locally(struct copy *copy, const char *what)
{
    copy->local = what;
    copy->local_error = errno;
    return -1;
}

/* The next piece is read once the last is sent, so pieces keep their size. */
static bool wants_input(const struct copy *copy)
{
    return !copy->input_ended && copy->sent == copy->read &&
           copy->backlog.length + PIECE <= BACKLOG_MAX;
}

static int take_input(struct copy *copy)
{
    unsigned char *room = backlog_room(&copy->backlog, PIECE);
    ssize_t got = 0;

    if (room == NULL)
        return fail_locally(copy, "cannot keep what was sent");
    got = read(STDIN_FILENO, room, PIECE);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN
                   ? 0
                   : fail_locally(copy, "cannot read standard input");
    if (got == 0) {
        copy->input_ended = true;
        shutdown(copy->fd, SHUT_WR); /* if that is over, to read tells how */
        return 0;
    }
    backlog_added(&copy->backlog, (size_t)got);
    copy->read += (uint64_t)got;
    return 0;
}

/* Who takes no more may yet have something to say; it is heard to its end. */
static void stop_sending(struct copy *copy, int error)
{
    copy->send_error = error;
    copy->input_ended = true;
    copy->read = copy->sent;
}

static void send_piece(struct copy *copy)
{
    size_t size = (size_t)(copy->read - copy->sent);
    const unsigned char *end =
        backlog_bytes(&copy->backlog) + copy->backlog.length;
    ssize_t taken = send(copy->fd, end - size, size, MSG_NOSIGNAL);

    if (taken > 0)
        copy->sent += (uint64_t)taken;
    if (taken < 0 && errno != EAGAIN && errno != EINTR)
        stop_sending(copy, errno);
}

/* Before the first fault; after it there is nothing to hold bytes against. */
static void compare(struct copy *copy, const unsigned char *came, size_t due,
                    size_t size)
{
    const unsigned char *sent = backlog_bytes(&copy->backlog);
    size_t right = 0;

    while (right < due && sent[right] == came[right])
        right++;
    if (right == size)
        return;
    fail(copy, right < due ? FAULT_CHANGED : FAULT_EXTRA, 0);
    copy->fault.offset += right;
    copy->fault.expected = right < due ? sent[right] : 0;
    copy->fault.got = came[right];
    copy->fault.count = size - right;
}

static void account(struct copy *copy, const unsigned char *came, size_t size)
{
    uint64_t missing = copy->sent - copy->received;
    size_t due = size < missing ? size : (size_t)missing;

    if (copy->fault.kind == FAULT_NONE)
        compare(copy, came, due, size);
    copy->received += due;
    backlog_drop(&copy->backlog, due);
}

static int put(struct copy *copy, const unsigned char *bytes, size_t size)
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

static int take_echo(struct copy *copy)
{
    unsigned char came[PIECE];
    ssize_t got = recv(copy->fd, came, sizeof came, 0);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR
                   ? 0
                   : fail(copy, FAULT_RESET, errno);
    if (got == 0) {
        copy->ended = true;
        if (copy->send_error != 0)
            return fail(copy, FAULT_RESET, copy->send_error);
        return copy->sent > copy->received || !copy->input_ended
                   ? fail(copy, FAULT_CLOSED, 0)
                   : 0;
    }
    if (copy->print && put(copy, came, (size_t)got) < 0)
        return -1;
    account(copy, came, (size_t)got);
    copy->due_ms = 0; /* and perhaps anew */
    return copy->print || copy->fault.kind == FAULT_NONE ? 0 : -1;
}

/* Nothing is due while all is back and there may be more input. Otherwise the
 * time is since something last came, whatever goes out meanwhile. */
static int wait_ms(struct copy *copy)
{
    if (!copy->input_ended && copy->read == copy->received)
        copy->due_ms = 0;
    else if (copy->due_ms == 0)
        copy->due_ms = clock_ms() + copy->timeout_ms;
    return copy->due_ms > 0 ? clock_left(copy->due_ms) : -1;
}

static int step(struct copy *copy)
{
    short send_events = copy->read > copy->sent ? POLLOUT : 0;
    struct pollfd pollfds[2] = {
        {.fd = wants_input(copy) ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = copy->fd, .events = (short)(POLLIN | send_events)}};
    int ready = poll(pollfds, 2, wait_ms(copy));

    if (ready < 0)
        return errno == EINTR ? 0 : fail_locally(copy, "cannot wait");
    if ((pollfds[1].revents & ~POLLOUT) != 0) {
        if (take_echo(copy) < 0)
            return -1;
    } else if (copy->due_ms > 0 && clock_left(copy->due_ms) == 0) {
        return fail(copy, FAULT_LATE, 0);
    }
    if (!copy->ended && (pollfds[1].revents & POLLOUT) != 0)
        send_piece(copy);
    if (!copy->ended && pollfds[0].revents != 0)
        return take_input(copy);
    return 0;
}

static enum status conclude(const struct copy *copy, const char *name,
                            int64_t start_ns)
{
    char text[FAULT_TEXT_MAX];
    double seconds = (double)(clock_ns() - start_ns) / 1e9;

    if (copy->local != NULL) {
        status_warn("%s: %s", copy->local, strerror(copy->local_error));
        return STATUS_LOCAL;
    }
    if (copy->fault.kind != FAULT_NONE) {
        fault_text(&copy->fault, text);
        status_warn("%s: %s", name, text);
        return STATUS_FAULT;
    }
    if (!copy->print)
        printf("%" PRIu64 " bytes came back as sent in %.3f s\n",
               copy->received, seconds);
    return STATUS_OK;
}

enum status copy_run(const struct options *options)
{
    struct copy copy = {.print = !options->verify,
                        .timeout_ms = options->reply_timeout_ms};
    struct server server;
    char name[CONNECT_NAME_MAX];
    char errmsg[ERRMSG_MAX];
    char text[FAULT_TEXT_MAX];
    enum status status = STATUS_OK;
    int64_t start_ns = 0;

    if (connect_resolve(&server, options, errmsg) < 0) {
        status_warn("%s", errmsg);
        return STATUS_FAULT;
    }
    start_ns = clock_ns();
    copy.fd = connect_any(&server, options->connect_timeout_ms, &copy.fault);
    if (copy.fd < 0) {
        fault_text(&copy.fault, text);
        status_warn("cannot connect to %s: %s", server.text, text);
        status = status_of(&copy.fault);
    } else {
        while (!copy.ended && step(&copy) == 0)
            continue;
        connect_name(&server, server.chosen, name);
        status = conclude(&copy, name, start_ns);
        close(copy.fd);
        backlog_free(&copy.backlog);
    }
    connect_free(&server);
    return status;
}
