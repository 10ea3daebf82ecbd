/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * ping: measure round trips, one after another.
 */
#ifndef ECHOC_PING_H
#define ECHOC_PING_H

#include "echoc/options.h"
#include "echoc/status.h"

/* Send a message every interval and print a line for each, until the count is
 * reached or an interrupt is received; then print a summary. */
enum status ping_run(const struct options *options);

#endif
