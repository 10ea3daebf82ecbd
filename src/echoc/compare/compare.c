/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * compare: two sets of results of "echoc load --json", side by side.
 *
 * What varies between two runs of the same server is found out only by several
 * runs. If both files have some, each run is one value of a sample; otherwise
 * the parts of the runs have to do.
 */
#include "config.h"

#include "echoc/compare/compare.h"

#include "common/text.h"
#include "echoc/compare/estimate.h"
#include "echoc/compare/results.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_MIN = 3, SIDES = 2, TEXT_MAX = 128, RATIO_MAX = 16 };

enum verdict { VERDICT_SAME, VERDICT_BETTER, VERDICT_WORSE, VERDICT_UNCLEAR };

struct comparison {
    struct results sides[SIDES];
    double margin; /* a ratio of 1 / margin to margin is no difference */
    bool by_run;   /* a run is a value, not a part of one */
    const char *labels[MEASURES + 1]; /* of what has a verdict, in order */
    enum verdict verdicts[MEASURES + 1];
    size_t count;
};

static const struct {
    const char *label;
    double unit;
    int decimals;
    bool less_is_better;
} measures[MEASURES] = {[MEASURE_RATE] = {"messages/s", 1, 1, false},
                        [MEASURE_BYTES] = {"MB/s", 1e6, 3, false},
                        [MEASURE_P50] = {"p50 ms", 1, 3, true},
                        [MEASURE_P99] = {"p99 ms", 1, 3, true}};

static const char *const verdict_names[] = {[VERDICT_SAME] = "same",
                                            [VERDICT_BETTER] = "better",
                                            [VERDICT_WORSE] = "worse",
                                            [VERDICT_UNCLEAR] = "unclear"};

/* A text from a file, so that a terminal does not obey it. */
static const char *printable(const char *text, char out[TEXT_MAX])
{
    snprintf(out, TEXT_MAX, "%s", text != NULL ? text : "-");
    text_mask_controls(out, strlen(out));
    return out;
}

static double mean_of(const struct results *results, enum measure measure)
{
    double sum = 0;
    size_t count = 0;

    for (size_t i = 0; i < results->count; i++)
        if (results->runs[i].values[measure] >= 0) {
            sum += results->runs[i].values[measure];
            count++;
        }
    return count > 0 ? sum / (double)count : NAN;
}

/* Allocates the values of the sample. Returns 0, or -1 with errno. */
static int take_sample(struct sample *sample, const struct results *results,
                       enum measure measure, bool by_run)
{
    double *values = calloc(results->count * RESULTS_PARTS, sizeof *values);

    *sample = (struct sample){.values = values};
    if (values == NULL)
        return -1;
    for (size_t i = 0; i < results->count; i++) {
        const struct run *run = &results->runs[i];

        if (by_run && run->values[measure] >= 0)
            values[sample->count++] = run->values[measure];
        for (size_t j = 0; !by_run && j < run->part_counts[measure]; j++)
            values[sample->count++] = run->parts[measure][j];
    }
    return 0;
}

/* Of a rate that is 0 for one side only. */
static enum verdict judge_zero(const double means[SIDES])
{
    if ((means[0] == 0) == (means[1] == 0))
        return VERDICT_UNCLEAR;
    return means[0] == 0 ? VERDICT_BETTER : VERDICT_WORSE;
}

/* A difference has to be larger than the margin and than what chance does. */
static enum verdict judge(const struct estimate *estimate, double margin,
                          bool less_is_better)
{
    double ratio = less_is_better ? 1 / estimate->ratio : estimate->ratio;

    if (!estimate->has_range)
        return VERDICT_UNCLEAR;
    if (estimate->low >= 1 / margin && estimate->high <= margin)
        return VERDICT_SAME;
    if (estimate->low <= 1 && estimate->high >= 1)
        return VERDICT_UNCLEAR;
    if (ratio >= margin)
        return VERDICT_BETTER;
    return ratio <= 1 / margin ? VERDICT_WORSE : VERDICT_UNCLEAR;
}

static void note(struct comparison *comparison, const char *label,
                 enum verdict verdict)
{
    comparison->labels[comparison->count] = label;
    comparison->verdicts[comparison->count++] = verdict;
    printf("  %s\n", verdict_names[verdict]);
}

/* In few columns, however large; "-" if it is not known. */
static const char *format_ratio(double ratio, char text[RATIO_MAX])
{
    if (isnan(ratio))
        return "-";
    snprintf(text, RATIO_MAX, ratio < 9999.9995 ? "%.3f" : "%.2e", ratio);
    return text;
}

