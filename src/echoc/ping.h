/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * ping: round trips, one after another.
 */
#ifndef ECHOC_PING_H
#define ECHOC_PING_H

#include "echoc/options.h"
#include "echoc/status.h"

/*
 * Send messages at intervals, a line for each, until there were enough or an
 * interrupt comes; then the summary. interrupt_catch() comes before. A server
 * that is away is asked again at the next interval.
 */
enum status ping_run(const struct options *options);

#endif
