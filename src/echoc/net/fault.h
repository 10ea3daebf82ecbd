/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * fault: what went wrong on a connection, and its description in one line.
 */
#ifndef ECHOC_NET_FAULT_H
#define ECHOC_NET_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind {
    FAULT_NONE,
    FAULT_CONNECT, /* could not connect: refused, unreachable or timed out */
    FAULT_LATE,    /* bytes or EOF did not arrive in time */
    FAULT_RESET,   /* reset, or another error on the connection */
    FAULT_CLOSED,  /* EOF before everything came back */
    FAULT_CHANGED, /* a byte differs from what was sent */
    FAULT_EXTRA,   /* received more than was sent */
    FAULT_LOCAL,   /* this process has no descriptor, memory or port left */
    FAULT_STOPPED, /* interrupted by a signal; not an error */
    FAULT_KINDS
};

/* What probably happened at a changed byte, from the bytes after it. */
enum fault_change {
    CHANGE_UNKNOWN,  /* none of the below, or too few bytes to tell */
    CHANGE_REPLACED, /* one byte is wrong, and the next ones are correct */
    CHANGE_LOST,     /* `count` bytes are missing here */
    CHANGE_ADDED,    /* `count` bytes were inserted here */
    CHANGE_REPEATED, /* the same, and they repeat the bytes before them */
    CHANGE_SWAPPED,  /* this byte and the next are swapped */
    CHANGE_GARBLED   /* nothing from here on is correct */
};

enum { FAULT_SEEN_MAX = 8 };

struct fault {
    enum fault_kind kind;
    unsigned char seen_size;
    unsigned char seen[FAULT_SEEN_MAX]; /* FAULT_CHANGED, FAULT_EXTRA: the first
                                           bytes that came from offset on */
    enum fault_change change;           /* FAULT_CHANGED */
    unsigned char expected, got; /* FAULT_CHANGED; got also FAULT_EXTRA */
    int error;       /* errno: FAULT_CONNECT, FAULT_RESET, FAULT_LOCAL */
    int after_ms;    /* FAULT_LATE: the timeout, or with is_slow the time that
                        the exchange had taken */
    bool is_slow;    /* FAULT_LATE: some of the bytes had moved meanwhile */
    uint64_t offset; /* bytes that had come back correctly */
    uint64_t sent;   /* bytes that had been sent */
    uint64_t count;  /* FAULT_CHANGED: see enum fault_change;
                        FAULT_EXTRA: surplus bytes received */
};

enum { FAULT_TEXT_MAX = 160 };

/* Describe a fault in one line, without a full stop or newline. */
void fault_text(const struct fault *fault, char text[FAULT_TEXT_MAX]);

/* The kind as one word ("connect", "late", ...), as JSON shows it. */
const char *fault_name(enum fault_kind kind);

/*
 * Set the change and count of a FAULT_CHANGED. bytes are those received from
 * the fault's offset on; key is the connection's. Finds a shift of up to
 * 64 KiB.
 */
void fault_diagnose(struct fault *fault, uint64_t key, const void *bytes,
                    size_t size);

#endif
