/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * connect: look-ups, endpoints, local addresses, code points, the race, and
 * what fails.
 */
#include "config.h"

#include "common/address.h"
#include "common/clock.h"
#include "echoc/interrupt.h"
#include "echoc/net/race.h"
#include "tests/common/suite.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char suite_name[] = "client connect";

static struct options options;
static struct server server;
static struct fault fault;
static char errmsg[ERRMSG_MAX];
static size_t threads_before;

/* A resolver to test with, in place of the C library's. It knows addresses in
 * numbers and two names, and for the others it never answers. */
static atomic_bool is_released; /* answer after all: the name is unknown */
static bool raises_signal;      /* before it waits */

static const char *const no_host[] = {"::1", "127.0.0.1", NULL};
static const char *const both[] = {"::1",       "::2",       "127.0.0.1",
                                   "127.0.0.2", "127.0.0.3", NULL};

static struct addrinfo *add_address(struct addrinfo *before, const char *text,
                                    const char *port)
{
    struct addrinfo *info = calloc(1, sizeof *info + sizeof(struct endpoint));
    struct endpoint *endpoint = (struct endpoint *)(void *)(info + 1);
    bool is_ipv6 = strchr(text, ':') != NULL;

    endpoint->address.any.sa_family = is_ipv6 ? AF_INET6 : AF_INET;
    if (inet_pton(endpoint->address.any.sa_family, text,
                  is_ipv6 ? (void *)&endpoint->address.in6.sin6_addr
                          : (void *)&endpoint->address.in.sin_addr) != 1) {
        free(info);
        return NULL;
    }
    address_set_port(&endpoint->address.any, (in_port_t)atoi(port));
    info->ai_addr = &endpoint->address.any;
    info->ai_addrlen =
        is_ipv6 ? sizeof endpoint->address.in6 : sizeof endpoint->address.in;
    if (before != NULL)
        before->ai_next = info;
    return info;
}

static int do_not_answer(void)
{
    if (raises_signal)
        kill(getpid(), SIGINT);
    while (!atomic_load(&is_released))
        poll(NULL, 0, 1);
    return EAI_NONAME;
}

int getaddrinfo(const char *name, const char *service,
                const struct addrinfo *req, struct addrinfo **pai)
{
    const char *const only[] = {name, NULL};
    const char *const *texts = only;
    struct addrinfo *last = NULL;

    if (name == NULL)
        texts = no_host;
    else if (strcmp(name, "both") == 0)
        texts = both;
    *pai = NULL;
    for (; *texts != NULL; texts++) {
        last = add_address(last, *texts, service);
        if (last == NULL && (req->ai_flags & AI_NUMERICHOST) != 0)
            return EAI_NONAME;
        if (last == NULL)
            return do_not_answer();
        if (*pai == NULL)
            *pai = last;
    }
    return 0;
}

void freeaddrinfo(struct addrinfo *ai)
{
    while (ai != NULL) {
        struct addrinfo *next = ai->ai_next;

        free(ai);
        ai = next;
    }
}

