/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * badserver: an echo server with one fault, chosen by name, to see whether
 * echoc finds it. It shares no code with echod. What a client does triggers a
 * fault, never chance.
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
#include <sys/un.h>
#include <unistd.h>

enum {
    CHUNK_MAX = 65536,
    APPENDED = 3,
    BULK_LEAST = 16384,
    STORED_MAX = 1 << 20,
    ACCEPT_MS = 200,
    RESET_CHUNKS = 300
};

struct connection {
    const struct fault *fault;
    int fd;
    unsigned number; /* of the connection, from 1 */
    unsigned chunks; /* echoed, as reset_after() counts them */
    uint64_t offset; /* of the chunk, from the connection's beginning */
    size_t size;     /* of the chunk */
    bool is_done;    /* a fault that happens once has happened */
    bool is_kept;    /* the descriptor is never closed */
    unsigned char held_byte;
    unsigned char *stored; /* by store(), STORED_MAX bytes, or NULL */
    size_t stored_size;
    unsigned char bytes[CHUNK_MAX + APPENDED]; /* the chunk */
};

/* When a handler is called; without one, the fault is in how it accepts. */
enum when {
    ACCEPTED,   /* once, before the first read */
    WAITING,    /* before each read */
    RECEIVED,   /* with a chunk, in place of the echo */
    ENDED,      /* after the client's end */
    NO_FAULT,   /* never */
    ONE_BY_ONE, /* the next client is accepted when this one is closed */
    SLOWLY,     /* five clients a second are accepted, and the backlog is 0 */
    NO_ACCEPT   /* no client is accepted, and the backlog is 0 */
};

/* Returns whether the connection goes on. */
typedef bool fault_handler(struct connection *client);

static fault_handler append_bytes, change_byte, close_after, delay_echo,
    delay_half, delay_large, delay_last_byte, drop_nul, echo_slowly, half_close,
    idle, keep_open, late_banner, lose_bytes, make_upper, miscount_byte, mix_up,
    read_only, reset_after, reset_some, send_banner, send_urgent, send_x,
    skip_client, store, swap_bytes, swallow, write_twice;

static const struct fault {
    const char *name;
    const char *text;
    enum when when;
    fault_handler *handler;
    int argument; /* of the handler */
} faults[] = {
    {"good", "no fault", NO_FAULT, NULL, 0},

    {"drop-last", "holds back the last byte", RECEIVED, delay_last_byte, 0},
    {"swap", "swaps bytes 100 and 101, or 0 and 1", RECEIVED, swap_bytes, 0},
    {"change", "flips a bit of byte 1000", RECEIVED, change_byte, 0},
    {"lose", "drops byte 5000", RECEIVED, miscount_byte, 0},
    {"repeat", "sends byte 5000 twice", RECEIVED, miscount_byte, 1},
    {"mix-up", "sends the chunk of another client", RECEIVED, mix_up, 0},
    {"lose-some", "drops every 100th byte", RECEIVED, lose_bytes, 100},
    {"drop-nul", "drops each NUL", RECEIVED, drop_nul, 0},
    {"truncate", "drops what follows 64 KiB", RECEIVED, swallow, 65536},
    {"upper", "sends capital letters for others", RECEIVED, make_upper, 0},
    {"garbage", "sends an x for each byte", RECEIVED, send_x, 0},
    {"too-much", "adds three bytes to each chunk", RECEIVED, append_bytes, 0},

    {"banner", "sends a banner first", ACCEPTED, send_banner, 0},
    {"late-banner", "a banner after 500 ms of silence", WAITING, late_banner,
     0},
    {"urgent", "sends an urgent byte first", ACCEPTED, send_urgent, 0},

    {"close-at-half-close", "closes with bytes unsent", WAITING, half_close, 0},
    {"reset-at-half-close", "resets with bytes unsent", WAITING, half_close, 1},
    {"close-after", "closes after 64 KiB", RECEIVED, close_after, 65536},
    {"close-after-300", "closes after 300 bytes", RECEIVED, close_after, 300},
    {"close-after-1000", "closes after 1000 bytes", RECEIVED, close_after,
     1000},
    {"reset-after", "resets, 300 chunks or 64 KiB", RECEIVED, reset_after,
     65536},
    {"reset-after-1000", "resets after 1000 bytes", RECEIVED, reset_after,
     1000},
    {"no-end", "echoes, but never closes", ENDED, keep_open, 0},
    {"idle-close", "closes when idle for 500 ms", WAITING, idle, 0},
    {"idle-drop", "ignores a client idle for 500 ms", WAITING, idle, 1},

    {"delay-30", "holds each chunk back 30 ms", RECEIVED, delay_echo, 30},
    {"delay-40", "holds each chunk back 40 ms", RECEIVED, delay_echo, 40},
    {"delay-large", "holds 64 bytes and more back", RECEIVED, delay_large, 40},
    {"late-first", "holds the first chunk back 1200 ms", RECEIVED, delay_echo,
     -1200},
    {"late", "holds each chunk back 3 s", RECEIVED, delay_echo, 3000},
    {"dribble", "60 bytes every 10 ms", RECEIVED, echo_slowly, 60},
    {"crawl", "1 byte every 10 ms", RECEIVED, echo_slowly, 1},
    {"nagle", "two writes, no TCP_NODELAY", RECEIVED, write_twice, 0},
    {"nagle-half", "delays every second message of four writes", RECEIVED,
     delay_half, 40},
    {"slow", "reads and sends 200 kB/s", RECEIVED, echo_slowly, 2000},
    {"store", "reads 1 MiB at 400 kB/s, then echoes", RECEIVED, store, 400},
    {"silent", "reads, sends nothing", WAITING, read_only, 0},
    {"no-read", "neither reads nor closes", ACCEPTED, keep_open, 0},

    {"one-at-a-time", "serves one client after another", ONE_BY_ONE, NULL, 0},
    {"slow-accept", "accepts five clients a second", SLOWLY, NULL, 0},
    {"no-accept", "never accepts", NO_ACCEPT, NULL, 0},
    {"refuse-some", "resets every third client", ACCEPTED, reset_some, 3},
    {"refuse-half", "resets every second client", ACCEPTED, reset_some, 2},
    {"skip-third", "does not serve the third client", ACCEPTED, skip_client, 3},
};
enum { FAULTS = sizeof faults / sizeof faults[0] };

