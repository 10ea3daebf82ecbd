/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * copy: standard input to the server, and the echo to standard output.
 */
#ifndef ECHOC_COPY_H
#define ECHOC_COPY_H

#include "echoc/options.h"
#include "echoc/status.h"

/* Copy in both directions until EOF in both, and compare the echo with the
 * input. Prints what went wrong. */
enum status copy_run(const struct options *options);

#endif
