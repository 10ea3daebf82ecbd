/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * cause: what a probe found that explains the results of others, and which bad
 * results have one cause.
 */
#ifndef ECHOC_CHECK_CAUSE_H
#define ECHOC_CHECK_CAUSE_H

#include "echoc/check/probe.h"

#include <stdbool.h>
#include <stddef.h>

/* The causes that are known from another probe. */
extern const char cause_ends[];   /* the other side ends connections */
extern const char cause_banner[]; /* context->banner comes */
extern const char cause_values[]; /* context->values are changed */
extern const char cause_adds[];   /* there are more bytes than were sent */
extern const char cause_no_end[]; /* a half-close is not answered */
extern const char cause_resets[]; /* a half-close is answered with a reset */
extern const char cause_mute[];   /* others were answered */
extern const char cause_slow[];   /* few bytes come back in a second */
extern const char cause_last[];   /* the last byte does not come */

/*
 * If what the probes have found so far explains the fault of a bad result, make
 * that its diagnosis and its cause. Returns whether it does.
 */
bool cause_explain(const struct probe_context *context,
                   struct probe_result *result);

/* Whether both are bad, and have one cause. Without a cause of its own, a
 * result has its diagnosis. */
bool cause_is_same(const struct probe_result *one,
                   const struct probe_result *other);

/*
 * The cause of the most bad results, as part of a sentence. Returns the number
 * of results that it explains; text is empty if that is less than two.
 */
size_t cause_find(const struct probe_result results[], size_t count,
                  char text[PROBE_TEXT_MAX]);

#endif