/* poll(2) one descriptor. */
static int wait_for(int fd, short events, int ms)
{
    struct pollfd pollfd = {.fd = fd, .events = events};

    return poll(&pollfd, 1, ms);
}

/* No signal is handled, so write(2) on a blocking socket is never short. */
static bool write_all(struct connection *client, const void *bytes, size_t size)
{
    return write(client->fd, bytes, size) == (ssize_t)size;
}

static bool echo(struct connection *client)
{
    return write_all(client, client->bytes, client->size);
}

/* The index in the chunk of a byte of the connection, or size if the chunk does
 * not contain it. For an earlier byte the difference wraps around. */
static size_t find(const struct connection *client, uint64_t offset)
{
    uint64_t index_in_chunk = offset - client->offset;

    return index_in_chunk < client->size ? (size_t)index_in_chunk
                                         : client->size;
}

static bool delay_last_byte(struct connection *client)
{
    bool goes_on = !client->is_done || write_all(client, &client->held_byte, 1);

    client->is_done = true;
    client->held_byte = client->bytes[--client->size];
    return goes_on && echo(client);
}

/* Equal bytes are not swapped: that would be no fault. */
static bool swap_bytes(struct connection *client)
{
    unsigned char *pair = client->bytes + (client->size >= 102 ? 100 : 0);
    unsigned char first = pair[0];

    if (!client->is_done && client->size >= 2 && first != pair[1]) {
        pair[0] = pair[1];
        pair[1] = first;
        client->is_done = true;
    }
    return echo(client);
}

static bool change_byte(struct connection *client)
{
    client->bytes[find(client, 1000)] ^= 1; /* elsewhere: not sent */
    return echo(client);
}

/* Echo in two parts. With argument 1 both contain byte 5000, else neither. */
static bool miscount_byte(struct connection *client)
{
    size_t at = find(client, 5000);
    size_t copies = (size_t)client->fault->argument;
    size_t second = at + 1 - copies;

    if (at == client->size)
        return echo(client);
    return write_all(client, client->bytes, at + copies) &&
           write_all(client, client->bytes + second, client->size - second);
}

/* The first chunk is echoed, too. */
static bool mix_up(struct connection *client)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static unsigned char before[CHUNK_MAX];
    static unsigned char chunk[CHUNK_MAX];
    static size_t size = 0;
    size_t size_before = 0;

    pthread_mutex_lock(&mutex);
    size_before = size == 0 ? client->size : size;
    memcpy(chunk, client->bytes, client->size);
    if (size > 0)
        memcpy(client->bytes, before, size);
    memcpy(before, chunk, client->size);
    size = client->size;
    client->size = size_before;
    pthread_mutex_unlock(&mutex);
    return echo(client);
}

