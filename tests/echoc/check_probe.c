/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * probe: what a failed connect says about the path, and what it does not.
 */
#include "config.h"

#include "echoc/check/cause.h"
#include "echoc/check/probe.h"
#include "echoc/interrupt.h"
#include "tests/common/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

const char suite_name[] = "probe";

static struct options options;
static struct probe_context context;

/* A context for a server that listens on the loopback address. */
static void look_up(void)
{
    struct endpoint local = {.length = sizeof local.address};
    char errmsg[ERRMSG_MAX];
    static char address[32];
    char *argv[] = {"echoc", "check", address, NULL};

    ck_assert_int_eq(
        getsockname(listen_on_loopback(), &local.address.any, &local.length),
        0);
    snprintf(address, sizeof address, "127.0.0.1:%d",
             address_port(&local.address.any));
    ck_assert_int_eq(options_parse(&options, 3, argv, errmsg), 0);
    context.options = &options;
    ck_assert_int_eq(connect_resolve(&context.server, &options, errmsg),
                     STATUS_OK);
}

static void use_up_descriptors(void)
{
    struct rlimit limit = {0};

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (dup(STDERR_FILENO) >= 0)
        continue;
    ck_assert_int_eq(errno, EMFILE);
}

/* LeakSanitizer needs some at the end. */
static void raise_limit(void)
{
    struct rlimit limit = {0};

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(an_endpoint_that_accepts_is_ok)
{
    struct probe_result result = {0};

    look_up();
    probe_endpoints(&context, &result);
    ck_assert_int_eq(result.verdict, PROBE_OK);
    ck_assert(!context.has_local_failure);
    connect_free(&context.server);
}
END_TEST

START_TEST(a_lack_of_descriptors_is_not_the_paths_fault)
{
    struct probe_result result = {0};

    look_up();
    use_up_descriptors();
    probe_endpoints(&context, &result);
    raise_limit();
    ck_assert_int_eq(result.verdict, PROBE_SKIPPED);
    ck_assert_int_eq(result.fault.kind, FAULT_LOCAL);
    ck_assert(context.has_local_failure);
    ck_assert_ptr_nonnull(strstr(result.observed, "Too many open files"));
    connect_free(&context.server);
}
END_TEST

static struct endpoint name_of(int fd)
{
    struct endpoint name = {.length = sizeof name.address};

    ck_assert_int_eq(getsockname(fd, &name.address.any, &name.length), 0);
    return name;
}

/* A socket that is bound to a free port. It stays open. */
static int bind_to_loopback(void)
{
    struct endpoint name = {.length = sizeof name.address.in};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    name.address.in.sin_family = AF_INET;
    name.address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, &name.address.any, name.length), 0);
    return fd;
}

/* An endpoint that does not answer: its backlog is full, with one connection
 * where listen(2) was asked for none. */
static struct endpoint unanswering(void)
{
    int listen_fd = bind_to_loopback();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct endpoint name = name_of(listen_fd);

    ck_assert_int_eq(listen(listen_fd, 0), 0);
    ck_assert_int_eq(connect(fd, &name.address.any, name.length), 0);
    return name;
}

static struct endpoint many[40];
static struct probe_result many_results[40];

static void set_endpoints(size_t count, int timeout_ms)
{
    options.family = AF_UNSPEC;
    options.dscp = -1;
    options.connect_timeout_ms = timeout_ms;
    context.options = &options;
    context.server = (struct server){
        .options = &options, .text = "h", .endpoints = many, .count = count};
}

/* A thread: interrupt this process after a connection, or after 30 s. */
static void *interrupt_after_connection(void *argument)
{
    struct pollfd pollfd = {.fd = *(int *)argument, .events = POLLIN};

    poll(&pollfd, 1, 30000);
    kill(getpid(), SIGTERM);
    return NULL;
}

START_TEST(endpoints_are_tried_at_the_same_time)
{
    int listen_fd = listen_on_loopback();
    pthread_t thread;

    ck_assert_int_eq(interrupt_catch(), 0);
    many[0] = unanswering();
    many[1] = unanswering();
    many[2] = name_of(listen_fd);
    set_endpoints(3, 60000);
    ck_assert_int_eq(
        pthread_create(&thread, NULL, interrupt_after_connection, &listen_fd),
        0);
    probe_endpoints(&context, many_results);
    pthread_join(thread, NULL);
    ck_assert_int_eq(many_results[0].fault.kind, FAULT_STOPPED);
    ck_assert_int_eq(many_results[1].fault.kind, FAULT_STOPPED);
    ck_assert_int_eq(many_results[2].verdict, PROBE_OK);
    ck_assert(context.is_interrupted);
}
END_TEST

