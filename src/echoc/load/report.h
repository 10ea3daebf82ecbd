/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * report: the results of a load, as text, JSON, CSV, files and exit status.
 */
#ifndef ECHOC_LOAD_REPORT_H
#define ECHOC_LOAD_REPORT_H

#include "echoc/load/worker.h"
#include "echoc/net/connect.h"
#include "echoc/options.h"
#include "echoc/status.h"

#include <stddef.h>
#include <stdint.h>

/* Check that the files of --hgrm and --plot can be written, before the load
 * begins. */
enum status report_prepare(const struct options *options);

/* Print the report and write the files, once all workers have been joined;
 * begun_ns is when they were started, of clock_ns(). */
enum status report_write(const struct options *options,
                         const struct server *server,
                         const struct worker *workers, size_t count,
                         int64_t begun_ns);

#endif