static void print_measure(struct comparison *comparison, enum measure measure,
                          const double means[SIDES],
                          const struct estimate *estimate)
{
    bool less_is_better = measures[measure].less_is_better;
    double unit = measures[measure].unit;
    int decimals = measures[measure].decimals;
    char ratio[RATIO_MAX];
    char low[RATIO_MAX];
    char high[RATIO_MAX];
    char range[TEXT_MAX] = "-";

    if (estimate->has_range)
        snprintf(range, sizeof range, "%s to %s",
                 format_ratio(estimate->low, low),
                 format_ratio(estimate->high, high));
    printf("%-11s %12.*f %12.*f %8s  %16s", measures[measure].label, decimals,
           means[0] / unit, decimals, means[1] / unit,
           format_ratio(estimate->ratio, ratio), range);
    note(comparison, measures[measure].label,
         less_is_better || (means[0] > 0 && means[1] > 0)
             ? judge(estimate, comparison->margin, less_is_better)
             : judge_zero(means));
}

/* Returns 0, or -1 with errno. */
static int compare_measure(struct comparison *comparison, enum measure measure)
{
    double means[SIDES];
    struct sample samples[SIDES] = {{NULL, 0}, {NULL, 0}};
    struct estimate estimate;
    int result = 0;

    for (int i = 0; i < SIDES; i++) {
        means[i] = mean_of(&comparison->sides[i], measure);
        if (take_sample(&samples[i], &comparison->sides[i], measure,
                        comparison->by_run) < 0)
            result = -1;
    }
    if (result == 0 && means[0] >= 0 && means[1] >= 0) {
        estimate = estimate_ratio(means[0], &samples[0], means[1], &samples[1]);
        print_measure(comparison, measure, means, &estimate);
    }
    for (int i = 0; i < SIDES; i++)
        free(samples[i].values);
    return result;
}

static void compare_faults(struct comparison *comparison)
{
    double faults[SIDES] = {0, 0};
    enum verdict verdict = VERDICT_UNCLEAR;

    for (int i = 0; i < SIDES; i++)
        for (size_t j = 0; j < comparison->sides[i].count; j++)
            faults[i] += comparison->sides[i].runs[j].faults;
    if (faults[0] == 0 && faults[1] == 0)
        verdict = VERDICT_SAME;
    else if (faults[0] == 0 || faults[1] == 0)
        verdict = faults[0] == 0 ? VERDICT_WORSE : VERDICT_BETTER;
    printf("%-11s %12.0f %12.0f %8s  %16s", "faults", faults[0], faults[1], "",
           "");
    note(comparison, "faults", verdict);
}

static bool is_same_scalar(const struct json_value *a,
                           const struct json_value *b)
{
    if (a->kind != b->kind)
        return false;
    return a->kind == JSON_STRING ? strcmp(a->text, b->text) == 0
                                  : a->number == b->number;
}

/* An option is a scalar, or a list of scalars. */
static bool is_same(const struct json_value *a, const struct json_value *b)
{
    if (b == NULL || !is_same_scalar(a, b))
        return false;
    for (a = a->first, b = b->first; a != NULL && b != NULL;
         a = a->next, b = b->next)
        if (!is_same_scalar(a, b))
            return false;
    return a == b;
}

/* The next option, from a member of the first report on, for which the second
 * report has another value; NULL if there is none. What only says where to
 * write something is left out. */
static const struct json_value *next_difference(const struct json_value *option,
                                                const struct json_value *other)
{
    for (; option != NULL; option = option->next)
        if (strcmp(option->name, "hgrm") != 0 &&
            strcmp(option->name, "plot") != 0 &&
            !is_same(option, json_read_member(other, option->name)))
            return option;
    return NULL;
}

/* An option as on the command line, from its name in a report. */
static const char *option_name(const struct json_value *option,
                               char name[TEXT_MAX])
{
    char text[TEXT_MAX];

    if (strcmp(option->name, "family") == 0)
        return "-4 or -6";
    snprintf(name, TEXT_MAX, "--%s", printable(option->name, text));
    for (char *c = strchr(name, '_'); c != NULL; c = strchr(c, '_'))
        *c = '-';
    return name;
}

static const struct json_value *options_of(const struct results *results,
                                           size_t i)
{
    return json_read_member(results->runs[i].json, "options");
}

/* All runs of a file have to be of the same kind. */
static int check_runs(const struct results *results, const char *path,
                      char *errmsg)
{
    const struct json_value *first = options_of(results, 0);
    char name[TEXT_MAX];

    if (first == NULL || first->kind != JSON_OBJECT)
        return errmsg_set(errmsg, "%s:1: it has no options", path);
    for (size_t i = 1; i < results->count; i++) {
        const struct json_value *option =
            next_difference(first->first, options_of(results, i));

        if (option != NULL)
            return errmsg_set(errmsg, "%s:%zu: %s differs from line 1", path,
                              i + 1, option_name(option, name));
    }
    return 0;
}

