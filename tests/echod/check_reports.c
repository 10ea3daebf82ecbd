/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * The real program's log: its forms, its totals, and readers that fail.
 */
#include "config.h"

#include "tests/common/suite.h"
#include "tests/echod/program.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

const char suite_name[] = "reports";

START_TEST(verbose_reports_connects)
{
    SERVE(&echod, "-v", "127.0.0.1:0");
    program_connect(&echod);
    program_expect(&echod, "connect from 127.0.0.1:");
}
END_TEST

START_TEST(json_reports_how_a_client_ended)
{
    int fd = -1;

    SERVE(&echod, "-ljson", "127.0.0.1:0");
    ck_assert_ptr_nonnull(
        strstr(echod.line, "\"event\":\"listen\",\"address\":\"127.0.0.1:"));
    fd = program_connect(&echod);
    program_ping(fd);
    program_end_client(&echod, fd, "\"bytes\":6,");
    ck_assert_ptr_nonnull(strstr(echod.line, "\"end\":\"eof\"}"));
    program_ping(program_connect(&echod));
    program_signal(&echod, SIGTERM);
    program_expect(&echod, "\"end\":\"stopped\"}");
    program_expect(&echod, "\"event\":\"stop\"");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

START_TEST(log_none_prints_nothing)
{
    RUN(&echod, "--log=none", socket_path());
    program_ping(connect_to_path(socket_path()));
    program_stop(&echod);
    ck_assert_ptr_null(program_line(&echod, echod.out));
    program_expect_root_warning(&echod);
    ck_assert_ptr_null(program_line(&echod, echod.err));
}
END_TEST

START_TEST(text_lines_have_timestamps_if_asked_for)
{
    const char *form = "0000-00-00T00:00:00.000Z ";
    int fd = -1;

    SERVE(&echod, "--timestamps", "127.0.0.1:0");
    fd = program_connect(&echod);
    program_end_client(&echod, fd, "Z wrote 0 bytes");
    for (size_t i = 0; form[i] != '\0'; i++)
        ck_assert_msg(form[i] == '0' ? isdigit((unsigned char)echod.line[i])
                                     : echod.line[i] == form[i],
                      "%s", echod.line);
    if (geteuid() == 0)
        program_expect_error(&echod, "Z echod: serving as root: ");
}
END_TEST

/* The first client's slot is free some time after its line in the log, and
 * bytes are counted some time after they were sent. */
START_TEST(totals_include_connected_clients)
{
    program_end_client(&echod, program_connect(&echod), "wrote 0 bytes");
    program_ping(program_connect(&echod));
    EVENTUALLY(strstr(program_totals(&echod),
                      "totals: 1 clients now, 2 so far, 0 refused, "
                      "0 cut off, 6 bytes, 0 lines lost, "));
}
END_TEST

/* ---- Standard output that takes no lines ---- */

static void full_output(void)
{
    dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
}

static void closed_output(void)
{
    close(STDOUT_FILENO);
}

static void pipe_without_a_reader(void)
{
    int fds[2];

    if (pipe(fds) == 0)
        dup2(fds[1], STDOUT_FILENO);
    close(fds[0]);
    close(fds[1]);
}

static void (*const outputs[])(void) = {full_output, closed_output,
                                        pipe_without_a_reader};

START_TEST(the_server_runs_without_standard_output)
{
    echod.before = outputs[_i];
    RUN(&echod, socket_path());
    program_ping(connect_to_path(socket_path()));
    program_expect_error(&echod, "echod: standard output: ");
    ck_assert_ptr_nonnull(strstr(echod.line, "(reports are being lost)"));
    program_ping(connect_to_path(socket_path()));
    program_signal(&echod, SIGTERM);
    program_expect_error(&echod, "4 lines were lost");
    ck_assert_int_eq(program_wait(&echod), 0);
}
END_TEST

/* A pipe of one page is soon full. */
START_TEST(a_stalled_reader_of_the_log_stops_no_client)
{
    int fd = -1;

    SERVE(&echod, "-v", "127.0.0.1:0");
    program_expect_root_warning(&echod);
    fcntl(echod.out, F_SETPIPE_SZ, 4096);
    fd = program_connect(&echod);
    while (!is_readable(echod.err, 0)) {
        int short_fd = program_connect(&echod);

        program_ping(short_fd);
        shutdown(short_fd, SHUT_WR);
        read_to_end(short_fd);
        close(short_fd);
    }
    program_expect_error(&echod, "(reports are being lost)");
    program_ping(fd);
    program_signal(&echod, SIGTERM);
    ck_assert_int_eq(program_wait(&echod), 0);
    program_expect_error(&echod, "lines were lost");
}
END_TEST

/* ---- A terminal that stops background processes which write to it ---- */

static int terminal; /* the other side of it */

/* A session leader in the foreground, and echod as its child behind it. */
static void in_the_background(void)
{
    struct termios settings;
    int tty = -1;

    setsid();
    tty = open(ptsname(terminal), O_RDWR);
    if (tcgetattr(tty, &settings) < 0)
        _exit(125);
    settings.c_lflag |= TOSTOP;
    tcsetattr(tty, TCSANOW, &settings);
    dup2(tty, STDOUT_FILENO);
    if (fork() > 0)
        for (;;)
            pause();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
}

START_TEST(a_report_from_the_background_does_not_stop_the_server)
{
    terminal = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(terminal, 0);
    ck_assert_int_eq(grantpt(terminal), 0);
    ck_assert_int_eq(unlockpt(terminal), 0);
    fcntl(terminal, F_SETFD, FD_CLOEXEC);
    echod.before = in_the_background;
    RUN(&echod, "127.0.0.1:0");
    ck_assert_ptr_nonnull(program_line(&echod, terminal));
    ck_assert_ptr_nonnull(strstr(echod.line, "server running on "));
    program_signal(&echod, SIGKILL);
    program_wait(&echod);
}
END_TEST

void suite_tests(TCase *tests)
{
    TCase *started = suite_case("started");

    tcase_add_checked_fixture(started, start_echod, stop_echod);
    tcase_add_test(started, totals_include_connected_clients);

    tcase_add_checked_fixture(tests, NULL, stop_echod);
    tcase_add_test(tests, verbose_reports_connects);
    tcase_add_test(tests, json_reports_how_a_client_ended);
    tcase_add_test(tests, text_lines_have_timestamps_if_asked_for);
    tcase_add_test(tests, log_none_prints_nothing);
    tcase_add_loop_test(tests, the_server_runs_without_standard_output, 0,
                        sizeof outputs / sizeof outputs[0]);
    tcase_add_test(tests, a_stalled_reader_of_the_log_stops_no_client);
    tcase_add_test(tests,
                   a_report_from_the_background_does_not_stop_the_server);
}
