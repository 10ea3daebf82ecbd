/*
 * roster: who is here, and the only mutex.
 *
 * Knows seats, and that a descriptor can be shut down and closed. Must not
 * know what is spoken on it, who decides to let somebody in, or threads other
 * than by the lock.
 */
#include "config.h"

#include "echod/roster.h"

#include "echod/hosts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint32_t none = UINT32_MAX;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    struct seat *seats;
    uint32_t used;       /* seats ever taken: those behind are untouched */
    uint32_t free;       /* the first free seat among them, or none */
    size_t ring_below;   /* ring once fewer are here; 0: no bell is set */
    uint64_t past_bytes; /* of clients that have left */
    struct roster_totals totals;
} roster;

int roster_open(size_t seats, size_t per_host)
{
    free(roster.seats);
    memset(&roster, 0, sizeof roster);
    roster.free = none;
    roster.seats = calloc(seats, sizeof *roster.seats);
    if (roster.seats == NULL)
        return -1;
    return hosts_open(seats, per_host);
}

static size_t peer_size(const struct sockaddr *peer)
{
    if (peer->sa_family == AF_INET6)
        return sizeof(struct sockaddr_in6);
    if (peer->sa_family == AF_INET)
        return sizeof(struct sockaddr_in);
    return sizeof peer->sa_family;
}

/* A seat that was used before is warm; a fresh one costs memory. */
static uint32_t take_seat(void)
{
    uint32_t index = roster.free;

    if (index == none)
        return roster.used++;
    roster.free = roster.seats[index].next_free;
    return index;
}

struct seat *roster_join(int fd, const struct sockaddr *peer)
{
    struct seat *seat = NULL;

    pthread_mutex_lock(&lock);
    if (hosts_enter(peer)) {
        seat = &roster.seats[take_seat()];
        memcpy(&seat->peer, peer, peer_size(peer));
        seat->fd = fd;
        seat->written = 0;
        seat->state = SEAT_SERVED;
        roster.totals.now++;
        roster.totals.clients++;
    }
    pthread_mutex_unlock(&lock);
    return seat;
}

enum seat_state roster_hang_up(struct seat *seat)
{
    enum seat_state state = SEAT_SERVED;
    int fd = -1;

    pthread_mutex_lock(&lock);
    /* Before the close: once the client sees it, it may come again. */
    hosts_leave(&seat->peer.any);
    fd = seat->fd;
    seat->fd = -1;
    state = seat->state;
    roster.totals.cut += state == SEAT_CUT;
    pthread_mutex_unlock(&lock);
    close(fd);
    return state;
}

bool roster_leave(struct seat *seat)
{
    bool ring = false;

    pthread_mutex_lock(&lock);
    roster.past_bytes += seat->written;
    seat->written = 0;
    seat->next_free = roster.free;
    roster.free = (uint32_t)(seat - roster.seats);
    roster.totals.now--;
    ring = roster.totals.now < roster.ring_below;
    if (ring)
        roster.ring_below = 0;
    pthread_mutex_unlock(&lock);
    return ring;
}

enum seat_state roster_state(struct seat *seat)
{
    enum seat_state state = SEAT_SERVED;

    pthread_mutex_lock(&lock);
    state = seat->state;
    pthread_mutex_unlock(&lock);
    return state;
}

bool roster_below(size_t limit)
{
    bool below = false;

    pthread_mutex_lock(&lock);
    below = roster.totals.now < limit;
    roster.ring_below = below ? 0 : limit;
    pthread_mutex_unlock(&lock);
    return below;
}

void roster_shut_down(int how)
{
    pthread_mutex_lock(&lock);
    for (uint32_t i = 0; i < roster.used; i++) {
        struct seat *seat = &roster.seats[i];

        if (seat->fd < 0)
            continue;
        seat->state = how == SHUT_RD ? SEAT_DRAINED : SEAT_CUT;
        shutdown(seat->fd, how);
    }
    pthread_mutex_unlock(&lock);
}

struct roster_totals roster_totals(void)
{
    struct roster_totals totals;

    pthread_mutex_lock(&lock);
    totals = roster.totals;
    totals.bytes = roster.past_bytes;
    for (uint32_t i = 0; i < roster.used; i++)
        totals.bytes += roster.seats[i].written;
    pthread_mutex_unlock(&lock);
    return totals;
}
