/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * badserver: an echo server with one fault, so that a client's tests can see
 * whether the client notices. It shares no code with echod; a fault is brought
 * about by what a connection does, never by chance.
 */
#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 65536 };

struct connection {
    const struct fault *fault;
    int fd;
    unsigned number; /* counted from 1 */
    unsigned pieces; /* as far as an act counts them */
    uint64_t offset; /* of the piece at hand */
    size_t size;     /* of the piece at hand */
    bool happened;   /* what happens once has */
    bool left_open;  /* nobody closes it */
    unsigned char held;
    unsigned char bytes[PIECE + 3]; /* too-much appends three */
};

enum moment { NEVER, START, BEFORE_READ, ANSWER, END, ALONE, UNACCEPTED };

struct fault {
    const char *name;
    const char *what;
    enum moment when;
    bool (*act)(struct connection *client); /* does the connection go on? */
    int number;                             /* its meaning is act's */
};

static int look(int fd, short events, int ms)
{
    struct pollfd pollfd = {.fd = fd, .events = events};

    return poll(&pollfd, 1, ms);
}

/* Whoever handles no signals sees no short writes. */
static bool put(struct connection *client, const void *bytes, size_t size)
{
    return write(client->fd, bytes, size) == (ssize_t)size;
}

static bool echo(struct connection *client)
{
    return put(client, client->bytes, client->size);
}

/* To close with bytes unread would be a reset. */
static bool drain(struct connection *client)
{
    while (read(client->fd, client->bytes, PIECE) > 0)
        ;
    return false;
}

static bool leave_open(struct connection *client)
{
    client->left_open = true;
    return false;
}

static bool reset(struct connection *client)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    return false;
}

static bool hold_last(struct connection *client)
{
    bool fine = !client->happened || put(client, &client->held, 1);

    client->happened = true;
    client->held = client->bytes[--client->size];
    return fine && echo(client);
}

/* To swap two that are equal would be no fault: it waits for a better pair. */
static bool swap(struct connection *client)
{
    unsigned char *pair = client->bytes + (client->size >= 102 ? 100 : 0);
    unsigned char first = pair[0];

    if (!client->happened && client->size >= 2 && first != pair[1]) {
        pair[0] = pair[1];
        pair[1] = first;
        client->happened = true;
    }
    return echo(client);
}

/* Where in the piece is this offset of the connection? Its size: nowhere. */
static size_t find(const struct connection *client, uint64_t offset)
{
    uint64_t at = offset - client->offset; /* what is past wraps around */

    return at < client->size ? (size_t)at : client->size;
}

static bool change(struct connection *client)
{
    client->bytes[find(client, 1000)] ^= 1; /* or one that is not sent */
    return echo(client);
}

/* The two parts leave the byte out, or overlap in it if number is 1. */
static bool miscount(struct connection *client)
{
    size_t at = find(client, 5000);
    size_t twice = (size_t)client->fault->number;
    size_t next = at + 1 - twice;

    if (at == client->size)
        return echo(client);
    return put(client, client->bytes, at + twice) &&
           put(client, client->bytes + next, client->size - next);
}

static bool greet(struct connection *client)
{
    return put(client, "220 ready\r\n", 11);
}

static bool send_urgent(struct connection *client)
{
    return send(client->fd, "!", 1, MSG_OOB) == 1;
}

/* Bulk need not take all day to be served badly. */
static bool is_bulk(const struct connection *client)
{
    int waiting = 0;

    return ioctl(client->fd, FIONREAD, &waiting) == 0 && waiting > 16384;
}

/* Each piece waits, so that an end finds some of them unanswered. */
static bool half_close(struct connection *client)
{
    look(client->fd, POLLIN | POLLRDHUP, -1);
    return look(client->fd, POLLRDHUP, is_bulk(client) ? 0 : 20) == 0 ||
           drain(client) || (client->fault->number == 1 && reset(client));
}

static bool echo_later(struct connection *client)
{
    if (client->size <= 16384)
        look(-1, 0, client->fault->number);
    return echo(client);
}

static bool echo_in_two(struct connection *client)
{
    int no = 0;

    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &no, sizeof no);
    return put(client, client->bytes, 1) &&
           put(client, client->bytes + 1, client->size - 1);
}

/* Ends after 64 KiB; if there is a number of pieces, after these, and hard. */
static bool end_after(struct connection *client)
{
    unsigned pieces = (unsigned)client->fault->number;
    size_t last = find(client, 65536 - 1);
    bool enough = last < client->size;

    client->size = enough ? last + 1 : client->size;
    if (echo(client) && !enough && ++client->pieces != pieces)
        return true;
    if (pieces > 0)
        return reset(client);
    shutdown(client->fd, SHUT_WR);
    return drain(client);
}

static bool answer_x(struct connection *client)
{
    memset(client->bytes, 'x', client->size);
    return echo(client);
}

