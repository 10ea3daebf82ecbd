/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * ping: measure round trips, one after another.
 */
#include "config.h"

#include "echoc/ping.h"

#include "common/clock.h"
#include "common/text.h"
#include "echoc/interrupt.h"
#include "echoc/net/pattern.h"
#include "echoc/net/race.h"
#include "echoc/ping_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, PAUSE_AFTER_FAULT_NS = 10 * NS_PER_MS };

static void connect_first(struct ping *ping);
static void ping_all(struct ping *ping);
static void ping_once(struct ping *ping);
static int round_trip(struct ping *ping, int64_t *connect_ns,
                      int64_t *round_trip_ns);
static int connect_now(struct ping *ping, int64_t *connect_ns);
static void disconnect(struct ping *ping);
static enum status print_result(const struct ping *ping);

enum status ping_run(const struct options *options)
{
    static struct ping ping; /* too large for the stack */
    enum status status = STATUS_OK;
    char errmsg[ERRMSG_MAX];

    ping.options = options;
    ping.start_ns = clock_ns();
    if (interrupt_on_quit(ping_report_progress, &ping) < 0) {
        errmsg_set(errmsg, "cannot catch signals: %s", strerror(errno));
        return status_cannot_begin(options, STATUS_LOCAL, errmsg);
    }
    status = connect_resolve(&ping.server, options, errmsg);
    if (status != STATUS_OK)
        return status_cannot_begin(options, status, errmsg);
    ping.start_ns = clock_ns();
    ping.end_ns = INT64_MAX;
    if (options->time_ms > 0)
        ping.end_ns = ping.start_ns + options->time_ms * (int64_t)NS_PER_MS;
    interrupt_at(ping.end_ns);
    snprintf(ping.target, sizeof ping.target, "%s", ping.server.text);
    text_mask_controls(ping.target, strlen(ping.target));
    ping.run = (uint64_t)clock_ns();
    ping.connection.fd = -1;
    ping.exchange.timeout_ms = options->reply_timeout_ms;
    ping.exchange.buffer = malloc(CONNECTION_CHUNK);
    connect_name(&ping.server, ping.server.chosen, ping.name);
    if (ping.exchange.buffer == NULL) {
        status_warn("cannot begin: %s", strerror(errno));
        status = STATUS_LOCAL;
    } else {
        if (!options->json)
            connect_first(&ping);
        ping_all(&ping);
        status = print_result(&ping);
    }
    disconnect(&ping);
    free(ping.exchange.buffer);
    connect_free(&ping.server);
    return status;
}

/* Connect before the first message, so that its line does not show a connect
 * time. A fault is left for round_trip() to report. */
static void connect_first(struct ping *ping)
{
    int64_t connect_ns = 0;

    printf("echoc ping %s: %zu bytes a message\n", ping->target,
           ping->options->size);
    if (!ping->options->new_each && connect_now(ping, &connect_ns) == 0 &&
        !ping->options->quiet)
        printf("connected to %s in %.3f ms\n", ping->name,
               (double)connect_ns / 1e6);
    status_show();
}

static void ping_all(struct ping *ping)
{
    int64_t interval_ns = ping->options->interval_ms * (int64_t)NS_PER_MS;
    int64_t next_ns = clock_ns();

    while (!interrupt_received()) {
        int64_t earliest_ns = 0;

        ping_once(ping);
        if (counters_get(&ping->counters.sent) == ping->options->count ||
            ping->last.kind == FAULT_LOCAL || ferror(stdout))
            return;
        next_ns += interval_ns;
        earliest_ns = clock_ns();
        /* A refused connect fails at once, whatever the interval is. */
        if (ping->last.kind != FAULT_NONE)
            earliest_ns += PAUSE_AFTER_FAULT_NS;
        if (next_ns < earliest_ns)
            next_ns = earliest_ns;
        if (next_ns > clock_ns() && interrupt_wait(-1, 0, next_ns) < 0)
            return;
    }
}

