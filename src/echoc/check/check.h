/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * check: test what the server and the path to it do to bytes and connections.
 */
#ifndef ECHOC_CHECK_CHECK_H
#define ECHOC_CHECK_CHECK_H

#include "echoc/options.h"
#include "echoc/status.h"

/*
 * Run the probes in order and print a row for each. Call interrupt_catch()
 * first: an interrupt skips the probe under way and all after it.
 */
enum status check_run(const struct options *options);

#endif