/* More than are tried at once: most refuse, two do not answer, one accepts. */
START_TEST(each_of_many_endpoints_has_its_result)
{
    int listen_fd = listen_on_loopback();
    struct endpoint refusing = name_of(bind_to_loopback());

    for (size_t i = 0; i < 40; i++)
        many[i] = refusing;
    many[3] = unanswering();
    many[33] = unanswering();
    many[35] = name_of(listen_fd);
    set_endpoints(40, 300);
    ck_assert_uint_eq(probe_endpoints(&context, many_results), 40);
    for (size_t i = 0; i < 40; i++) {
        bool is_silent = i == 3 || i == 33;
        int error = is_silent ? ETIMEDOUT : i == 35 ? 0 : ECONNREFUSED;

        ck_assert_int_eq(many_results[i].verdict,
                         error == 0 ? PROBE_OK : PROBE_BAD);
        ck_assert_int_eq(many_results[i].fault.error, error);
    }
    close(listen_fd);
}
END_TEST

static struct endpoint endpoint(const char *text)
{
    struct endpoint made = {0};

    if (inet_pton(AF_INET, text, &made.address.in.sin_addr) == 1)
        made.address.in.sin_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &made.address.in6.sin6_addr) == 1)
        made.address.in6.sin6_family = AF_INET6;
    else
        ck_abort_msg("%s", text);
    return made;
}

static const struct {
    const char *failed;
    int error;
    const char *accepting;
    enum probe_verdict verdict;
} others[] = {
    {"::1", ECONNREFUSED, "127.0.0.1", PROBE_SKIPPED},
    {"127.0.0.1", ECONNREFUSED, "::1", PROBE_SKIPPED},
    {"127.0.0.1", ETIMEDOUT, "::1", PROBE_BAD},
    {"127.0.0.1", ECONNREFUSED, "192.0.2.1", PROBE_BAD},
    {"192.0.2.1", ECONNREFUSED, "127.0.0.1", PROBE_BAD},
    {"2001:db8::1", ECONNREFUSED, "192.0.2.1", PROBE_BAD},
    {"2001:db8::1", ENETUNREACH, "192.0.2.1", PROBE_SKIPPED},
    {"2001:db8::1", EHOSTUNREACH, "192.0.2.1", PROBE_BAD},
};

START_TEST(another_address_excuses_what_is_no_fault)
{
    struct endpoint failed = endpoint(others[_i].failed);
    struct endpoint accepting = endpoint(others[_i].accepting);
    struct fault fault = {.kind = FAULT_CONNECT, .error = others[_i].error};
    struct probe_result result = {0};

    probe_fault(&result, &fault, NULL, "%s", others[_i].failed);
    ck_assert_int_eq(result.verdict, PROBE_BAD);
    probe_excuse_endpoint(&failed, &accepting, &result);
    ck_assert_int_eq(result.verdict, others[_i].verdict);
}
END_TEST

static struct probe_result with_fault(enum fault_kind kind, uint64_t offset)
{
    struct fault fault = {.kind = kind, .offset = offset, .sent = offset + 64};
    struct probe_result result = {0};

    probe_fault(&result, &fault, NULL, "here");
    return result;
}

