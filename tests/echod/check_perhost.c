/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * perhost and siphash: the clients of each address.
 */
#include "config.h"

#include "echod/perhost.h"
#include "echod/siphash.h"
#include "tests/common/suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

const char suite_name[] = "perhost";

/* ---- siphash ---- */

/* Appendix A of the paper, and the vectors of the authors' program for inputs
 * of 0 to 8 bytes: the key is 00 01 .. 0f, the input 00 01 ... */
static const struct {
    size_t size;
    uint64_t hash;
} vectors[] = {
    {0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd}, {2, 0x0d6c8009d9a94f5a},
    {3, 0x85676696d7fb7e2d},  {4, 0xcf2794e0277187b7}, {5, 0x18765564cd99a68d},
    {6, 0xcbc9466e58fee3ce},  {7, 0xab0200f58b01d137}, {8, 0x93f5f5799a932462},
    {15, 0xa129ca6149be45e5},
};

START_TEST(the_published_hashes_are_computed)
{
    unsigned char key[SIPHASH_KEY];
    unsigned char input[16];

    for (unsigned i = 0; i < 16; i++)
        key[i] = input[i] = (unsigned char)i;
    ck_assert_uint_eq(siphash(key, input, vectors[_i].size), vectors[_i].hash);
}
END_TEST

/* ---- Counts ---- */

static const struct sockaddr *ipv4(uint32_t host)
{
    static struct sockaddr_in in;

    in = (struct sockaddr_in){.sin_family = AF_INET};
    in.sin_addr.s_addr = htonl(host);
    return (struct sockaddr *)&in;
}

static const struct sockaddr *ipv6(const char *host)
{
    static struct sockaddr_in6 in6;

    in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
    ck_assert_int_eq(inet_pton(AF_INET6, host, &in6.sin6_addr), 1);
    return (struct sockaddr *)&in6;
}

static const uint32_t some_host = 0xc0000201; /* 192.0.2.1 */

START_TEST(a_mapped_address_counts_as_ipv4)
{
    perhost_open(4, 2, 64);
    ck_assert(perhost_add(ipv4(some_host)));
    ck_assert(perhost_add(ipv6("::ffff:192.0.2.1")));
    ck_assert(!perhost_add(ipv4(some_host)));
    ck_assert(perhost_add(ipv6("::ffff:192.0.2.2")));
    perhost_remove(ipv6("::ffff:192.0.2.1"));
    ck_assert(perhost_add(ipv4(some_host)));
}
END_TEST

START_TEST(unix_peers_have_no_limit)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    perhost_open(1, 1, 64);
    for (int i = 0; i < 3; i++)
        ck_assert(perhost_add((struct sockaddr *)&un));
    perhost_remove((struct sockaddr *)&un);
    ck_assert(perhost_add(ipv4(some_host)));
}
END_TEST

START_TEST(every_address_can_be_counted_at_once)
{
    enum { HOSTS = 1000 };
    char host[32];

    perhost_open(HOSTS, 1, 128);
    for (int pass = 0; pass < 3; pass++) {
        for (int i = 0; i < HOSTS; i++) {
            snprintf(host, sizeof host, "2001:db8::%x", i + pass * 7);
            ck_assert(perhost_add(ipv6(host)));
            ck_assert(!perhost_add(ipv6(host)));
        }
        for (int i = HOSTS - 1; i >= 0; i--) {
            snprintf(host, sizeof host, "2001:db8::%x", i + pass * 7);
            perhost_remove(ipv6(host));
        }
    }
}
END_TEST

/* The last address that shares the prefix with 2001:db8:: and the first that
 * does not. */
static const struct {
    int prefix;
    const char *inside, *outside;
} prefixes[] = {
    {1, "7fff:ffff::", "8000::"},
    {32, "2001:db8:ffff::ffff", "2001:db9::"},
    {57, "2001:db8:0:7f:ffff::", "2001:db8:0:80::"},
    {64, "2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::"},
    {127, "2001:db8::1", "2001:db8::2"},
    {128, "2001:db8::", "2001:db8::1"},
};

START_TEST(ipv6_addresses_with_the_same_prefix_are_one_host)
{
    perhost_open(4, 1, prefixes[_i].prefix);
    ck_assert(perhost_add(ipv6("2001:db8::")));
    ck_assert(!perhost_add(ipv6(prefixes[_i].inside)));
    ck_assert(perhost_add(ipv6(prefixes[_i].outside)));
    perhost_remove(ipv6(prefixes[_i].inside));
    ck_assert(perhost_add(ipv6("2001:db8::")));
}
END_TEST

/* ---- Chains ---- */

/* 65,536 addresses of each kind. */
static const struct sockaddr *in_one_ipv4_16(unsigned i)
{
    return ipv4(0xc6120000 + i); /* 198.18.0.0, RFC 2544 */
}

static const struct sockaddr *in_one_ipv6_64(unsigned i)
{
    char host[32];

    snprintf(host, sizeof host, "2001:db8::%x", i);
    return ipv6(host);
}

/* An attacker with a /48 has as many networks as there are numbers here. */
static const struct sockaddr *in_one_ipv6_48(unsigned i)
{
    char host[32];

    snprintf(host, sizeof host, "2001:db8:0:%x::1", i);
    return ipv6(host);
}

static const struct sockaddr *at_random(unsigned i)
{
    static struct sockaddr_in6 in6;

    in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
    fill(in6.sin6_addr.s6_addr, sizeof in6.sin6_addr.s6_addr, i);
    return (struct sockaddr *)&in6;
}

static const struct sockaddr *(*const kinds[])(unsigned) = {
    in_one_ipv4_16, in_one_ipv6_64, in_one_ipv6_48, at_random};

/* As many addresses as chains: with a random hash, a chain has more than 16
 * with a probability below 65536/17!, 2e-10. */
START_TEST(no_chain_is_long)
{
    enum { HOSTS = 65536, LONGEST = 16 };

    ck_assert_int_eq(perhost_open(HOSTS, 1, 128), 0);
    for (unsigned i = 0; i < HOSTS; i++)
        ck_assert(perhost_add(kinds[_i](i)));
    ck_assert_uint_le(perhost_longest_chain(), LONGEST);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_loop_test(tests, the_published_hashes_are_computed, 0,
                        sizeof vectors / sizeof vectors[0]);
    tcase_add_test(tests, a_mapped_address_counts_as_ipv4);
    tcase_add_test(tests, unix_peers_have_no_limit);
    tcase_add_test(tests, every_address_can_be_counted_at_once);
    tcase_add_loop_test(tests, ipv6_addresses_with_the_same_prefix_are_one_host,
                        0, sizeof prefixes / sizeof prefixes[0]);
    tcase_add_loop_test(tests, no_chain_is_long, 0,
                        sizeof kinds / sizeof kinds[0]);
}
