/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * results: read the files that "echoc load --json" wrote.
 */
#ifndef ECHOC_COMPARE_RESULTS_H
#define ECHOC_COMPARE_RESULTS_H

#include "common/errmsg.h"
#include "echoc/compare/json_read.h"

#include <stddef.h>
#include <stdint.h>

/* What is compared. */
enum measure {
    MEASURE_RATE,
    MEASURE_BYTES,
    MEASURE_P50,
    MEASURE_P99,
    MEASURES
};

enum { RESULTS_PARTS = 5 }; /* of a run that stands alone */

struct run {
    char *line;              /* that the values point into */
    struct json_value *json; /* the report */
    double values[MEASURES]; /* messages/s, bytes/s, ms, ms; NAN: none */
    double parts[MEASURES][RESULTS_PARTS]; /* the same, for parts of its time */
    size_t part_counts[MEASURES];          /* 0: too few intervals */
    double faults;
};

struct results {
    struct run *runs;
    size_t count;
};

/*
 * Read a file with a report on each line, at least one. Returns 0, or -1 with
 * errmsg "FILE:LINE: WHY". results_free() frees them in either case.
 */
int results_read(struct results *results, const char *path,
                 char errmsg[ERRMSG_MAX]);
void results_free(struct results *results);

#endif
