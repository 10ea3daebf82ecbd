/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * load: many clients at once.
 */
#ifndef ECHOC_LOAD_LOAD_H
#define ECHOC_LOAD_LOAD_H

#include "echoc/options.h"
#include "echoc/status.h"

/*
 * Run the clients until their time or count is up or an interrupt comes, and
 * sum up. interrupt_catch() comes before.
 */
enum status load_run(const struct options *options);

#endif
