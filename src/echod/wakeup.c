/*
 * wakeup: signals and leaving clients wake the accept loop through one pipe.
 *
 * Knows signal(7) and the self-pipe. Must not know what the loop does once it
 * is awake.
 */
#include "config.h"

#include "echod/wakeup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

enum { STOP = 's', TOTALS = 't', RING = 'r' };

static int pipe_fds[2] = {-1, -1};
static sigset_t unblocked;

/* The pipe cannot be full: the loop empties it whenever it wakes, and a bell
 * that is set rings once. */
static void put(char what)
{
    int error = errno;

    while (write(pipe_fds[1], &what, 1) < 0 && errno == EINTR)
        continue;
    errno = error;
}

static void on_stop(int number)
{
    (void)number;
    put(STOP);
}

static void on_totals(int number)
{
    (void)number;
    put(TOTALS);
}

static const struct {
    int number;
    void (*handler)(int);
} caught[] = {
    {SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_stop},
    {SIGUSR1, on_totals},
#ifdef SIGINFO
    {SIGINFO, on_totals},
#endif
};

static bool is_ignored(int number)
{
    struct sigaction now;

    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* A parent may have left signals blocked: those caught here get in anyway. */
static int catch_signals(void)
{
    size_t count = sizeof caught / sizeof caught[0];
    sigset_t blocked;

    sigemptyset(&blocked);
    for (size_t i = 0; i < count; i++)
        sigaddset(&blocked, caught[i].number);
    errno = pthread_sigmask(SIG_BLOCK, &blocked, &unblocked);
    if (errno != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct sigaction action = {.sa_handler = caught[i].handler};

        sigdelset(&unblocked, caught[i].number);
        sigfillset(&action.sa_mask);
        if (caught[i].number == SIGHUP && is_ignored(SIGHUP))
            continue;
        if (sigaction(caught[i].number, &action, NULL) < 0)
            return -1;
    }
    return 0;
}

static int set_flags(int fd)
{
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -1;
    return fcntl(fd, F_SETFL, O_NONBLOCK);
}

int wakeup_open(void)
{
    if (pipe(pipe_fds) < 0 || set_flags(pipe_fds[0]) < 0 ||
        set_flags(pipe_fds[1]) < 0)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    return catch_signals();
}

void wakeup_ring(void)
{
    put(RING);
}

static void take(struct wakeup *wakeup)
{
    char what[64];
    ssize_t got = 0;

    while ((got = read(pipe_fds[0], what, sizeof what)) > 0)
        for (ssize_t i = 0; i < got; i++) {
            wakeup->stops += what[i] == STOP;
            wakeup->totals |= what[i] == TOTALS;
            wakeup->rung |= what[i] == RING;
        }
}

/* Without ppoll(2) a signal can still not be lost: had it come just before the
 * poll, its byte would be in the pipe. */
static int poll_unblocked(struct pollfd *pollfds, nfds_t count, int ms)
{
#ifdef HAVE_PPOLL
    struct timespec time = {.tv_sec = ms / 1000,
                            .tv_nsec = ms % 1000 * 1000000L};

    return ppoll(pollfds, count, ms < 0 ? NULL : &time, &unblocked);
#else
    sigset_t blocked;
    int ready = 0;

    pthread_sigmask(SIG_SETMASK, &unblocked, &blocked);
    ready = poll(pollfds, count, ms);
    pthread_sigmask(SIG_SETMASK, &blocked, NULL);
    return ready;
#endif
}

int wakeup_wait(struct pollfd *pollfds, nfds_t count, int ms,
                struct wakeup *wakeup)
{
    int ready = 0;

    *wakeup = (struct wakeup){0};
    pollfds[0] = (struct pollfd){.fd = pipe_fds[0], .events = POLLIN};
    ready = poll_unblocked(pollfds, count, ms);
    if (ready < 0 && errno == EINTR) {
        for (nfds_t i = 0; i < count; i++)
            pollfds[i].revents = 0;
        ready = 0;
    }
    take(wakeup);
    return ready;
}