static size_t count_entries(const char *folder)
{
    DIR *directory = opendir(folder);
    size_t count = 0;

    ck_assert_ptr_nonnull(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static size_t count_descriptors(void)
{
    return count_entries("/proc/self/fd");
}

static size_t count_threads(void)
{
    return count_entries("/proc/self/task");
}

/* The thread of a look-up that was given up has ended, too. */
static void release_resolver(void)
{
    atomic_store(&is_released, true);
    /* The sanitizer may have started one of its own. */
    EVENTUALLY(count_threads() <= threads_before + THREAD_SANITIZER);
}

static void set_up(void)
{
    threads_before = count_threads();
    options = (struct options){
        .family = AF_UNSPEC, .connect_timeout_ms = 30000, .dscp = -1};
}

static void tear_down(void)
{
    connect_free(&server);
    release_resolver();
}

static struct endpoint ipv4(const char *host, in_port_t port)
{
    struct endpoint endpoint = {.length = sizeof endpoint.address.in};

    endpoint.address.in.sin_family = AF_INET;
    endpoint.address.in.sin_port = htons(port);
    ck_assert_int_eq(inet_pton(AF_INET, host, &endpoint.address.in.sin_addr),
                     1);
    return endpoint;
}

static struct endpoint local_name(int fd)
{
    struct endpoint name = {.length = sizeof name.address};

    ck_assert_int_eq(getsockname(fd, &name.address.any, &name.length), 0);
    return name;
}

static in_port_t port_of(int fd)
{
    struct endpoint name = local_name(fd);

    return address_port(&name.address.any);
}

/* A port on which nobody listens: it belongs to a socket that does not. The
 * socket stays open until the test ends. */
static in_port_t closed_port(void)
{
    struct endpoint endpoint = ipv4("127.0.0.1", 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, &endpoint.address.any, endpoint.length), 0);
    return port_of(fd);
}

/* An endpoint that neither accepts nor refuses: its backlog is full, with one
 * connection where listen(2) was asked for none, so further SYNs are dropped.
 * The sockets stay open until the test ends. */
static struct endpoint black_hole(void)
{
    struct endpoint endpoint = ipv4("127.0.0.1", 0);
    int listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(listen_fd, &endpoint.address.any, endpoint.length),
                     0);
    ck_assert_int_eq(listen(listen_fd, 0), 0);
    endpoint = local_name(listen_fd);
    ck_assert_int_eq(connect(fd, &endpoint.address.any, endpoint.length), 0);
    return endpoint;
}

/* A server with these endpoints, as if its name had been looked up. */
static void set_endpoints(const struct endpoint *endpoints, size_t count)
{
    server = (struct server){.options = &options, .text = "h", .count = count};
    server.endpoints = calloc(count, sizeof *endpoints);
    memcpy(server.endpoints, endpoints, count * sizeof *endpoints);
}

static void set_endpoint(struct endpoint endpoint)
{
    set_endpoints(&endpoint, 1);
}

static enum status resolve(const char *text)
{
    ck_assert_int_eq(address_parse(text, &options.address, errmsg), 0);
    return connect_resolve(&server, &options, errmsg);
}

static void add_source(const char *host)
{
    options.sources[options.source_count++] = ipv4(host, 0);
}

START_TEST(a_descriptor_is_nonblocking_closes_on_exec_and_does_not_delay)
{
    int listen_fd = listen_on_loopback();
    int value = 0;
    socklen_t length = sizeof value;
    int fd = -1;

    set_endpoint(local_name(listen_fd));
    fd = race_connect(&server, 0, &fault);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fault.kind, FAULT_NONE);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &length),
                     0);
    ck_assert_int_ne(value, 0);
    close(fd);
    close(listen_fd);
}
END_TEST

START_TEST(a_refused_connect_is_a_fault_of_the_connect)
{
    set_endpoint(ipv4("127.0.0.1", closed_port()));
    ck_assert_int_eq(race_connect(&server, 0, &fault), -1);
    ck_assert_int_eq(fault.kind, FAULT_CONNECT);
    ck_assert_int_eq(fault.error, ECONNREFUSED);
}
END_TEST

/* Simultaneous open: a socket that is bound to the port it connects to. */
START_TEST(a_connect_to_itself_is_refused)
{
    struct endpoint self = ipv4("127.0.0.1", 0);
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct endpoint name;

    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes),
                     0);
    ck_assert_int_eq(bind(fd, &self.address.any, self.length), 0);
    name = local_name(fd);
    ck_assert_int_eq(connect(fd, &name.address.any, name.length), 0);
    ck_assert_int_eq(connect_result(fd, &name), ECONNREFUSED);
    close(fd);
}
END_TEST

START_TEST(every_endpoint_is_tried_and_the_one_that_accepts_is_chosen)
{
    int listen_fd = listen_on_loopback();
    struct endpoint endpoints[] = {ipv4("127.0.0.1", closed_port()),
                                   ipv4("127.0.0.1", closed_port()),
                                   local_name(listen_fd)};
    int fd = -1;

    set_endpoints(endpoints, 3);
    fd = race_connect(&server, 0, &fault);
    ck_assert_int_ge(fd, 0);
    ck_assert_uint_eq(server.chosen, 2);
    close(fd);
    close(listen_fd);
}
END_TEST

