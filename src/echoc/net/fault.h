/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * fault: what can go wrong on one connection, and the words for it.
 */
#ifndef ECHOC_NET_FAULT_H
#define ECHOC_NET_FAULT_H

#include <stddef.h>
#include <stdint.h>

enum fault_kind {
    FAULT_NONE,
    FAULT_CONNECT, /* no connection: refused, unreachable, too late */
    FAULT_LATE,    /* what should have come did not come in time */
    FAULT_RESET,   /* reset, or another error of the connection's */
    FAULT_CLOSED,  /* an end before everything came back */
    FAULT_CHANGED, /* a byte is not what was sent there */
    FAULT_EXTRA,   /* more came than was sent */
    FAULT_LOCAL,   /* this process's own trouble: descriptors, memory, ports */
    FAULT_STOPPED, /* a signal asked for the end; no fault of anybody's */
    FAULT_KINDS
};

/* How the bytes around a changed one can be read. */
enum fault_manner {
    MANNER_CHANGED,  /* one byte is another, and those after it are right */
    MANNER_LOST,     /* count bytes are missing here */
    MANNER_ADDED,    /* count bytes were put in here */
    MANNER_REPEATED, /* the same, and they are the ones before */
    MANNER_SWAPPED,  /* this byte and the next changed places */
    MANNER_GARBLED,  /* none of the bytes that came is right */
    MANNER_UNKNOWN   /* none of these, or too little came to tell */
};

struct fault {
    enum fault_kind kind;
    enum fault_manner manner;    /* of FAULT_CHANGED */
    unsigned char expected, got; /* of FAULT_CHANGED; got of FAULT_EXTRA */
    int error;       /* an errno, of FAULT_CONNECT, RESET and LOCAL */
    int after_ms;    /* of FAULT_LATE */
    uint64_t offset; /* the bytes that came back well before it */
    uint64_t sent;   /* the bytes that had been sent by then */
    uint64_t count;  /* of the manner; the bytes of FAULT_EXTRA */
};

enum { FAULT_TEXT_MAX = 160 };

/* Say it in one line, without a final stop or newline. */
void fault_text(const struct fault *fault, char text[FAULT_TEXT_MAX]);

/* The kind in a word: "connect", "late", ...; for JSON and tables. */
const char *fault_name(enum fault_kind kind);

/*
 * Find the manner of a FAULT_CHANGED: bytes are the size that came from its
 * offset on, key the connection's pattern. Looks for a shift of up to 64 KiB.
 */
void fault_diagnose(struct fault *fault, uint64_t key, const void *bytes,
                    size_t size);

#endif
