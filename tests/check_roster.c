/* roster and hosts: who is here. */
#include "config.h"

#include "echod/hosts.h"
#include "echod/roster.h"
#include "suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

const char suite_name[] = "roster";

static const struct sockaddr *ipv4(const char *host, int port)
{
    static struct sockaddr_in in;

    in = (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &in.sin_addr);
    return (struct sockaddr *)&in;
}

static const struct sockaddr *ipv6(const char *host)
{
    static struct sockaddr_in6 in6;

    in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
    inet_pton(AF_INET6, host, &in6.sin6_addr);
    return (struct sockaddr *)&in6;
}

static int some_fd(void)
{
    return open("/dev/null", O_RDWR);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(a_client_joins_hangs_up_and_leaves)
{
    struct seat *seat = NULL;
    int fd = some_fd();

    ck_assert_int_eq(roster_open(2, 0), 0);
    seat = roster_join(fd, ipv4("192.0.2.1", 7));
    ck_assert_ptr_nonnull(seat);
    ck_assert_int_eq(seat->fd, fd);
    ck_assert_uint_eq(seat->peer.in.sin_port, htons(7));
    seat->written += 5;
    ck_assert_uint_eq(roster_totals().now, 1);
    ck_assert_uint_eq(roster_totals().bytes, 5);
    ck_assert_int_eq(roster_hang_up(seat), SEAT_SERVED);
    ck_assert(!is_open(fd));
    ck_assert_uint_eq(roster_totals().now, 1);
    ck_assert(!roster_leave(seat));
    ck_assert_uint_eq(roster_totals().now, 0);
    ck_assert_uint_eq(roster_totals().clients, 1);
    ck_assert_uint_eq(roster_totals().bytes, 5);
}
END_TEST

START_TEST(seats_are_used_again)
{
    struct seat *first = NULL;

    roster_open(1, 0);
    for (int i = 0; i < 100; i++) {
        struct seat *seat = roster_join(some_fd(), ipv4("192.0.2.1", 7));

        if (i == 0)
            first = seat;
        ck_assert_ptr_eq(seat, first);
        ck_assert_uint_eq(seat->written, 0);
        ck_assert(!roster_below(1));
        roster_hang_up(seat);
        ck_assert(roster_leave(seat));
        ck_assert(roster_below(1));
    }
    ck_assert_uint_eq(roster_totals().clients, 100);
}
END_TEST

START_TEST(the_bell_rings_once_for_the_one_that_makes_room)
{
    struct seat *seats[3];

    roster_open(3, 0);
    for (int i = 0; i < 3; i++)
        seats[i] = roster_join(some_fd(), ipv4("192.0.2.1", i));
    ck_assert(!roster_below(2));
    for (int i = 0; i < 3; i++) {
        roster_hang_up(seats[i]);
        ck_assert_int_eq(roster_leave(seats[i]), i == 1);
    }
}
END_TEST

START_TEST(room_found_takes_the_bell_away)
{
    struct seat *seat = NULL;

    roster_open(2, 0);
    seat = roster_join(some_fd(), ipv4("192.0.2.1", 7));
    ck_assert(!roster_below(1));
    ck_assert(roster_below(2));
    roster_hang_up(seat);
    ck_assert(!roster_leave(seat));
}
END_TEST

START_TEST(shutting_down_drains_then_cuts)
{
    char byte = 0;
    int fds[2];
    struct seat *seat = NULL;

    roster_open(1, 0);
    tcp_pair(fds);
    seat = roster_join(fds[1], ipv4("192.0.2.1", 7));
    write_all(fds[0], "xy", 2);
    ck_assert_int_eq(roster_state(seat), SEAT_SERVED);
    roster_shut_down(SHUT_RD);
    ck_assert_int_eq(roster_state(seat), SEAT_DRAINED);
    read_all(fds[1], &byte, 1);
    write_all(fds[1], &byte, 1);
    read_all(fds[0], &byte, 1);
    ck_assert_int_eq(byte, 'x');
    roster_shut_down(SHUT_RDWR);
    ck_assert_int_eq(roster_hang_up(seat), SEAT_CUT);
    roster_leave(seat);
    ck_assert_uint_eq(roster_totals().cut, 1);
}
END_TEST

START_TEST(a_recycled_descriptor_is_never_shut_down)
{
    int fds[2];
    int other[2];
    int fd = -1;
    struct seat *seat = NULL;

    roster_open(1, 0);
    tcp_pair(fds);
    fd = fds[1];
    seat = roster_join(fd, ipv4("192.0.2.1", 7));
    roster_hang_up(seat);
    tcp_pair(other);
    if (other[1] != fd)
        ck_assert_int_eq(dup2(other[1], fd), fd);
    roster_shut_down(SHUT_RDWR);
    write_all(fd, "x", 1);
    roster_leave(seat);
}
END_TEST

/* Join in one thread, leave in many; for a thread sanitizer to watch. */
static void *leave(void *argument)
{
    struct seat *seat = argument;

    seat->written += 1;
    roster_state(seat);
    roster_hang_up(seat);
    roster_leave(seat);
    return NULL;
}

START_TEST(many_threads_leave_while_one_looks)
{
    enum { ROUNDS = 50, CROWD = 20 };
    pthread_t threads[CROWD];

    roster_open(CROWD, 3 * CROWD);
    for (int i = 0; i < ROUNDS; i++) {
        for (int j = 0; j < CROWD; j++) {
            struct seat *seat = roster_join(some_fd(), ipv4("192.0.2.1", j));

            ck_assert_ptr_nonnull(seat);
            pthread_create(&threads[j], NULL, leave, seat);
            roster_below(CROWD);
            roster_totals();
        }
        roster_shut_down(SHUT_RD);
        for (int j = 0; j < CROWD; j++)
            pthread_join(threads[j], NULL);
    }
    ck_assert_uint_eq(roster_totals().now, 0);
    ck_assert_uint_eq(roster_totals().clients, ROUNDS * CROWD);
    ck_assert_uint_eq(roster_totals().bytes, ROUNDS * CROWD);
}
END_TEST

START_TEST(a_host_that_has_its_fill_is_turned_away)
{
    struct seat *seat = NULL;
    int fd = some_fd();

    roster_open(4, 1);
    seat = roster_join(some_fd(), ipv4("192.0.2.1", 7));
    ck_assert_ptr_null(roster_join(fd, ipv4("192.0.2.1", 8)));
    ck_assert(is_open(fd));
    ck_assert_uint_eq(roster_totals().now, 1);
    ck_assert_ptr_nonnull(roster_join(some_fd(), ipv4("192.0.2.2", 7)));
    roster_hang_up(seat);
    ck_assert_ptr_nonnull(roster_join(fd, ipv4("192.0.2.1", 8)));
    roster_leave(seat);
}
END_TEST

START_TEST(a_mapped_address_is_the_same_host)
{
    hosts_open(4, 2);
    ck_assert(hosts_enter(ipv4("192.0.2.1", 1)));
    ck_assert(hosts_enter(ipv6("::ffff:192.0.2.1")));
    ck_assert(!hosts_enter(ipv4("192.0.2.1", 3)));
    hosts_leave(ipv6("::ffff:192.0.2.1"));
    ck_assert(hosts_enter(ipv4("192.0.2.1", 3)));
}
END_TEST

START_TEST(unix_peers_have_no_host)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    hosts_open(1, 1);
    for (int i = 0; i < 3; i++)
        ck_assert(hosts_enter((struct sockaddr *)&un));
    hosts_leave((struct sockaddr *)&un);
    ck_assert(hosts_enter(ipv4("192.0.2.1", 1)));
}
END_TEST

