/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * program: run the real echod, talk to it, and stop it.
 *
 * ECHOD in the environment is its path. Every wait fails the test after 30 s.
 * The program is killed when the test ends.
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct program {
    void (*before)(void); /* called in the child before exec, or NULL */
    pid_t pid;            /* 0 if it does not run */
    int out;              /* reads its standard output */
    int err;              /* reads its standard error */
    int port;             /* of its first address */
    char line[1024];      /* the last line that was read */
};

/* The server under test. */
extern struct program echod;

/* A checked fixture: start echod on 127.0.0.1, and stop it after the test. A
 * test that needs other options starts echod itself and has the second half of
 * the fixture only, which does nothing if the test has waited for the end. */
void start_echod(void);
void stop_echod(void);

/* Start it with these arguments, the last of which is NULL. */
void program_run(struct program *program, const char *const argv[]);
/* The same, and wait until it listens. Sets the port. */
void program_serve(struct program *program, const char *const argv[]);
#define RUN(program, ...)                                                      \
    program_run(program, (const char *const[]){__VA_ARGS__, NULL})
#define SERVE(program, ...)                                                    \
    program_serve(program, (const char *const[]){__VA_ARGS__, NULL})

/* To be called before exec: the listening socket passed_fd is inherited as
 * sd_listen_fds(3) expects it. */
extern int passed_fd;
void pass_listener(void);

/* The next line from out or err, without the newline; NULL at end of file. */
const char *program_line(struct program *program, int fd);
/* Read lines from standard output until one contains the text; returns it. */
const char *program_expect(struct program *program, const char *text);
/* The same from standard error. */
const char *program_expect_error(struct program *program, const char *text);
/* As root, the next line of standard error must be the warning about that. */
void program_expect_root_warning(struct program *program);
/* Ask for totals (SIGUSR1) and return the line. */
const char *program_totals(struct program *program);

/* A new client. */
int program_connect(const struct program *program);
/* The same with a receive buffer (SO_RCVBUF) of this size. */
int program_connect_with_buffer(const struct program *program, int size);
/* Send until both directions are full, and read nothing. */
void program_fill(const struct program *program, int fd);
/* A new client that does so. */
int program_connect_without_reading(const struct program *program);
/* Send a line of 6 bytes and read the echo. */
void program_ping(int fd);
/* Close a client that has read its echo. The next line of the log must contain
 * the text. */
void program_end_client(struct program *program, int fd, const char *text);

/* A path for a Unix socket that no other test uses, and a client of it, which
 * waits until the socket listens. */
const char *socket_path(void);
int connect_to_path(const char *path);

/* To be called before the first signal after RUN: in a build with
 * ThreadSanitizer, wait until it arrives. Elsewhere it may come at any time. */
void program_expect_signals(const struct program *program);
void program_signal(const struct program *program, int number);
/* Wait for the end; returns the exit status, or 128 + the signal's number. */
int program_wait(struct program *program);
/* Send SIGTERM and wait for status 0. */
void program_stop(struct program *program);

/* Set the soft limit on descriptors; returns the one before. */
rlim_t program_limit_descriptors(const struct program *program, rlim_t limit);
/* Whether every thread sleeps. */
bool program_is_asleep(const struct program *program);
/* How many descriptors are open. */
int program_descriptors(const struct program *program);
/* A number from /proc/PID/status, such as "Threads:" or "VmRSS:". */
long program_proc_status(const struct program *program, const char *name);
/* The CPU time used, in ms. */
long program_cpu_ms(const struct program *program);

#endif
