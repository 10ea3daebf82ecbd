/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * outcome: what the workers of a load did -> summary, files, status.
 */
#ifndef ECHOC_LOAD_OUTCOME_H
#define ECHOC_LOAD_OUTCOME_H

#include "echoc/load/worker.h"
#include "echoc/net/connect.h"
#include "echoc/options.h"
#include "echoc/status.h"

#include <stddef.h>
#include <stdint.h>

/* See that the files that are asked for can be had, before a load begins. */
enum status report_prepare(const struct options *options);

/* Print the summary and write the files that were asked for, once all workers
 * have been joined; begun_ns is when they were started, of clock_ns(). */
enum status report_write(const struct options *options,
                         const struct server *server,
                         const struct worker *workers, size_t count,
                         int64_t begun_ns);

#endif