START_TEST(one_result_needs_no_cause)
{
    struct probe_result results[] = {with_fault(FAULT_CLOSED, 1000), {0}};
    char text[PROBE_TEXT_MAX];

    cause_find(results, 0, text);
    ck_assert_str_eq(text, "");
    probe_ok(&results[1], "it is right", "here");
    cause_find(results, 2, text);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(a_cause_says_where_connections_ended)
{
    struct probe_result results[] = {with_fault(FAULT_CLOSED, 1000),
                                     with_fault(FAULT_RESET, 1000),
                                     with_fault(FAULT_CLOSED, 300)};
    char text[PROBE_TEXT_MAX];

    ck_assert_uint_eq(cause_find(results, 2, text), 2);
    ck_assert_str_eq(text, "the other side ends the connections on its own, "
                           "each time after 1000 bytes");
    ck_assert_uint_eq(cause_find(results, 3, text), 3);
    ck_assert_str_eq(text, "the other side ends the connections on its own, "
                           "after 300 to 1000 bytes");
}
END_TEST

START_TEST(the_cause_of_most_results_is_found)
{
    struct probe_result results[5] = {with_fault(FAULT_CLOSED, 1),
                                      with_fault(FAULT_CLOSED, 1)};
    char text[PROBE_TEXT_MAX];

    for (size_t i = 2; i < 5; i++)
        probe_bad(&results[i], "it is slow", "here");
    ck_assert_uint_eq(cause_find(results, 5, text), 3);
    ck_assert_str_eq(text, "it is slow");
}
END_TEST

/* What shows too little to tell goes with what shows more. */
START_TEST(a_cause_counts_what_it_may_explain)
{
    struct probe_result late[] = {with_fault(FAULT_LATE, 0),
                                  with_fault(FAULT_LATE, 100),
                                  with_fault(FAULT_LATE, 100)};
    struct probe_result wrong[] = {with_fault(FAULT_CHANGED, 1),
                                   with_fault(FAULT_EXTRA, 1),
                                   with_fault(FAULT_EXTRA, 2)};
    char text[PROBE_TEXT_MAX];

    ck_assert_uint_eq(cause_find(late, 3, text), 3);
    ck_assert_str_eq(text, "the echo stops short: something holds bytes back "
                           "or drops them, each time after 100 bytes");
    late[1].fault.offset = late[2].fault.offset = 0;
    late[1].fault.sent = 1;
    late[1].cause = cause_last;
    late[0].cause = late[2].cause = cause_mute;
    ck_assert_uint_eq(cause_find(late, 3, text), 3);
    ck_assert_str_eq(text, cause_mute);
    ck_assert_uint_eq(cause_find(wrong, 3, text), 3);
    ck_assert_str_eq(text, cause_adds);
    wrong[0].fault.change = CHANGE_LOST;
    ck_assert_uint_eq(cause_find(wrong, 3, text), 2);
}
END_TEST

static struct probe_result with_bytes(const char *seen, uint64_t offset)
{
    struct fault fault = {.kind = FAULT_CHANGED,
                          .seen_size = (unsigned char)strlen(seen),
                          .expected = 'e',
                          .offset = offset,
                          .sent = offset + 64};
    struct probe_result result = {0};

    memcpy(fault.seen, seen, strlen(seen));
    probe_fault(&result, &fault, NULL, "here");
    return result;
}

/* The first bytes of a banner may be right by chance; the end of one may come
 * together with the echo. */
START_TEST(a_banner_explains_what_begins_with_it)
{
    static const struct {
        const char *seen;
        uint64_t offset;
        bool is_explained;
    } cases[] = {{"220 read", 0, true},  {"220 read", 1000, true},
                 {"2", 0, true},         {"20 ready", 1, true},
                 {"20 ready", 0, false}, {"220 xyzw", 0, false},
                 {"e", 7, false},        {"0 ready?", 2, true}};

    context.banner_size = 9;
    memcpy(context.banner, "220 ready", 9);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct probe_result result = with_bytes(cases[i].seen, cases[i].offset);

        ck_assert_msg(cause_explain(&context, &result) == cases[i].is_explained,
                      "%s at %" PRIu64, cases[i].seen, cases[i].offset);
        ck_assert_int_eq(strcmp(result.diagnosis, cause_banner) == 0,
                         cases[i].is_explained);
    }
}
END_TEST

START_TEST(a_changed_value_explains_where_it_was_sent)
{
    struct probe_result result = with_bytes("E", 5);

    ck_assert(!cause_explain(&context, &result));
    context.values['e'] = true;
    ck_assert(cause_explain(&context, &result));
    ck_assert_str_eq(result.cause, cause_values);
}
END_TEST

/* What came back, if only in part, is not explained by what is never served. */
START_TEST(an_end_explains_what_is_not_served)
{
    struct probe_result unserved[] = {with_fault(FAULT_RESET, 0),
                                      with_fault(FAULT_LATE, 0),
                                      with_fault(FAULT_CONNECT, 0)};
    struct probe_result served = with_fault(FAULT_LATE, 1);

    context.ended = "it has ended";
    for (size_t i = 0; i < 3; i++) {
        ck_assert(cause_explain(&context, &unserved[i]));
        ck_assert_str_eq(unserved[i].diagnosis, context.ended);
    }
    ck_assert(!cause_explain(&context, &served));
}
END_TEST

START_TEST(not_all_are_silent_if_some_are_answered)
{
    struct probe_result result = with_fault(FAULT_LATE, 0);

    ck_assert(!cause_explain(&context, &result));
    context.has_answer = true;
    ck_assert(cause_explain(&context, &result));
    ck_assert_str_eq(result.cause, cause_mute);
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, an_endpoint_that_accepts_is_ok);
    if (!under_valgrind())
        tcase_add_test(tests, a_lack_of_descriptors_is_not_the_paths_fault);
    tcase_add_test(tests, endpoints_are_tried_at_the_same_time);
    tcase_add_test(tests, each_of_many_endpoints_has_its_result);
    tcase_add_loop_test(tests, another_address_excuses_what_is_no_fault, 0,
                        sizeof others / sizeof others[0]);
    tcase_add_test(tests, one_result_needs_no_cause);
    tcase_add_test(tests, a_cause_says_where_connections_ended);
    tcase_add_test(tests, the_cause_of_most_results_is_found);
    tcase_add_test(tests, a_cause_counts_what_it_may_explain);
    tcase_add_test(tests, a_banner_explains_what_begins_with_it);
    tcase_add_test(tests, a_changed_value_explains_where_it_was_sent);
    tcase_add_test(tests, an_end_explains_what_is_not_served);
    tcase_add_test(tests, not_all_are_silent_if_some_are_answered);
}
