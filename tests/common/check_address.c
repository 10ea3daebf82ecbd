/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * address: parsing, formatting and resolving.
 */
#include "config.h"

#include "common/address.h"
#include "tests/common/suite.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

const char suite_name[] = "address";

static const struct {
    const char *text, *host, *port;
} forms[] = {
    {"127.0.0.1:7", "127.0.0.1", "7"},
    {"localhost:echo", "localhost", "echo"},
    {"example.org", "example.org", "6142"},
    {":0", "", "0"},
    {"*:65535", "", "65535"},
    {"*", "", "6142"},
    {"[::1]:80", "::1", "80"},
    {"[::]", "::", "6142"},
    {"[fe80::1%lo]:7", "fe80::1%lo", "7"},
};

START_TEST(every_form_is_parsed)
{
    struct address address;
    char errmsg[ERRMSG_MAX] = "";

    ck_assert_int_eq(address_parse(forms[_i].text, &address, errmsg), 0);
    ck_assert_str_eq(address.host, forms[_i].host);
    ck_assert_str_eq(address.port, forms[_i].port);
    ck_assert(!address.is_path);
}
END_TEST

static const char *const faulty[] = {
    "",        ":",           "host:",
    ":99999",  ":65536",      ":-3",
    ":+3",     ":7x",         ":0x10",
    ": 7",     "[::1",        "[::1]x",
    "[]:7",    "[127.0.0.1]", "::1",
    "a:b:c",   "[::1]:",      ":999999999999999999999",
    "host:7:", "[::1]7",      "[::1]:70000"};

START_TEST(a_faulty_address_is_refused_with_a_message)
{
    struct address address;
    char errmsg[ERRMSG_MAX] = "";

    ck_assert_int_eq(address_parse(faulty[_i], &address, errmsg), -1);
    ck_assert_str_ne(errmsg, "");
}
END_TEST

START_TEST(an_address_with_a_slash_is_a_path)
{
    struct address address;
    char errmsg[ERRMSG_MAX] = "";
    char long_path[200];

    ck_assert_int_eq(address_parse("./a:b", &address, errmsg), 0);
    ck_assert(address.is_path);
    ck_assert_str_eq(address.text, "./a:b");
    memset(long_path, '/', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    ck_assert_int_eq(address_parse(long_path, &address, errmsg), -1);
}
END_TEST

START_TEST(a_name_that_is_too_long_is_refused)
{
    struct address address;
    char errmsg[ERRMSG_MAX] = "";
    char text[400];

    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    ck_assert_int_eq(address_parse(text, &address, errmsg), -1);
    text[0] = ':';
    ck_assert_int_eq(address_parse(text, &address, errmsg), -1);
}
END_TEST

static const struct {
    const char *host, *text;
    unsigned scope;
} formatted[] = {
    {"::1", "[::1]:7", 0},
    {"2001:db8::1", "[2001:db8::1]:7", 0},
    {"fe80::1", "[fe80::1%3]:7", 3},
    {"::ffff:192.0.2.1", "192.0.2.1:7", 0},
};

START_TEST(an_ipv6_endpoint_is_formatted)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                               .sin6_port = htons(7),
                               .sin6_scope_id = formatted[_i].scope};
    char text[ADDRESS_TEXT_MAX];

    inet_pton(AF_INET6, formatted[_i].host, &in6.sin6_addr);
    address_format((struct sockaddr *)&in6, text);
    ck_assert_str_eq(text, formatted[_i].text);
}
END_TEST

START_TEST(ipv4_and_unix_endpoints_are_formatted)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(65535)};
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/x"};
    char text[ADDRESS_TEXT_MAX];

    inet_pton(AF_INET, "255.255.255.255", &in.sin_addr);
    address_format((struct sockaddr *)&in, text);
    ck_assert_str_eq(text, "255.255.255.255:65535");
    address_format((struct sockaddr *)&un, text);
    ck_assert_str_eq(text, "unix");
}
END_TEST

START_TEST(the_longest_endpoint_fits)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                               .sin6_port = 0xffff,
                               .sin6_scope_id = UINT32_MAX};
    char text[ADDRESS_TEXT_MAX];

    memset(&in6.sin6_addr, 0xff, sizeof in6.sin6_addr);
    address_format((struct sockaddr *)&in6, text);
    ck_assert_str_eq(
        text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
}
END_TEST

static size_t resolve(const char *text, struct endpoint **list)
{
    struct address address;
    char errmsg[ERRMSG_MAX] = "";
    size_t count = 0;

    ck_assert_int_eq(address_parse(text, &address, errmsg), 0);
    ck_assert_msg(address_resolve(&address, AI_PASSIVE, list, &count, errmsg) ==
                      0,
                  "%s: %s", text, errmsg);
    return count;
}

START_TEST(an_empty_host_resolves_to_both_families)
{
    struct endpoint *list = NULL;
    size_t count = resolve(":7", &list);

    ck_assert_uint_eq(count, 2);
    ck_assert_int_ne(list[0].address.any.sa_family,
                     list[1].address.any.sa_family);
    free(list);
}
END_TEST

START_TEST(a_numeric_host_resolves_to_itself)
{
    struct endpoint *list = NULL;
    char text[ADDRESS_TEXT_MAX];

    ck_assert_uint_eq(resolve("[::1]:7", &list), 1);
    address_format(&list[0].address.any, text);
    ck_assert_str_eq(text, "[::1]:7");
    address_set_port(&list[0].address.any, 8);
    ck_assert_uint_eq(address_port(&list[0].address.any), 8);
    free(list);
}
END_TEST

START_TEST(a_service_name_resolves_to_its_port)
{
    struct endpoint *list = NULL;

    ck_assert_uint_eq(resolve("127.0.0.1:echo", &list), 1);
    ck_assert_uint_eq(address_port(&list[0].address.any), 7);
    free(list);
}
END_TEST

START_TEST(an_unknown_host_or_service_is_an_error)
{
    static const char *const texts[] = {"nosuch.invalid:7",
                                        "127.0.0.1:nosuchservice"};

    for (size_t i = 0; i < 2; i++) {
        struct address address;
        struct endpoint *list = NULL;
        size_t count = 0;
        char errmsg[ERRMSG_MAX] = "";

        ck_assert_int_eq(address_parse(texts[i], &address, errmsg), 0);
        ck_assert_int_eq(
            address_resolve(&address, AI_PASSIVE, &list, &count, errmsg), -1);
        ck_assert_str_ne(errmsg, "");
    }
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, every_form_is_parsed, 0,
                        sizeof forms / sizeof forms[0]);
    tcase_add_loop_test(tests, a_faulty_address_is_refused_with_a_message, 0,
                        sizeof faulty / sizeof faulty[0]);
    tcase_add_test(tests, an_address_with_a_slash_is_a_path);
    tcase_add_test(tests, a_name_that_is_too_long_is_refused);
    tcase_add_loop_test(tests, an_ipv6_endpoint_is_formatted, 0,
                        sizeof formatted / sizeof formatted[0]);
    tcase_add_test(tests, ipv4_and_unix_endpoints_are_formatted);
    tcase_add_test(tests, the_longest_endpoint_fits);
    tcase_add_test(tests, an_empty_host_resolves_to_both_families);
    tcase_add_test(tests, a_numeric_host_resolves_to_itself);
    tcase_add_test(tests, a_service_name_resolves_to_its_port);
    tcase_add_test(tests, an_unknown_host_or_service_is_an_error);
}