START_TEST(the_last_fault_is_kept_when_no_endpoint_accepts)
{
    struct endpoint endpoints[] = {ipv4("127.0.0.1", closed_port()),
                                   ipv4("127.0.0.1", closed_port())};

    set_endpoints(endpoints, 2);
    ck_assert_int_eq(race_connect(&server, 0, &fault), -1);
    ck_assert_int_eq(fault.kind, FAULT_CONNECT);
    ck_assert_int_eq(fault.error, ECONNREFUSED);
}
END_TEST

START_TEST(local_addresses_take_turns)
{
    int listen_fd = listen_on_loopback();

    add_source("127.0.0.2");
    add_source("127.0.0.3");
    set_endpoint(local_name(listen_fd));
    for (uint64_t turn = 0; turn < 4; turn++) {
        int fd = connect_endpoint(&server, 0, turn);
        struct endpoint name;

        ck_assert_int_ge(fd, 0);
        name = local_name(fd);
        ck_assert_uint_eq(name.address.in.sin_addr.s_addr,
                          options.sources[turn % 2].address.in.sin_addr.s_addr);
        close(fd);
    }
    close(listen_fd);
}
END_TEST

START_TEST(endpoints_without_a_local_address_of_their_family_are_dropped)
{
    add_source("127.0.0.2");
    ck_assert_int_eq(resolve(":7"), STATUS_OK); /* ::1 and 127.0.0.1 */
    ck_assert_uint_eq(server.count, 1);
    ck_assert_int_eq(server.endpoints[0].address.any.sa_family, AF_INET);
    connect_free(&server);
    ck_assert_int_eq(resolve("[::1]:7"), STATUS_LOCAL);
    ck_assert_str_eq(errmsg, "--bind: not of the same family as the server");
}
END_TEST

/* 192.0.2.0/24 is for documentation (RFC 5737): no host has such an address. */
START_TEST(a_local_address_that_this_host_does_not_have_is_named)
{
    add_source("127.0.0.2");
    add_source("192.0.2.1");
    ck_assert_int_eq(resolve("127.0.0.1:7"), STATUS_LOCAL);
    ck_assert_str_eq(errmsg,
                     "--bind=192.0.2.1: Cannot assign requested address");
}
END_TEST

#ifdef TCP_SAVE_SYN
/* The second byte of an IPv4 header is the code point and two ECN bits
 * (RFC 2474). tcp(7): TCP_SAVE_SYN keeps the headers of the SYN. */
START_TEST(the_syn_has_the_code_point)
{
    int listen_fd = listen_on_loopback();
    int yes = 1;
    unsigned char headers[500];
    socklen_t length = sizeof headers;
    int fd = -1;
    int accepted_fd = -1;

    ck_assert_int_eq(
        setsockopt(listen_fd, IPPROTO_TCP, TCP_SAVE_SYN, &yes, sizeof yes), 0);
    options.dscp = 46;
    set_endpoint(local_name(listen_fd));
    fd = race_connect(&server, 0, &fault);
    ck_assert_int_ge(fd, 0);
    accepted_fd = accept(listen_fd, NULL, NULL);
    ck_assert_int_ge(accepted_fd, 0);
    ck_assert_int_eq(
        getsockopt(accepted_fd, IPPROTO_TCP, TCP_SAVED_SYN, headers, &length),
        0);
    ck_assert_uint_ge(length, 20);
    ck_assert_int_eq(headers[1] >> 2, 46);
    close(accepted_fd);
    close(fd);
    close(listen_fd);
}
END_TEST
#endif

START_TEST(a_name_without_an_address_of_the_family_is_unreached)
{
    options.family = AF_INET6;
    ck_assert_int_eq(resolve("127.0.0.1:7"), STATUS_UNREACHED);
    ck_assert_str_eq(errmsg,
                     "cannot look up 127.0.0.1:7: it has no IPv6 address");
}
END_TEST

