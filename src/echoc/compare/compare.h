/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * compare: two sets of results of "echoc load --json", side by side.
 */
#ifndef ECHOC_COMPARE_COMPARE_H
#define ECHOC_COMPARE_COMPARE_H

#include "echoc/options.h"
#include "echoc/status.h"

/* Print the comparison. Returns STATUS_FAULT if the second is worse in
 * something, STATUS_LOCAL if a file cannot be read. */
enum status compare_run(const struct options *options);

#endif
