/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * program: the real echod, started, watched and stopped by a test.
 */
#include "config.h"

#include "tests/echod/program.h"

#include "tests/common/suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void setenv_pair(const char *pair)
{
    char *copy = strdup(pair);
    char *value = strchr(copy, '=');

    *value++ = '\0';
    setenv(copy, value, 1);
    free(copy);
}

static void exec_program(struct program *program, const char *const argv[],
                         int out, int err)
{
    const char *words[32] = {"echod"};
    char pid[32];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
        _exit(126);
    for (int i = 0; i < 4 && program->env[i] != NULL; i++) {
        setenv_pair(program->env[i]);
        if (strcmp(program->env[i], "LISTEN_PID=") == 0) {
            snprintf(pid, sizeof pid, "%ld", (long)getpid());
            setenv("LISTEN_PID", pid, 1);
        }
    }
    for (int i = 0; argv[i] != NULL; i++)
        words[i + 1] = argv[i];
    if (program->before != NULL)
        program->before();
    /* execv(3) leaves the words alone but cannot say so. */
    execv(getenv("ECHOD"), (char *const *)(intptr_t)words);
    _exit(127);
}

void program_run(struct program *program, const char *const argv[])
{
    int out[2];
    int err[2];

    ck_assert_msg(getenv("ECHOD") != NULL, "ECHOD must name the program");
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(err, O_CLOEXEC), 0);
    program->pid = fork();
    ck_assert_int_ge(program->pid, 0);
    if (program->pid == 0)
        exec_program(program, argv, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    program->out = out[0];
    program->err = err[0];
}

const char *program_line(struct program *program, int fd)
{
    size_t length = 0;
    char byte = 0;

    for (;;) {
        ck_assert_msg(is_readable(fd, 30000), "no line for 30 s");
        if (read(fd, &byte, 1) != 1)
            return NULL;
        if (byte == '\n')
            break;
        ck_assert_uint_lt(length, sizeof program->line - 1);
        program->line[length++] = byte;
    }
    program->line[length] = '\0';
    return program->line;
}

static const char *until(struct program *program, int fd, const char *text)
{
    const char *line = NULL;

    do {
        line = program_line(program, fd);
        ck_assert_msg(line != NULL, "ended without: %s", text);
    } while (strstr(line, text) == NULL);
    return line;
}

const char *program_until(struct program *program, const char *text)
{
    return until(program, program->out, text);
}

const char *program_trouble(struct program *program, const char *text)
{
    return until(program, program->err, text);
}

void program_serve(struct program *program, const char *const argv[])
{
    const char *line = NULL;
    const char *colon = NULL;

    program_run(program, argv);
    line = program_line(program, program->out);
    ck_assert_msg(line != NULL, "it ended: %s",
                  program_line(program, program->err));
    ck_assert_int_eq(strncmp(line, "server running on ", 18), 0);
    colon = strrchr(line, ':');
    program->port = colon != NULL ? atoi(colon + 1) : 0;
}

int program_connect(const struct program *program)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)program->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    ck_assert_msg(connect(fd, (struct sockaddr *)&address, sizeof address) == 0,
                  "connect: errno %d", errno);
    return fd;
}

void program_ping(int fd)
{
    char came[6];

    write_all(fd, "hello\n", 6);
    read_all(fd, came, 6);
    ck_assert_int_eq(memcmp(came, "hello\n", 6), 0);
}

void program_signal(const struct program *program, int number)
{
    ck_assert_int_eq(kill(program->pid, number), 0);
}

int program_wait(const struct program *program)
{
    int64_t until = now_ms() + 30000;
    int status = 0;
    pid_t ended = 0;

    while ((ended = waitpid(program->pid, &status, WNOHANG)) == 0) {
        ck_assert_msg(now_ms() < until, "it does not end");
        is_readable(-1, 1);
    }
    ck_assert_int_eq(ended, program->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void program_stop(const struct program *program)
{
    program_signal(program, SIGTERM);
    ck_assert_int_eq(program_wait(program), 0);
}

long program_status(const struct program *program, const char *name)
{
    char path[64];
    char line[256];
    long value = -1;
    FILE *file = NULL;

    snprintf(path, sizeof path, "/proc/%ld/status", (long)program->pid);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name), NULL, 10);
    fclose(file);
    return value;
}

int program_descriptors(const struct program *program)
{
    char path[64];
    DIR *directory = NULL;
    int count = -2; /* . and .. */

    snprintf(path, sizeof path, "/proc/%ld/fd", (long)program->pid);
    directory = opendir(path);
    ck_assert_ptr_nonnull(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

long program_cpu_ms(const struct program *program)
{
    char path[64];
    unsigned long user = 0;
    unsigned long system = 0;
    FILE *file = NULL;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)program->pid);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file,
                            "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u "
                            "%*u %*u %lu %lu",
                            &user, &system),
                     2);
    fclose(file);
    return (long)((user + system) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK));
}
