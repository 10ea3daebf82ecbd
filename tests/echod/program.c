/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * program: run the real echod, talk to it, and stop it.
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct program echod;
int passed_fd;

void start_echod(void)
{
    SERVE(&echod, "127.0.0.1:0");
}

void stop_echod(void)
{
    if (echod.pid > 0)
        program_stop(&echod);
}

/* ---- Start and stop ---- */

static void exec_program(const struct program *program,
                         const char *const argv[], int out, int err)
{
    const char *words[32] = {"echod"};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
        _exit(126);
    for (int i = 0; argv[i] != NULL; i++)
        words[i + 1] = argv[i];
    if (program->before != NULL)
        program->before();
    /* execv(3) does not change the words; its prototype is older than const. */
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

/* Whether every thread sleeps: 'S' follows the name in /proc/PID/task/TID/stat,
 * proc_pid_stat(5). */
bool program_is_asleep(const struct program *program)
{
    char path[320];
    struct dirent *entry = NULL;
    bool asleep = true;
    DIR *tasks = NULL;

    snprintf(path, sizeof path, "/proc/%ld/task", (long)program->pid);
    tasks = opendir(path);
    ck_assert_ptr_nonnull(tasks);
    while (asleep && (entry = readdir(tasks)) != NULL) {
        char state = '\0';
        FILE *file = NULL;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%ld/task/%s/stat",
                 (long)program->pid, entry->d_name);
        file = fopen(path, "r");
        if (file == NULL)
            continue; /* the thread has ended */
        asleep = fscanf(file, "%*d (%*[^)]) %c", &state) == 1 && state == 'S';
        fclose(file);
    }
    closedir(tasks);
    return asleep;
}

/* ThreadSanitizer (gcc 12) loses a signal that arrives while it allocates its
 * state for the signals of a thread, at the thread's first poll(2). */
void program_expect_signals(const struct program *program)
{
    if (THREAD_SANITIZER)
        EVENTUALLY(program_is_asleep(program));
}

void program_serve(struct program *program, const char *const argv[])
{
    const char *colon = NULL;

    program_run(program, argv);
    ck_assert_msg(program_line(program, program->out) != NULL, "ended with: %s",
                  program_line(program, program->err));
    ck_assert_msg(strstr(program->line, "server running on ") != NULL ||
                      strstr(program->line, "\"event\":\"listen\"") != NULL,
                  "%s", program->line);
    colon = strrchr(program->line, ':');
    program->port = colon != NULL ? atoi(colon + 1) : 0;
    program_expect_signals(program);
}

void program_signal(const struct program *program, int number)
{
    ck_assert_int_gt(program->pid, 0);
    ck_assert_int_eq(kill(program->pid, number), 0);
}

int program_wait(struct program *program)
{
    int status = 0;
    pid_t ended = 0;

    EVENTUALLY((ended = waitpid(program->pid, &status, WNOHANG)) != 0);
    ck_assert_int_eq(ended, program->pid);
    program->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void program_stop(struct program *program)
{
    program_signal(program, SIGTERM);
    ck_assert_int_eq(program_wait(program), 0);
}

void pass_listener(void)
{
    char pid[32];

    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    if (dup2(passed_fd, 3) < 0)
        _exit(125);
}

/* ---- What it prints ---- */

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

static const char *expect(struct program *program, int fd, const char *text)
{
    do
        ck_assert_msg(program_line(program, fd) != NULL, "ended without: %s",
                      text);
    while (strstr(program->line, text) == NULL);
    return program->line;
}

const char *program_expect(struct program *program, const char *text)
{
    return expect(program, program->out, text);
}

const char *program_expect_error(struct program *program, const char *text)
{
    return expect(program, program->err, text);
}

void program_expect_root_warning(struct program *program)
{
    if (geteuid() != 0)
        return;
    ck_assert_pstr_eq(program_line(program, program->err),
                      "echod: serving as root: --user=NAME gives up its "
                      "privileges");
}

const char *program_totals(struct program *program)
{
    program_signal(program, SIGUSR1);
    return program_expect(program, "totals: ");
}

/* ---- Clients ---- */

int program_connect(const struct program *program)
{
    return program_connect_with_buffer(program, 0);
}

int program_connect_with_buffer(const struct program *program, int size)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)program->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (size > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    ck_assert_msg(connect(fd, (struct sockaddr *)&address, sizeof address) == 0,
                  "connect: %s", strerror(errno));
    return fd;
}

/* Send until the socket would block, or reports an error. */
static size_t send_what_fits(int fd)
{
    static const char bytes[65536];
    size_t total = 0;
    ssize_t sent = 0;

    while ((sent = send(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL)) >
           0)
        total += (size_t)sent;
    return total;
}

/* No more fits and the server sleeps though there is input: its echo does not
 * fit, either. */
void program_fill(const struct program *program, int fd)
{
    EVENTUALLY(send_what_fits(fd) == 0 && program_is_asleep(program) &&
               send_what_fits(fd) == 0);
}

int program_connect_without_reading(const struct program *program)
{
    int fd = program_connect(program);

    program_fill(program, fd);
    return fd;
}

void program_ping(int fd)
{
    char echo[6];

    write_all(fd, "hello\n", 6);
    read_all(fd, echo, 6);
    ck_assert_int_eq(memcmp(echo, "hello\n", 6), 0);
}

void program_end_client(struct program *program, int fd, const char *text)
{
    shutdown(fd, SHUT_WR);
    ck_assert_uint_eq(read_to_end(fd), 0);
    close(fd);
    ck_assert_ptr_nonnull(program_line(program, program->out));
    ck_assert_msg(strstr(program->line, text) != NULL, "%s: no %s",
                  program->line, text);
}

const char *socket_path(void)
{
    static char path[64];
    static pid_t owner;

    if (owner != getpid()) {
        owner = getpid();
        snprintf(path, sizeof path, "/tmp/check_echod.%ld", (long)owner);
        unlink(path); /* of an earlier process that was killed */
    }
    return path;
}

int connect_to_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, path);
    EVENTUALLY(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

/* ---- What it uses ---- */

rlim_t program_limit_descriptors(const struct program *program, rlim_t limit)
{
    struct rlimit old;
    struct rlimit new;

    ck_assert_int_eq(prlimit(program->pid, RLIMIT_NOFILE, NULL, &old), 0);
    new = old;
    new.rlim_cur = limit;
    ck_assert_int_eq(prlimit(program->pid, RLIMIT_NOFILE, &new, NULL), 0);
    return old.rlim_cur;
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

long program_proc_status(const struct program *program, const char *name)
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
