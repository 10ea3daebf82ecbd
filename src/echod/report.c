/*
 * report: one event, one line, one write; never blocks a client.
 *
 * Knows the words of the log. Must not know sockets, seats or policy; how a
 * line gets out without blocking is outlet's.
 */
#include "config.h"

#include "echod/report.h"

#include "common/address.h"
#include "echod/outlet.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Milliseconds as seconds for printf(3), without its floating point, which
 * would take a kilobyte or more of every client's stack. */
#define SECONDS "%" PRId64 ".%03d"
#define SECONDS_OF(ms) (ms) / 1000, (int)((ms) % 1000)

/* The longest line is a listener's whose path is all escapes. */
struct line {
    size_t length;
    char text[1024];
};

static enum report_format format;
static struct outlet out = {.fd = -1};
static struct outlet err = {.fd = -1};
static locale_t plain;

void report_open(enum report_format wanted, int out_fd, int err_fd)
{
    format = wanted;
    plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    outlet_open(&out, wanted == REPORT_NONE ? -1 : out_fd);
    outlet_open(&err, err_fd);
}

const char *report_error(int error)
{
    return strerror_l(error, plain);
}

__attribute__((format(printf, 2, 0))) static void
add_list(struct line *line, const char *words, va_list list)
{
    size_t room = sizeof line->text - line->length;
    int length = vsnprintf(line->text + line->length, room, words, list);

    if (length > 0)
        line->length += (size_t)length < room ? (size_t)length : room - 1;
}

__attribute__((format(printf, 2, 3))) static void add(struct line *line,
                                                      const char *words, ...)
{
    va_list list;

    va_start(list, words);
    add_list(line, words, list);
    va_end(list);
}

/* RFC 8259, 7: what must be escaped; the rest goes as it is. */
static void add_string(struct line *line, const char *name, const char *value)
{
    add(line, ",\"%s\":\"", name);
    while (*value != '\0') {
        size_t length = 0;

        while ((unsigned char)value[length] >= 0x20 && value[length] != '"' &&
               value[length] != '\\' && value[length] != 0x7f)
            length++;
        add(line, "%.*s", (int)length, value);
        value += length;
        if (*value != '\0')
            add(line, "\\u%04x", (unsigned char)*value++);
    }
    add(line, "\"");
}

static void add_count(struct line *line, const char *name, uint64_t value)
{
    add(line, ",\"%s\":%" PRIu64, name, value);
}

/* Every line starts here; in JSON with RFC 3339 in UTC, to the millisecond. */
static void start(struct line *line, const char *event)
{
    struct timespec now;
    struct tm utc;

    line->length = 0;
    if (format != REPORT_JSON)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    add(line, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\"",
        utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
        utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000);
    add_string(line, "event", event);
}

/* Nobody is told of a line that standard error does not take. */
void report_trouble(const char *words, ...)
{
    struct line line;
    va_list list;

    line.length = 0;
    add(&line, "echod: ");
    va_start(list, words);
    add_list(&line, words, list);
    va_end(list);
    line.text[line.length++] = '\n';
    outlet_write(&err, line.text, line.length, false);
}

/* Loss is owned up to when it starts, for which the first to lose a line
 * speaks, and with the number when it is over. */
static void put(struct line *line, bool patient)
{
    unsigned long lost = 0;

    if (format == REPORT_JSON)
        add(line, "}");
    line->text[line->length++] = '\n';
    if (outlet_write(&out, line->text, line->length, patient) < 0) {
        const char *why = report_error(errno);

        if (atomic_load(&out.lost) == 1)
            report_trouble("standard output: %s (reports are being lost)", why);
        return;
    }
    if (atomic_load(&out.lost) == 0)
        return;
    lost = atomic_exchange(&out.lost, 0);
    if (lost > 0)
        report_trouble("standard output: works again, %lu lines were lost",
                       lost);
}

void report_listen(const char *address)
{
    struct line line;

    start(&line, "listen");
    if (format == REPORT_JSON) {
        add_string(&line, "address", address);
    } else {
        add(&line, "server running on %s", address);
    }
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

void report_connect(const struct sockaddr *peer)
{
    struct line line;
    char text[ADDRESS_TEXT_MAX];

    start(&line, "connect");
    if (format == REPORT_JSON) {
        add_string(&line, "peer", name(peer, text));
    } else {
        add(&line, "connect from %s", name(peer, text));
    }
    put(&line, false);
}

void report_refuse(const struct sockaddr *peer, const char *why)
{
    struct line line;
    char text[ADDRESS_TEXT_MAX];

    start(&line, "refuse");
    if (format == REPORT_JSON) {
        add_string(&line, "peer", name(peer, text));
        add_string(&line, "error", why);
    } else {
        add(&line, "refused %s: %s", name(peer, text), why);
    }
    put(&line, false);
}

void report_close(const struct report_close *close)
{
    static const char *const ends[] = {"eof", "error", "timeout", "stopped"};
    struct line line;
    char text[ADDRESS_TEXT_MAX];
    const char *peer = name(close->peer, text);
    bool failed = close->error != NULL;

    start(&line, "close");
    if (format == REPORT_JSON) {
        add_string(&line, "peer", peer);
        add(&line, ",\"bytes\":%" PRIu64 ",\"seconds\":" SECONDS, close->bytes,
            SECONDS_OF(close->ms));
        add_string(&line, "end", ends[close->end]);
        if (failed)
            add_string(&line, "error", close->error);
    } else {
        add(&line, "%s%s%swrote %" PRIu64 " bytes to %s in " SECONDS " s%s",
            failed ? "error: " : "", failed ? close->error : "",
            failed ? " (" : "", close->bytes, peer, SECONDS_OF(close->ms),
            failed ? ")" : "");
    }
    put(&line, true);
}

void report_accept_error(const char *error, const char *then)
{
    struct line line;

    start(&line, "accept-error");
    if (format == REPORT_JSON) {
        add_string(&line, "error", error);
        add_string(&line, "then", then);
    } else {
        add(&line, "accept error = %s (%s)", error, then);
    }
    put(&line, false);
}

static void add_totals(struct line *line, const char *event, const char *words,
                       const struct report_totals *totals)
{
    unsigned long lost = atomic_load(&out.lost_ever);

    start(line, event);
    if (format == REPORT_JSON) {
        add_count(line, "now", totals->now);
        add_count(line, "clients", totals->clients);
        add_count(line, "refused", totals->refused);
        add_count(line, "cut", totals->cut);
        add_count(line, "bytes", totals->bytes);
        add_count(line, "lost", lost);
        add(line, ",\"seconds\":" SECONDS, SECONDS_OF(totals->ms));
        return;
    }
    add(line,
        "%s: %zu clients now, %" PRIu64 " so far, %" PRIu64 " refused, %" PRIu64
        " cut off, %" PRIu64 " bytes, %lu lines lost, " SECONDS " s up",
        words, totals->now, totals->clients, totals->refused, totals->cut,
        totals->bytes, lost, SECONDS_OF(totals->ms));
}

void report_totals(const struct report_totals *totals)
{
    struct line line;

    add_totals(&line, "totals", "totals", totals);
    put(&line, false);
}

/* The last line: lines lost for good are owned up to now or never. */
void report_stop(const struct report_totals *totals)
{
    struct line line;
    unsigned long lost = 0;

    add_totals(&line, "stop", "stopped", totals);
    put(&line, true);
    lost = atomic_load(&out.lost);
    if (lost > 0)
        report_trouble("standard output: %lu lines were lost", lost);
}
