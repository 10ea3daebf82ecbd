/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * results: read the files that "echoc load --json" wrote.
 */
#include "config.h"

#include "echoc/compare/results.h"

#include "echoc/options.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The last interval may be so short that it says nothing. */
static const double LENGTH_MIN = 0.5;

/* What an interval measured. */
static double interval_value(const struct json_value *interval,
                             enum measure measure)
{
    const struct json_value *times =
        json_read_member(interval, "round_trip_ms");
    double seconds = json_read_number(interval, "seconds");

    switch (measure) {
    case MEASURE_RATE:
        return json_read_number(interval, "echoed") / seconds;
    case MEASURE_BYTES:
        return json_read_number(interval, "bytes") / seconds;
    case MEASURE_P50:
        return json_read_number(times, "p50");
    case MEASURE_P99:
        return json_read_number(times, "p99");
    case MEASURES:
        break;
    }
    return NAN;
}

static bool is_usable(const struct json_value *interval, double longest,
                      enum measure measure)
{
    return json_read_number(interval, "seconds") >= LENGTH_MIN * longest &&
           interval_value(interval, measure) >= 0;
}

/* The means of the intervals of each part of the time. Neighbouring intervals
 * are alike, so that they would promise more than they know; five parts are
 * nearly independent. */
static void fill_parts(struct run *run, enum measure measure)
{
    const struct json_value *intervals =
        json_read_member(run->json, "intervals");
    const struct json_value *interval = NULL;
    double longest = 0;
    size_t counts[RESULTS_PARTS] = {0};
    size_t count = 0;
    size_t i = 0;

    if (intervals == NULL || intervals->kind != JSON_ARRAY)
        return;
    for (interval = intervals->first; interval; interval = interval->next)
        longest = fmax(longest, json_read_number(interval, "seconds"));
    for (interval = intervals->first; interval; interval = interval->next)
        count += is_usable(interval, longest, measure);
    if (count < RESULTS_PARTS)
        return;
    for (interval = intervals->first; interval; interval = interval->next) {
        size_t part = i * RESULTS_PARTS / count;

        if (!is_usable(interval, longest, measure))
            continue;
        run->parts[measure][part] += interval_value(interval, measure);
        counts[part]++;
        i++;
    }
    for (i = 0; i < RESULTS_PARTS; i++)
        run->parts[measure][i] /= (double)counts[i];
    run->part_counts[measure] = RESULTS_PARTS;
}

static double count_faults(const struct json_value *json)
{
    const struct json_value *errors = json_read_member(json, "errors");
    double faults = 0;

    for (errors = errors != NULL ? errors->first : NULL; errors;
         errors = errors->next)
        faults += errors->number;
    return faults;
}

/* Returns 0, or -1 with errmsg. */
static int read_run(struct run *run, char *errmsg)
{
    const char *command = NULL;
    const struct json_value *times = NULL;
    double schema = 0;

    run->json = json_read(run->line, errmsg);
    if (run->json == NULL)
        return -1;
    command = json_read_text(run->json, "command");
    schema = json_read_number(run->json, "schema");
    if (command == NULL || strcmp(command, "load") != 0)
        return errmsg_set(errmsg, "not a report of echoc load --json");
    if (schema != OPTIONS_JSON_SCHEMA)
        return errmsg_set(errmsg,
                          "a report of another version: its schema is "
                          "not %d",
                          OPTIONS_JSON_SCHEMA);
    if (json_read_text(run->json, "error") != NULL)
        return errmsg_set(errmsg, "the load could not begin: %s",
                          json_read_text(run->json, "error"));
    times = json_read_member(run->json, "round_trip_ms");
    run->values[MEASURE_RATE] =
        json_read_number(run->json, "messages_per_second");
    run->values[MEASURE_BYTES] =
        json_read_number(run->json, "bytes_per_second");
    run->values[MEASURE_P50] = json_read_number(times, "p50");
    run->values[MEASURE_P99] = json_read_number(times, "p99");
    run->faults = count_faults(run->json);
    if (!(run->values[MEASURE_RATE] >= 0))
        return errmsg_set(errmsg, "it has no rate");
    for (int measure = 0; measure < MEASURES; measure++)
        fill_parts(run, (enum measure)measure);
    return 0;
}

static int append_run(struct results *results, char *line, char *errmsg)
{
    struct run *runs =
        realloc(results->runs, (results->count + 1) * sizeof *runs);

    if (runs == NULL) {
        free(line);
        return errmsg_set(errmsg, "%s", strerror(errno));
    }
    results->runs = runs;
    runs[results->count] = (struct run){.line = line};
    return read_run(&runs[results->count++], errmsg);
}

static int read_lines(struct results *results, FILE *file, const char *path,
                      char *errmsg)
{
    char why[ERRMSG_MAX];
    char *line = NULL;
    size_t size = 0;
    size_t number = 0;
    ssize_t length = 0;
    int result = 0;

    while (result == 0 && (length = getline(&line, &size, file)) >= 0) {
        number++;
        if (strlen(line) == (size_t)length) {
            result = append_run(results, line, why);
            line = NULL; /* the run has it */
            size = 0;
        } else {
            result = errmsg_set(why, "a byte with the value 0");
        }
    }
    free(line);
    if (result < 0)
        return errmsg_set(errmsg, "%s:%zu: %s", path, number, why);
    if (ferror(file))
        return errmsg_set(errmsg, "cannot read %s: %s", path, strerror(errno));
    return results->count > 0 ? 0 : errmsg_set(errmsg, "%s: it is empty", path);
}

int results_read(struct results *results, const char *path,
                 char errmsg[ERRMSG_MAX])
{
    FILE *file = fopen(path, "r");
    int result = -1;

    *results = (struct results){0};
    if (file == NULL)
        return errmsg_set(errmsg, "cannot read %s: %s", path, strerror(errno));
    result = read_lines(results, file, path, errmsg);
    fclose(file);
    return result;
}

void results_free(struct results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        json_read_free(results->runs[i].json);
        free(results->runs[i].line);
    }
    free(results->runs);
    *results = (struct results){0};
}