static void print_side(char name, const char *path,
                       const struct results *results)
{
    const struct json_value *json = results->runs[0].json;
    char file[TEXT_MAX];
    char address[TEXT_MAX];
    char mode[TEXT_MAX];

    printf("%c  %s: %zu run%s of %.3f s\n", name, printable(path, file),
           results->count, results->count == 1 ? "" : "s",
           json_read_number(json, "seconds"));
    printf("   %s, %.0f clients, %s, %.0f bytes\n",
           printable(json_read_text(json, "address"), address),
           json_read_number(json, "clients"),
           printable(json_read_text(json, "mode"), mode),
           json_read_number(json, "size"));
}

static void print_differences(const struct comparison *comparison)
{
    const struct json_value *other = options_of(&comparison->sides[1], 0);
    const struct json_value *option = options_of(&comparison->sides[0], 0);
    char name[TEXT_MAX];

    for (option = next_difference(option->first, other); option != NULL;
         option = next_difference(option->next, other))
        printf("   %s was not the same\n", option_name(option, name));
}

/* "B is worse in p50 ms, p99 ms". Returns whether there is anything to say. */
static bool print_verdict(const struct comparison *comparison,
                          enum verdict verdict, const char *start)
{
    const char *separator = start;

    for (size_t i = 0; i < comparison->count; i++)
        if (comparison->verdicts[i] == verdict) {
            printf("%s%s", separator, comparison->labels[i]);
            separator = ", ";
        }
    if (separator == start)
        return false;
    putchar('\n');
    return true;
}

static enum status conclude(const struct comparison *comparison)
{
    bool is_worse = false;
    bool is_better = false;
    bool is_unclear = false;

    putchar('\n');
    is_worse = print_verdict(comparison, VERDICT_WORSE, "B is worse in ");
    is_better = print_verdict(comparison, VERDICT_BETTER, "B is better in ");
    is_unclear = print_verdict(comparison, VERDICT_UNCLEAR,
                               "unclear, more or longer runs may tell: ");
    if (!is_worse && !is_better && !is_unclear)
        printf("A and B are the same, within %g%%\n",
               100 * (comparison->margin - 1));
    if (!comparison->by_run)
        printf("(With fewer than %d runs in a file, it is not known how much "
               "one run\ndiffers from the next.)\n",
               RUNS_MIN);
    return is_worse ? STATUS_FAULT : STATUS_OK;
}

/* With equal sizes, the bytes say what the messages say, unless no message was
 * complete: a chunk of --stream may be large. */
static bool has_bytes_line(const struct comparison *comparison)
{
    const struct results *sides = comparison->sides;

    return json_read_number(sides[0].runs[0].json, "size") !=
               json_read_number(sides[1].runs[0].json, "size") ||
           (mean_of(&sides[0], MEASURE_RATE) == 0 &&
            mean_of(&sides[1], MEASURE_RATE) == 0 &&
            mean_of(&sides[0], MEASURE_BYTES) +
                    mean_of(&sides[1], MEASURE_BYTES) >
                0);
}

static bool has_echo(const struct results *results)
{
    for (size_t i = 0; i < results->count; i++)
        if (json_read_number(results->runs[i].json, "bytes") > 0)
            return true;
    return false;
}

static enum status compare(struct comparison *comparison,
                           const struct options *options)
{
    const struct results *sides = comparison->sides;
    bool with_bytes = has_bytes_line(comparison);

    if (!has_echo(&sides[0]) && !has_echo(&sides[1])) {
        status_warn("nothing to compare: no message came back in %s or %s",
                    options->files[0], options->files[1]);
        return STATUS_LOCAL;
    }
    comparison->margin = 1 + options->margin / 100;
    comparison->by_run =
        sides[0].count >= RUNS_MIN && sides[1].count >= RUNS_MIN;
    for (int i = 0; i < SIDES; i++)
        print_side("AB"[i], options -> files[i], &sides[i]);
    print_differences(comparison);
    printf("\n%-11s %12s %12s %8s  %16s  %s\n", "", "A", "B", "B/A",
           "99% interval", "B is");
    for (int i = 0; i < MEASURES; i++) {
        if (i == MEASURE_BYTES && !with_bytes)
            continue;
        if (compare_measure(comparison, (enum measure)i) < 0) {
            status_warn("%s", strerror(errno));
            return STATUS_LOCAL;
        }
    }
    compare_faults(comparison);
    return conclude(comparison);
}

enum status compare_run(const struct options *options)
{
    struct comparison comparison = {.count = 0};
    enum status status = STATUS_OK;
    char errmsg[ERRMSG_MAX];

    for (int i = 0; i < SIDES && status == STATUS_OK; i++)
        if (results_read(&comparison.sides[i], options->files[i], errmsg) < 0 ||
            check_runs(&comparison.sides[i], options->files[i], errmsg) < 0) {
            status_warn("%s", errmsg);
            status = STATUS_LOCAL;
        }
    if (status == STATUS_OK)
        status = compare(&comparison, options);
    for (int i = 0; i < SIDES; i++)
        results_free(&comparison.sides[i]);
    return status;
}