static bool lose_bytes(struct connection *client)
{
    size_t every = (size_t)client->fault->argument;
    size_t kept = 0;

    for (size_t i = 0; i < client->size; i++)
        if ((client->offset + i) % every != every - 1)
            client->bytes[kept++] = client->bytes[i];
    client->size = kept;
    return echo(client);
}

static bool drop_nul(struct connection *client)
{
    size_t kept = 0;

    for (size_t i = 0; i < client->size; i++)
        if (client->bytes[i] != '\0')
            client->bytes[kept++] = client->bytes[i];
    client->size = kept;
    return echo(client);
}

static bool make_upper(struct connection *client)
{
    for (size_t i = 0; i < client->size; i++)
        if (client->bytes[i] >= 'a' && client->bytes[i] <= 'z')
            client->bytes[i] -= 'a' - 'A';
    return echo(client);
}

static bool send_x(struct connection *client)
{
    memset(client->bytes, 'x', client->size);
    return echo(client);
}

static bool append_bytes(struct connection *client)
{
    memcpy(client->bytes + client->size, "+++", APPENDED);
    client->size += APPENDED;
    return echo(client);
}

static bool send_banner(struct connection *client)
{
    return write_all(client, "220 ready\r\n", 11);
}

/* Only to a client that sends nothing, so that no other notices. */
static bool late_banner(struct connection *client)
{
    if (client->offset > 0 || client->is_done ||
        wait_for(client->fd, POLLIN, 500) != 0)
        return true;
    client->is_done = true;
    return send_banner(client);
}

static bool send_urgent(struct connection *client)
{
    return send(client->fd, "!", 1, MSG_OOB) == 1;
}

/* With SO_LINGER of zero, close(2) sends a reset: socket(7). */
static bool reset(struct connection *client)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    return false;
}

/* Until the client's end; close(2) with bytes unread would send a reset. */
static bool read_only(struct connection *client)
{
    while (read(client->fd, client->bytes, CHUNK_MAX) > 0)
        ;
    return false;
}

static bool keep_open(struct connection *client)
{
    client->is_kept = true;
    return false;
}

/* A bulk transfer is not delayed: it would take too long. */
static bool is_bulk(const struct connection *client)
{
    int unread = 0;

    return ioctl(client->fd, FIONREAD, &unread) == 0 && unread > BULK_LEAST;
}

/* The delay lets the client's end arrive before the echo. With argument 1 the
 * connection is reset, else closed. */
static bool half_close(struct connection *client)
{
    wait_for(client->fd, POLLIN | POLLRDHUP, -1);
    if (wait_for(client->fd, POLLRDHUP, is_bulk(client) ? 0 : 20) == 0)
        return true;
    read_only(client);
    return client->fault->argument == 1 && reset(client);
}

/* Echo no byte beyond the number in the argument. Returns whether to go on. */
static bool echo_up_to(struct connection *client)
{
    size_t last = find(client, (uint64_t)client->fault->argument - 1);
    bool is_last = last < client->size;

    if (is_last)
        client->size = last + 1;
    return echo(client) && !is_last;
}

static bool swallow(struct connection *client)
{
    return echo_up_to(client) || read_only(client);
}

static bool close_after(struct connection *client)
{
    if (echo_up_to(client))
        return true;
    shutdown(client->fd, SHUT_WR);
    return read_only(client);
}

static bool reset_after(struct connection *client)
{
    if (echo_up_to(client) && ++client->chunks != RESET_CHUNKS)
        return true;
    return reset(client);
}

/* With argument 1 the connection is left open, but not served any more. */
static bool idle(struct connection *client)
{
    if (wait_for(client->fd, POLLIN, 500) != 0)
        return true;
    if (client->fault->argument == 0)
        return false;
    read_only(client);
    return keep_open(client);
}

/* The argument is in ms; of a negative one only the first chunk is delayed. */
static bool delay_echo(struct connection *client)
{
    int ms = client->fault->argument;

    if (ms < 0)
        ms = client->offset == 0 ? -ms : 0;
    if (client->size <= BULK_LEAST)
        wait_for(-1, 0, ms);
    return echo(client);
}

static bool delay_large(struct connection *client)
{
    return client->size < 64 ? echo(client) : delay_echo(client);
}

/* The probe of small writes sends 64 bytes in one write and 64 in four. */
static bool delay_half(struct connection *client)
{
    if ((client->offset + client->size) % 256 == 128)
        wait_for(-1, 0, client->fault->argument);
    return echo(client);
}

