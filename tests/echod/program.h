/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * program: the real echod, started, watched and stopped by a test.
 *
 * ECHOD in the environment is its path. Every wait ends with the test failed
 * after 30 s; the program dies with the test.
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct program {
    void (*before)(void); /* in the child, before exec; may be NULL */
    const char *env[4];   /* NAME=VALUE; LISTEN_PID= is completed */
    pid_t pid;
    int out; /* its standard output and error */
    int err;
    int port;        /* of the first address */
    char line[1024]; /* the last line read */
};

/* Start echod with these arguments (the last NULL). */
void program_run(struct program *program, const char *const argv[]);
/* The same, and wait for "server running on" for its port. */
void program_serve(struct program *program, const char *const argv[]);
#define SERVE(program, ...)                                                    \
    program_serve(program, (const char *const[]){__VA_ARGS__, NULL})
#define RUN(program, ...)                                                      \
    program_run(program, (const char *const[]){__VA_ARGS__, NULL})

/* The next line of a descriptor, without its end; NULL at the end. */
const char *program_line(struct program *program, int fd);
/* Read lines of standard output until one holds the text. */
const char *program_until(struct program *program, const char *text);
/* The same for standard error. */
const char *program_trouble(struct program *program, const char *text);

/* A new client of its first address. */
int program_connect(const struct program *program);
/* Send a line and see it come back. */
void program_ping(int fd);

void program_signal(const struct program *program, int number);
/* Wait for its end; returns its exit status, or 128 + a signal. */
int program_wait(const struct program *program);
/* SIGTERM, and wait for status 0. */
void program_stop(const struct program *program);

/* A number from /proc/PID/status, such as "Threads:" or "VmRSS:". */
long program_status(const struct program *program, const char *name);
/* How many descriptors it has. */
int program_descriptors(const struct program *program);
/* The CPU time it has used, in ms. */
long program_cpu_ms(const struct program *program);

#endif
