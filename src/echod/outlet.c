/*
 * outlet: a descriptor that takes lines and never blocks their writer.
 *
 * Knows pipes, terminals, sockets and files as far as writing without waiting
 * goes. Must not know what a line says.
 */
#include "config.h"

#include "echod/outlet.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe that holds the reports of some ten thousand clients that leave at
 * once spares its reader the crowd of writers that wait. */
enum { PIPE_SIZE = 1 << 20 };

/* A reader that takes no line for STALL_MS has stalled; no line waits longer
 * than PATIENCE_MS for one that is merely slow. */
enum { STALL_MS = 200, PATIENCE_MS = 5000, IMPATIENT = -1 };

/* On Linux this path makes a new open file description, which must not be
 * able to do more than the old one. */
static int open_again(int fd)
{
    char path[32];

    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void outlet_open(struct outlet *outlet, int fd)
{
    struct stat status;
    int own = -1;

    if (outlet->kind == OUTLET_OWN)
        close(outlet->fd);
    outlet->fd = fd;
    outlet->kind = OUTLET_FILE;
    if (fd < 0 || fstat(fd, &status) < 0)
        return;
    if (S_ISSOCK(status.st_mode))
        outlet->kind = OUTLET_SOCKET;
    if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode))
        return;
#ifdef F_SETPIPE_SZ
    if (S_ISFIFO(status.st_mode))
        fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE);
#endif
    own = open_again(fd);
    outlet->fd = own >= 0 ? own : fd;
    outlet->kind = own >= 0 ? OUTLET_OWN : OUTLET_SHARED;
}

static bool has_room(int fd, int ms)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLOUT};

    return poll(&pollfd, 1, ms) > 0;
}

/* A shared description may block, so it is asked first. A pipe with room for
 * one line has it for a page of them, and a thread is seldom stopped between
 * the question and the write: more than fifty would have to be at once. */
static ssize_t put(const struct outlet *outlet, const char *line, size_t length)
{
    if (outlet->kind == OUTLET_SOCKET)
        return send(outlet->fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (outlet->kind == OUTLET_SHARED && !has_room(outlet->fd, 0)) {
        errno = EAGAIN;
        return -1;
    }
    return write(outlet->fd, line, length);
}

/* The reader is alive as long as lines get through, whoever wrote them. */
static int time_left(const struct outlet *outlet, int64_t start)
{
    int64_t moved = atomic_load(&outlet->moved);
    int64_t stalled = (moved > start ? moved : start) + STALL_MS;
    int64_t end = start + PATIENCE_MS;

    return clock_left(stalled < end ? stalled : end);
}

/* True to try again: a signal came, or there may be room now. */
static bool is_worth_another(const struct outlet *outlet, int64_t start)
{
    int left = 0;

    if (errno == EINTR)
        return true;
    if (errno != EAGAIN || start == IMPATIENT)
        return false;
    left = time_left(outlet, start);
    if (left > 0)
        has_room(outlet->fd, left);
    errno = EAGAIN;
    return left > 0;
}

static int put_all(const struct outlet *outlet, const char *line, size_t length,
                   int64_t start, bool *torn)
{
    while (length > 0) {
        ssize_t took = put(outlet, line, length);

        if (took > 0) {
            line += took;
            length -= (size_t)took;
            *torn = length > 0;
        } else if (took == 0 || !is_worth_another(outlet, start)) {
            return -1;
        }
    }
    return 0;
}

unsigned long outlet_write(struct outlet *outlet, const char *line,
                           size_t length, bool patient)
{
    bool torn = false;
    int64_t start = IMPATIENT;

    if (outlet->fd < 0)
        return 0;
    if (patient && atomic_load(&outlet->lost) == 0)
        start = clock_ms();
    torn = atomic_exchange(&outlet->torn, false);
    if (torn)
        put_all(outlet, "\n", 1, start, &torn);
    if (!torn && put_all(outlet, line, length, start, &torn) == 0) {
        atomic_store(&outlet->moved, clock_ms());
        return 0;
    }
    if (torn)
        atomic_store(&outlet->torn, true);
    atomic_fetch_add(&outlet->lost_ever, 1);
    return atomic_fetch_add(&outlet->lost, 1) + 1;
}
