/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * crew: the clients of one worker, and who of them is next.
 *
 * One thread's, from crew_open() to crew_close().
 */
#ifndef ECHOC_LOAD_CREW_H
#define ECHOC_LOAD_CREW_H

#include "echoc/load/client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crew {
    struct shift shift; /* the worker fills it in, but for poller and room */
    struct client *clients;
    size_t *queue; /* a ring of slots: who is to dial, in order */
    size_t queue_first;
    size_t queue_length;
    size_t dialling;
    size_t tried;      /* clients whose first connection is decided */
    size_t gone;       /* clients that are done for good */
    uint64_t prompted; /* --rate: messages whose time has come */
    int64_t tick_ns;   /* when to look next who is late */
};

/* Make the shift's clients, numbered from first; all are to dial. Returns 0, or
 * -1 with errno; crew_close() takes a failed one, too. */
int crew_open(struct crew *crew, uint32_t first);
void crew_close(struct crew *crew);

/* Something is ready in a slot. */
void crew_event(struct crew *crew, size_t slot, short events);

/* Those who may dial, do. */
void crew_dial(struct crew *crew);

/* Those who rest see whether there is something to begin or to end. */
void crew_prompt_all(struct crew *crew);
/* --rate: those do whose time has come. */
void crew_prompt_due(struct crew *crew);

/* Nobody dials any more, and everybody ends what is under way. */
void crew_end(struct crew *crew);

/* From time to time, see who has waited too long; with stop, who is dialling
 * hangs up instead. */
void crew_look(struct crew *crew, bool stop);

/* When the worker must be awake again, of clock_ns(). */
int64_t crew_next(const struct crew *crew);

#endif
