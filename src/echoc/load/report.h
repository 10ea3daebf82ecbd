/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * report: the results of a load, as text, JSON, CSV, files and exit status.
 */
#ifndef ECHOC_LOAD_REPORT_H
#define ECHOC_LOAD_REPORT_H

#include "common/errmsg.h"
#include "echoc/load/load.h"
#include "echoc/options.h"
#include "echoc/status.h"

/* Check that the files of --hgrm and --plot can be written, before the load
 * begins. Returns 0, or -1 with errmsg. */
int report_prepare(const struct options *options, char errmsg[ERRMSG_MAX]);

/* Print the report and write the files; for a load whose workers have been
 * joined. */
enum status report_write(const struct load *load);

#endif