static bool append(struct connection *client)
{
    memcpy(client->bytes + client->size, "+++", 3);
    client->size += 3;
    return echo(client);
}

static bool idle(struct connection *client)
{
    return look(client->fd, POLLIN, 300) != 0 ||
           (client->fault->number == 1 &&
            (drain(client) || leave_open(client)));
}

static bool refuse_third(struct connection *client)
{
    return client->number % 3 != 0 || reset(client);
}

static const struct fault faults[] = {
    {"good", "has none", NEVER, NULL, 0},
    {"drop-last", "holds the last byte back, always", ANSWER, hold_last, 0},
    {"swap", "swaps bytes 100 and 101, or 0 and 1", ANSWER, swap, 0},
    {"change", "flips a bit of byte 1000", ANSWER, change, 0},
    {"lose", "drops byte 5000", ANSWER, miscount, 0},
    {"repeat", "sends byte 5000 twice", ANSWER, miscount, 1},
    {"banner", "greets first", START, greet, 0},
    {"urgent", "sends a byte out of band first", START, send_urgent, 0},
    {"close-at-half-close", "drops what waits", BEFORE_READ, half_close, 0},
    {"reset-at-half-close", "the same, but resets", BEFORE_READ, half_close, 1},
    {"one-at-a-time", "serves one client after another", ALONE, NULL, 0},
    {"delay-40", "holds each piece back 40 ms", ANSWER, echo_later, 40},
    {"nagle", "two writes a piece, no TCP_NODELAY", ANSWER, echo_in_two, 0},
    {"reset-after", "resets after 300 pieces, 64 KiB", ANSWER, end_after, 300},
    {"close-after", "closes after 64 KiB", ANSWER, end_after, 0},
    {"silent", "reads, closes when the client does", BEFORE_READ, drain, 0},
    {"garbage", "answers as many x", ANSWER, answer_x, 0},
    {"too-much", "adds three bytes to each piece", ANSWER, append, 0},
    {"no-end", "never closes", END, leave_open, 0},
    {"idle-close", "closes when idle for 300 ms", BEFORE_READ, idle, 0},
    {"idle-drop", "goes silent when idle for 300 ms", BEFORE_READ, idle, 1},
    {"deaf", "never reads nor closes", START, leave_open, 0},
    {"late", "holds each piece back 3 s", ANSWER, echo_later, 3000},
    {"no-accept", "never accepts, backlog 0", UNACCEPTED, NULL, 0},
    {"refuse-some", "resets every third connection", START, refuse_third, 0},
};
enum { FAULTS = sizeof faults / sizeof faults[0] };

static bool act_at(enum moment when, struct connection *client)
{
    return client->fault->when != when || client->fault->act(client);
}

static void *serve(void *argument)
{
    struct connection *client = argument;
    bool goes_on = act_at(START, client);
    ssize_t got = -1;

    while (goes_on && act_at(BEFORE_READ, client) &&
           (got = read(client->fd, client->bytes, PIECE)) > 0) {
        client->size = (size_t)got;
        goes_on = client->fault->when == ANSWER ? act_at(ANSWER, client)
                                                : echo(client);
        client->offset += (size_t)got;
    }
    if (got == 0)
        act_at(END, client);
    if (!client->left_open)
        close(client->fd);
    free(client);
    return NULL;
}

static void welcome(struct connection *client)
{
    pthread_t thread;
    int yes = 1;

    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (client->fault->when == ALONE)
        serve(client);
    else if (pthread_create(&thread, NULL, serve, client) == 0)
        pthread_detach(thread);
    else
        abort();
}

static int listen_at(int port, int backlog)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&address, length) != 0 ||
        listen(fd, backlog) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        perror("badserver");
        exit(1);
    }
    printf("server running on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static const struct fault *fault_named(const char *name)
{
    for (size_t i = 0; i < FAULTS; i++)
        if (strcmp(faults[i].name, name) == 0)
            return &faults[i];
    fputs("usage: badserver FAULT [PORT]\n", stderr);
    for (size_t i = 0; i < FAULTS; i++)
        fprintf(stderr, "  %-19s  %s\n", faults[i].name, faults[i].what);
    exit(2);
}

int main(int argc, char *argv[])
{
    const struct fault *fault = fault_named(argc > 1 ? argv[1] : "");
    int listen_fd = -1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    listen_fd = listen_at(argc > 2 ? atoi(argv[2]) : 0,
                          fault->when == UNACCEPTED ? 0 : SOMAXCONN);
    while (fault->when == UNACCEPTED)
        pause();
    for (unsigned number = 1;; number++) {
        struct connection *client = calloc(1, sizeof *client);

        if (client == NULL)
            abort();
        client->fault = fault;
        client->number = number;
        do
            client->fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
        while (client->fd < 0 && look(-1, 0, 10) == 0);
        welcome(client);
    }
}
