/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * connect: endpoints, local addresses, code points, and what fails.
 */
#include "config.h"

#include "common/address.h"
#include "echoc/net/connect.h"
#include "tests/common/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char suite_name[] = "client connect";

static struct options options;
static struct server server;
static struct fault fault;
static char errmsg[ERRMSG_MAX];

static void set_up(void)
{
    options = (struct options){
        .family = AF_UNSPEC, .connect_timeout_ms = 30000, .dscp = -1};
}

static void tear_down(void)
{
    connect_free(&server);
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
    fd = connect_any(&server, 0, &fault);
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
    ck_assert_int_eq(connect_any(&server, 0, &fault), -1);
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
    fd = connect_any(&server, 0, &fault);
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
    ck_assert_int_eq(connect_any(&server, 0, &fault), -1);
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
    fd = connect_any(&server, 0, &fault);
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
}