static void ping_once(struct ping *ping)
{
    struct counters *counters = &ping->counters;
    const struct fault *fault = &ping->connection.fault;
    int64_t connect_ns = 0;
    int64_t round_trip_ns = 0;
    uint64_t sent = ping->connection.sent;

    if (ping->connection.fd < 0)
        sent = 0;
    if (round_trip(ping, &connect_ns, &round_trip_ns) == 0) {
        counters_add(&counters->sent, 1);
        counters_add(&counters->echoed, 1);
        counters_add(&counters->bytes, ping->options->size);
        histogram_record(&counters->round_trips, round_trip_ns);
        ping_report_echo(ping, connect_ns, round_trip_ns);
    } else if (fault->kind != FAULT_STOPPED) {
        counters_add(&counters->sent, 1);
        counters_fault(counters, fault);
        if (fault->kind == FAULT_CHANGED || fault->kind == FAULT_EXTRA)
            counters_add(&counters->changed, 1);
        ping_report_fault(ping);
    } else if (ping->connection.fd >= 0 && ping->connection.sent > sent) {
        counters_add(&counters->sent, 1);
        counters_add(&counters->unfinished, 1);
    }
    status_show();
    ping->last = *fault;
    ping->connection.fault.kind = FAULT_NONE;
    /* After a fault a late reply could be taken for that to the next message,
     * so use a new connection. */
    if (ping->last.kind != FAULT_NONE || ping->options->new_each)
        disconnect(ping);
}

/* Send one message and receive its echo, and connect first if necessary. A
 * connection that ended since the last message is noticed here. Sets the times
 * taken, *connect_ns to 0 if there was a connection. Returns 0, or -1 with the
 * connection's fault. */
static int round_trip(struct ping *ping, int64_t *connect_ns,
                      int64_t *round_trip_ns)
{
    int64_t start_ns = 0;

    *connect_ns = 0;
    if (ping->connection.fault.kind != FAULT_NONE) /* of connect_first() */
        return -1;
    if (ping->connection.fd < 0 && connect_now(ping, connect_ns) < 0)
        return -1;
    start_ns = clock_ns();
    if (exchange_until(&ping->exchange, &ping->connection,
                       ping->connection.sent + ping->options->size) < 0)
        return -1;
    *round_trip_ns = clock_ns() - start_ns;
    return ping->options->new_each
               ? exchange_finish(&ping->exchange, &ping->connection)
               : 0;
}

static int connect_now(struct ping *ping, int64_t *connect_ns)
{
    struct fault fault;
    int fd = race_connect(&ping->server, ping->counters.connects, &fault);

    if (fd < 0) {
        ping->connection.fault = fault;
        return -1;
    }
    *connect_ns = ping->server.connect_ns;
    histogram_record(&ping->counters.connect_times, *connect_ns);
    connection_init(&ping->connection, fd,
                    pattern_key(ping->run, ping->counters.connects));
    counters_add(&ping->counters.connects, 1);
    connect_name(&ping->server, ping->server.chosen, ping->name);
    return 0;
}

static void disconnect(struct ping *ping)
{
    if (ping->connection.fd >= 0)
        close(ping->connection.fd);
    ping->connection.fd = -1;
}

static enum status print_result(const struct ping *ping)
{
    char text[FAULT_TEXT_MAX];

    ping_report_end(ping);
    if (ping->last.kind == FAULT_LOCAL) {
        fault_text(&ping->last, text);
        status_warn("cannot go on: %s", text);
        return STATUS_LOCAL;
    }
    /* A signal may have come too early to tell. */
    if (ping->counters.connects == 0 &&
        (ping->counters.sent > 0 || clock_ns() >= ping->end_ns))
        return STATUS_UNREACHED;
    return ping->counters.echoed > 0 &&
                   ping->counters.sent - ping->counters.unfinished ==
                       ping->counters.echoed
               ? STATUS_OK
               : STATUS_FAULT;
}