/* The argument is the number of bytes in 10 ms. */
static bool echo_slowly(struct connection *client)
{
    size_t piece = (size_t)client->fault->argument;

    for (size_t at = 0; at < client->size; at += piece) {
        size_t left = client->size - at;

        wait_for(-1, 0, 10);
        if (!write_all(client, client->bytes + at, left < piece ? left : piece))
            return false;
    }
    return true;
}

/* The argument is the number of bytes in 1 ms. A receive buffer of fixed size
 * keeps the kernel from taking in all of it at once. */
static bool store(struct connection *client)
{
    size_t size = client->size;
    int buffer = CHUNK_MAX;

    if (client->stored == NULL) {
        client->stored = malloc(STORED_MAX);
        setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    }
    if (client->stored == NULL || size > STORED_MAX - client->stored_size)
        abort();
    wait_for(-1, 0, (int)size / client->fault->argument);
    memcpy(client->stored + client->stored_size, client->bytes, size);
    client->stored_size += size;
    if (client->stored_size < STORED_MAX)
        return true;
    client->stored_size = 0;
    return write_all(client, client->stored, STORED_MAX);
}

static bool write_twice(struct connection *client)
{
    int no = 0;

    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &no, sizeof no);
    return write_all(client, client->bytes, 1) &&
           write_all(client, client->bytes + 1, client->size - 1);
}

static bool reset_some(struct connection *client)
{
    return client->number % (unsigned)client->fault->argument != 0 ||
           reset(client);
}

static bool skip_client(struct connection *client)
{
    return client->number != (unsigned)client->fault->argument ||
           read_only(client);
}

/* Call the handler if this is when it is due. */
static bool call_handler(enum when when, struct connection *client)
{
    return client->fault->when != when || client->fault->handler(client);
}

static void *serve(void *argument)
{
    struct connection *client = argument;
    bool goes_on = call_handler(ACCEPTED, client);
    ssize_t got = -1;

    while (goes_on && call_handler(WAITING, client) &&
           (got = read(client->fd, client->bytes, CHUNK_MAX)) > 0) {
        client->size = (size_t)got;
        goes_on = client->fault->when == RECEIVED
                      ? call_handler(RECEIVED, client)
                      : echo(client);
        client->offset += (size_t)got;
    }
    if (got == 0)
        call_handler(ENDED, client);
    if (!client->is_kept)
        close(client->fd);
    free(client->stored);
    free(client);
    return NULL;
}

static void start_serving(struct connection *client)
{
    pthread_t thread;
    int yes = 1;

    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (client->fault->when == ONE_BY_ONE)
        serve(client);
    else if (pthread_create(&thread, NULL, serve, client) == 0)
        pthread_detach(thread);
    else
        abort();
}

static void give_up(void)
{
    perror("badserver");
    exit(1);
}

static int listen_on_port(int port, int backlog)
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
        getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        give_up();
    printf("server running on 127.0.0.1:%d\n", ntohs(address.sin_port));
    return fd;
}

static int listen_on_path(const char *path, int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, backlog) != 0)
        give_up();
    printf("server running on %s\n", path);
    return fd;
}

/* A word with a slash is the path of a Unix socket. */
static int listen_at(const char *word, int backlog)
{
    int fd = strchr(word, '/') != NULL ? listen_on_path(word, backlog)
                                       : listen_on_port(atoi(word), backlog);

    fflush(stdout);
    return fd;
}

static const struct fault *find_fault(const char *name)
{
    for (size_t i = 0; i < FAULTS; i++)
        if (strcmp(faults[i].name, name) == 0)
            return &faults[i];
    fputs("usage: badserver FAULT [PORT|PATH]\n", stderr);
    for (size_t i = 0; i < FAULTS; i++)
        fprintf(stderr, "  %-19s  %s\n", faults[i].name, faults[i].text);
    exit(2);
}

static void accept_clients(int listen_fd, const struct fault *fault)
{
    for (unsigned number = 1;; number++) {
        struct connection *client = calloc(1, sizeof *client);

        if (client == NULL)
            abort();
        client->fault = fault;
        client->number = number;
        if (fault->when == SLOWLY)
            wait_for(-1, 0, ACCEPT_MS);
        do
            client->fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
        while (client->fd < 0 && wait_for(-1, 0, 10) == 0);
        start_serving(client);
    }
}

int main(int argc, char *argv[])
{
    const struct fault *fault = find_fault(argc > 1 ? argv[1] : "");
    bool is_short = fault->when == NO_ACCEPT || fault->when == SLOWLY;
    int listen_fd = -1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    listen_fd = listen_at(argc > 2 ? argv[2] : "0", is_short ? 0 : SOMAXCONN);
    while (fault->when == NO_ACCEPT)
        pause();
    accept_clients(listen_fd, fault);
}
