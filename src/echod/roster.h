/*
 * roster: who is here, and the only mutex.
 *
 * Every client has a seat, from the accept loop's roster_join() to its own
 * thread's roster_leave(). The concurrency contract:
 *
 *  - The accept loop's thread joins, looks and shuts down; a client's thread
 *    touches its own seat alone. All of them may call at any time.
 *  - A seat's descriptor belongs to the roster from join to hang-up, and
 *    shutdown(2) on it happens under the lock. Hanging up takes it out of the
 *    seat under that lock and closes it after: by then nobody else knows the
 *    number, so a recycled one is never hit, and the others need not wait for
 *    the close.
 *  - Only the accept loop's thread opens descriptors, so there are never more
 *    of them than seats.
 *  - The roster outlives every thread: it is never freed.
 */
#ifndef ECHOD_ROSTER_H
#define ECHOD_ROSTER_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* What the server has done to a client: nothing, SHUT_RD, SHUT_RDWR. */
enum seat_state { SEAT_SERVED, SEAT_DRAINED, SEAT_CUT };

/* One client. Its thread may read fd and peer and add to written; the rest is
 * the roster's. Kept small: it is part of what an idle client costs. */
struct seat {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } peer;
    int fd; /* -1 once hung up, and in a free seat */
    _Atomic uint64_t written;
    uint32_t next_free;
    enum seat_state state;
};

struct roster_totals {
    size_t now;
    uint64_t clients; /* that ever joined */
    uint64_t cut;     /* that left after SHUT_RDWR */
    uint64_t bytes;
};

/*
 * Set up so many seats, and at most per_host clients from one address (0: no
 * limit). Returns 0, or -1 with errno. Called again, with nobody seated, it
 * starts afresh.
 */
int roster_open(size_t seats, size_t per_host);

/*
 * Seat a client. Only while roster_below() says there is room. Takes over fd;
 * or returns NULL, with fd still the caller's, if the peer's host has its fill.
 */
struct seat *roster_join(int fd, const struct sockaddr *peer);

/* Close the client's descriptor; from then on its host may have another in its
 * place. Returns what had been done to it before. */
enum seat_state roster_hang_up(struct seat *seat);

/* Give up a seat that has hung up. True: ring for the accept loop. */
bool roster_leave(struct seat *seat);

/* What has been done to this client so far. */
enum seat_state roster_state(struct seat *seat);

/*
 * Whether fewer than limit clients are here. If not, the one that makes it so
 * will be told to ring: looking and setting the bell are one step, so that no
 * departure falls between.
 */
bool roster_below(size_t limit);

/* shutdown(2) every client: SHUT_RD drains, SHUT_RDWR cuts. */
void roster_shut_down(int how);

struct roster_totals roster_totals(void);

#endif
