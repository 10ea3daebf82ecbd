/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * report: one event, one line, one write; never blocks a client.
 *
 * Knows the words of the log. Must not know sockets, seats or policy; the form
 * of a line is line's, and how it gets out without blocking is outlet's.
 */
#include "config.h"

#include "echod/log.h"

#include "common/address.h"
#include "echod/line.h"
#include "echod/log_sink.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

static enum log_format format;
static struct log_sink out = {.fd = -1};
static struct log_sink err = {.fd = -1};
static locale_t plain;

void log_open(enum log_format wanted, int out_fd, int err_fd)
{
    format = wanted;
    plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    log_sink_open(&out, wanted == LOG_NONE ? -1 : out_fd);
    log_sink_open(&err, err_fd);
}

const char *log_strerror(int error)
{
    return strerror_l(error, plain);
}

/* Nobody is told of a line that standard error does not take. */
void log_warn(const char *words, ...)
{
    struct line line;
    va_list list;

    line_start(&line, false, "trouble");
    line_words(&line, "echod: ");
    va_start(list, words);
    line_words_list(&line, words, list);
    va_end(list);
    line_end(&line);
    log_sink_write(&err, line.text, line.length, false);
}

/* Loss is owned up to when it starts, for which the first to lose a line
 * speaks, and with the number when it is over. */
static void put(struct line *line, bool may_wait)
{
    unsigned long lost = 0;

    line_end(line);
    lost = log_sink_write(&out, line->text, line->length, may_wait);
    if (lost == 1)
        log_warn("standard output: %s (reports are being lost)",
                 log_strerror(errno));
    if (lost > 0 || atomic_load(&out.lost) == 0)
        return;
    lost = atomic_exchange(&out.lost, 0);
    if (lost > 0)
        log_warn("standard output: works again, %lu lines were lost", lost);
}

void log_listen(const char *address)
{
    struct line line;

    line_start(&line, format == LOG_JSON, "listen");
    line_member(&line, "address", address);
    line_words(&line, "server running on %s", address);
    put(&line, false);
}

static const char *name(const struct sockaddr *peer,
                        char text[ADDRESS_TEXT_MAX])
{
    if (peer == NULL)
        return "standard output";
    address_format(peer, text);
    return text;
}

void log_connect(const struct sockaddr *address)
{
    struct line line;
    char text[ADDRESS_TEXT_MAX];
    const char *peer = name(address, text);

    line_start(&line, format == LOG_JSON, "connect");
    line_member(&line, "peer", peer);
    line_words(&line, "connect from %s", peer);
    put(&line, false);
}

void log_refuse(const struct sockaddr *address, const char *why)
{
    struct line line;
    char text[ADDRESS_TEXT_MAX];
    const char *peer = name(address, text);

    line_start(&line, format == LOG_JSON, "refuse");
    line_member(&line, "peer", peer);
    line_member(&line, "error", why);
    line_words(&line, "refused %s: %s", peer, why);
    put(&line, false);
}

void log_close(const struct log_close *close)
{
    static const char *const ends[] = {"eof", "error", "timeout", "stopped"};
    struct line line;
    char text[ADDRESS_TEXT_MAX];
    const char *peer = name(close->peer, text);

    line_start(&line, format == LOG_JSON, "close");
    line_member(&line, "peer", peer);
    line_count(&line, "bytes", close->bytes);
    line_seconds(&line, close->ms);
    line_member(&line, "end", ends[close->end]);
    line_member(&line, "error", close->error);
    if (close->error != NULL)
        line_words(&line, "error: %s (", close->error);
    line_words(&line, "wrote %" PRIu64 " bytes to %s in " LINE_SECONDS " s%s",
               close->bytes, peer, LINE_SECONDS_OF(close->ms),
               close->error != NULL ? ")" : "");
    put(&line, true);
}

void log_accept_error(const char *error, const char *then)
{
    struct line line;

    line_start(&line, format == LOG_JSON, "accept-error");
    line_member(&line, "error", error);
    line_member(&line, "then", then);
    line_words(&line, "accept error = %s (%s)", error, then);
    put(&line, false);
}

static void put_totals(const char *event, const char *word,
                       const struct log_totals *totals, bool may_wait)
{
    struct line line;
    unsigned long lost = atomic_load(&out.lost_ever);

    line_start(&line, format == LOG_JSON, event);
    line_count(&line, "now", totals->now);
    line_count(&line, "clients", totals->clients);
    line_count(&line, "refused", totals->refused);
    line_count(&line, "cut", totals->cut);
    line_count(&line, "bytes", totals->bytes);
    line_count(&line, "lost", lost);
    line_seconds(&line, totals->ms);
    line_words(&line,
               "%s: %zu clients now, %" PRIu64 " so far, %" PRIu64
               " refused, %" PRIu64 " cut off, %" PRIu64
               " bytes, %lu lines lost, " LINE_SECONDS " s up",
               word, totals->now, totals->clients, totals->refused, totals->cut,
               totals->bytes, lost, LINE_SECONDS_OF(totals->ms));
    put(&line, may_wait);
}

void log_totals(const struct log_totals *totals)
{
    put_totals("totals", "totals", totals, false);
}

/* The last line: lines lost for good are owned up to now or never. */
void log_stop(const struct log_totals *totals)
{
    unsigned long lost = 0;

    put_totals("stop", "stopped", totals, true);
    lost = atomic_load(&out.lost);
    if (lost > 0)
        log_warn("standard output: %lu lines were lost", lost);
}