/* Without a limit, so that it is not the timeout that ends the first. */
START_TEST(an_endpoint_that_does_not_answer_holds_nothing_up)
{
    int listen_fd = listen_on_loopback();
    struct endpoint endpoints[] = {black_hole(), local_name(listen_fd)};
    int64_t start_ns = 0;
    int64_t taken_ns = 0;
    int fd = -1;

    options.connect_timeout_ms = INT_MAX;
    set_endpoints(endpoints, 2);
    start_ns = clock_ns();
    fd = race_connect(&server, 0, &fault);
    taken_ns = clock_ns() - start_ns;
    ck_assert_int_ge(fd, 0);
    ck_assert_uint_eq(server.chosen, 1);
    /* The second began 250 ms after the first (RFC 8305, 8). */
    ck_assert_int_ge(taken_ns, 250000000);
    ck_assert_int_gt(server.connect_ns, 0);
    ck_assert_int_le(server.connect_ns, taken_ns - 250000000);
    close(fd);
    close(listen_fd);
}
END_TEST

START_TEST(the_chosen_endpoint_is_tried_first)
{
    int first_fd = listen_on_loopback();
    int second_fd = listen_on_loopback();
    struct endpoint endpoints[] = {local_name(first_fd), local_name(second_fd)};

    set_endpoints(endpoints, 2);
    server.chosen = 1;
    close(race_connect(&server, 0, &fault));
    ck_assert_uint_eq(server.chosen, 1);
    ck_assert(is_readable(second_fd, 30000));
    ck_assert(!is_readable(first_fd, 0));
    close(first_fd);
    close(second_fd);
}
END_TEST

/* Both are under way for longer than 250 ms, whoever is the first to accept. */
START_TEST(the_attempts_that_lose_are_closed)
{
    int listen_fd = listen_on_loopback();
    struct endpoint endpoints[] = {black_hole(), black_hole(),
                                   local_name(listen_fd)};
    size_t before = count_descriptors();
    int fd = -1;

    set_endpoints(endpoints, 3);
    fd = race_connect(&server, 0, &fault);
    ck_assert_int_ge(fd, 0);
    ck_assert_uint_eq(count_descriptors(), before + 1);
    close(fd);
    close(listen_fd);
}
END_TEST

START_TEST(every_attempt_has_a_time_limit)
{
    struct endpoint endpoints[] = {black_hole(), black_hole()};
    size_t before = count_descriptors();

    options.connect_timeout_ms = 10;
    set_endpoints(endpoints, 2);
    ck_assert_int_eq(race_connect(&server, 0, &fault), -1);
    ck_assert_int_eq(fault.kind, FAULT_CONNECT);
    ck_assert_int_eq(fault.error, ETIMEDOUT);
    ck_assert_uint_eq(count_descriptors(), before);
}
END_TEST

/* More than are tried at once, with the one that accepts at the end. */
START_TEST(every_one_of_many_endpoints_is_tried)
{
    enum { COUNT = 40 };
    int listen_fd = listen_on_loopback();
    struct endpoint endpoints[COUNT];

    options.connect_timeout_ms = 10;
    for (size_t i = 0; i < COUNT - 1; i++)
        endpoints[i] =
            i % 2 == 0 ? black_hole() : ipv4("127.0.0.1", closed_port());
    endpoints[COUNT - 1] = local_name(listen_fd);
    set_endpoints(endpoints, COUNT);
    close(race_connect(&server, 0, &fault));
    ck_assert_int_eq(fault.kind, FAULT_NONE);
    ck_assert_uint_eq(server.chosen, COUNT - 1);
    close(listen_fd);
}
END_TEST

/* 2001:db8::1 is for documentation (RFC 3849), so nothing can connect from it:
 * the second endpoint fails with EADDRNOTAVAIL or, where there is no IPv6,
 * EAFNOSUPPORT. */
START_TEST(a_lack_of_local_addresses_hides_no_other_fault)
{
    struct endpoint endpoints[] = {ipv4("127.0.0.1", closed_port()),
                                   {.length = sizeof(struct sockaddr_in6)}};
    struct endpoint *source = &options.sources[options.source_count++];

    endpoints[1].address.in6.sin6_family = AF_INET6;
    endpoints[1].address.in6.sin6_addr = in6addr_loopback;
    *source = endpoints[1];
    ck_assert_int_eq(
        inet_pton(AF_INET6, "2001:db8::1", &source->address.in6.sin6_addr), 1);
    set_endpoints(endpoints, 2);
    ck_assert_int_eq(race_connect(&server, 0, &fault), -1);
    ck_assert_int_eq(fault.kind, FAULT_CONNECT);
    ck_assert_int_eq(fault.error, ECONNREFUSED);
}
END_TEST

