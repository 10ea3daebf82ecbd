/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * pipe: standard input to the server, and what comes back to standard output.
 */
#ifndef ECHOC_COPY_H
#define ECHOC_COPY_H

#include "echoc/options.h"
#include "echoc/status.h"

/*
 * Copy until both ends have come, and hold what came back against what was
 * sent. Has said what was wrong.
 */
enum status copy_run(const struct options *options);

#endif
