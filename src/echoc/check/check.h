/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * check: what does the path do to my bytes?
 */
#ifndef ECHOC_CHECK_CHECK_H
#define ECHOC_CHECK_CHECK_H

#include "echoc/options.h"
#include "echoc/status.h"

/*
 * Run the trials one after another and print a line for each. interrupt_catch()
 * comes before; an interrupt ends it after the trial that it breaks off.
 */
enum status check_run(const struct options *options);

#endif
