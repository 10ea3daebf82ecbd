/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * diagnosis: what a fault usually says about the server or the path.
 */
#include "config.h"

#include "echoc/check/diagnosis.h"

#include <errno.h>

static const char *diagnose_change(enum fault_change change)
{
    switch (change) {
    case CHANGE_LOST:
        return "bytes are lost on the way";
    case CHANGE_ADDED:
        return "something inserts bytes";
    case CHANGE_REPEATED:
        return "bytes are repeated on the way";
    case CHANGE_SWAPPED:
        return "bytes are reordered on the way";
    case CHANGE_GARBLED:
        return "what comes back is not an echo";
    case CHANGE_REPLACED:
    case CHANGE_UNKNOWN:
        break;
    }
    return "bytes are changed on the way";
}

static const char *diagnose_late(const struct fault *fault)
{
    if (fault->is_slow)
        return "too slow to tell: the echo still comes";
    if (fault->sent == fault->offset)
        return "the other side never closes the connection";
    if (fault->offset == 0 && fault->sent == 1)
        return "nothing comes back, or the last byte is held back or dropped";
    if (fault->offset == 0)
        return "nothing answers: not an echo server, or the path drops every "
               "byte";
    if (fault->sent - fault->offset == 1)
        return "the last byte is held back or dropped";
    return "the echo stops short: something holds bytes back or drops them";
}

static const char *diagnose_reconnect(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return "nothing listens there any more: the server has ended, or "
               "something limits connections";
    case ETIMEDOUT:
        return "no further connection is accepted: the backlog is full, or "
               "something drops the connect";
    default:
        return diagnosis_of_connect(error);
    }
}

const char *diagnosis_of_connect(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return "nothing listens there";
    case ENOENT:
        return "there is no such socket: the server is not running, or uses "
               "another path";
    case EACCES:
        return "this user may not connect to the socket";
    case EPERM:
        return "a packet filter of this machine forbids it";
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return "this machine has no address of that family";
    case EPROTOTYPE:
        return "it is not a stream socket";
    case ENETUNREACH:
        return "no route to it";
    case EHOSTUNREACH:
        return "no route to it, or the host is down";
    case ETIMEDOUT:
        return "nothing answers: the host is down, or something drops the "
               "connect";
    default:
        return "unreachable: filtered, or no route";
    }
}

const char *diagnosis_of(const struct fault *fault)
{
    switch (fault->kind) {
    case FAULT_CONNECT:
        return diagnose_reconnect(fault->error);
    case FAULT_LATE:
        return diagnose_late(fault);
    case FAULT_RESET:
        return "something resets the connection: a limit, a failure or a "
               "middlebox";
    case FAULT_CLOSED:
        return fault->sent > fault->offset
                   ? "the other side closes before everything is back"
                   : "the other side closes on its own";
    case FAULT_CHANGED:
        return diagnose_change(fault->change);
    case FAULT_EXTRA:
        return "more comes back than was sent: something adds bytes";
    case FAULT_STOPPED:
        return "interrupted";
    default:
        return "a failure on this side, which says nothing about the path";
    }
}