START_TEST(as_many_hosts_as_clients_come_and_go)
{
    enum { HOSTS = 1000 };
    char host[32];

    hosts_open(HOSTS, 1);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < HOSTS; i++) {
            snprintf(host, sizeof host, "2001:db8::%x", i + round * 7);
            ck_assert(hosts_enter(ipv6(host)));
            ck_assert(!hosts_enter(ipv6(host)));
        }
        for (int i = HOSTS - 1; i >= 0; i--) {
            snprintf(host, sizeof host, "2001:db8::%x", i + round * 7);
            hosts_leave(ipv6(host));
        }
    }
}
END_TEST

void suite_tests(TCase *tests)
{
    tcase_add_test(tests, a_client_joins_hangs_up_and_leaves);
    tcase_add_test(tests, seats_are_used_again);
    tcase_add_test(tests, the_bell_rings_once_for_the_one_that_makes_room);
    tcase_add_test(tests, room_found_takes_the_bell_away);
    tcase_add_test(tests, shutting_down_drains_then_cuts);
    tcase_add_test(tests, a_recycled_descriptor_is_never_shut_down);
    tcase_add_test(tests, many_threads_leave_while_one_looks);
    tcase_add_test(tests, a_host_that_has_its_fill_is_turned_away);
    tcase_add_test(tests, a_mapped_address_is_the_same_host);
    tcase_add_test(tests, unix_peers_have_no_host);
    tcase_add_test(tests, as_many_hosts_as_clients_come_and_go);
}