START_TEST(an_interrupt_ends_a_race)
{
    struct endpoint endpoints[] = {black_hole(), black_hole()};

    ck_assert_int_eq(interrupt_catch(), 0);
    ck_assert_int_eq(raise(SIGINT), 0);
    options.connect_timeout_ms = INT_MAX;
    set_endpoints(endpoints, 2);
    ck_assert_int_eq(race_connect(&server, 0, &fault), -1);
    ck_assert_int_eq(fault.kind, FAULT_STOPPED);
}
END_TEST

START_TEST(the_families_take_turns)
{
    static const int families[] = {AF_INET6, AF_INET, AF_INET6, AF_INET,
                                   AF_INET};

    ck_assert_int_eq(resolve("both:7"), STATUS_OK);
    ck_assert_uint_eq(server.count, 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_int_eq(server.endpoints[i].address.any.sa_family,
                         families[i]);
    /* Within a family the resolver's order is kept. */
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(
            server.endpoints[i == 0 ? 1 : i + 2].address.in.sin_addr.s_addr,
            htonl((uint32_t)(0x7f000001 + i)));
}
END_TEST

START_TEST(a_resolver_that_does_not_answer_has_a_time_limit)
{
    size_t before = count_descriptors();

    options.connect_timeout_ms = 50;
    ck_assert_int_eq(resolve("name:7"), STATUS_UNREACHED);
    ck_assert_str_eq(errmsg, "cannot look up name:7: no answer for 0.05 s");
    release_resolver();
    ck_assert_uint_eq(count_descriptors(), before);
}
END_TEST

START_TEST(an_interrupt_ends_a_look_up)
{
    ck_assert_int_eq(interrupt_catch(), 0);
    raises_signal = true;
    options.connect_timeout_ms = INT_MAX;
    ck_assert_int_eq(resolve("name:7"), STATUS_FAULT);
    ck_assert_str_eq(errmsg, "cannot look up name:7: stopped");
}
END_TEST

START_TEST(an_unknown_name_is_unreached)
{
    atomic_store(&is_released, true);
    ck_assert_int_eq(resolve("name:7"), STATUS_UNREACHED);
    ck_assert_ptr_nonnull(strstr(errmsg, "cannot look up name:7: "));
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(
        tests, a_descriptor_is_nonblocking_closes_on_exec_and_does_not_delay);
    tcase_add_test(tests, a_refused_connect_is_a_fault_of_the_connect);
    tcase_add_test(tests, a_connect_to_itself_is_refused);
    tcase_add_test(tests,
                   every_endpoint_is_tried_and_the_one_that_accepts_is_chosen);
    tcase_add_test(tests, the_last_fault_is_kept_when_no_endpoint_accepts);
    tcase_add_test(tests, local_addresses_take_turns);
    tcase_add_test(
        tests, endpoints_without_a_local_address_of_their_family_are_dropped);
    tcase_add_test(tests,
                   a_local_address_that_this_host_does_not_have_is_named);
#ifdef TCP_SAVE_SYN
    tcase_add_test(tests, the_syn_has_the_code_point);
#endif
    tcase_add_test(tests, a_name_without_an_address_of_the_family_is_unreached);
    tcase_add_test(tests, an_endpoint_that_does_not_answer_holds_nothing_up);
    tcase_add_test(tests, the_chosen_endpoint_is_tried_first);
    tcase_add_test(tests, the_attempts_that_lose_are_closed);
    tcase_add_test(tests, every_attempt_has_a_time_limit);
    tcase_add_test(tests, every_one_of_many_endpoints_is_tried);
    tcase_add_test(tests, a_lack_of_local_addresses_hides_no_other_fault);
    tcase_add_test(tests, an_interrupt_ends_a_race);
    tcase_add_test(tests, the_families_take_turns);
    tcase_add_test(tests, a_resolver_that_does_not_answer_has_a_time_limit);
    tcase_add_test(tests, an_interrupt_ends_a_look_up);
    tcase_add_test(tests, an_unknown_name_is_unreached);
}
