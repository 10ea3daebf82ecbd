/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * table: the results of a check as text of 80 columns, or as JSON.
 */
#include "config.h"

#include "echoc/check/table.h"

#include "echoc/stats/json.h"
#include "echoc/status.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS = 80, NAME_COLUMN = 8, TEXT_COLUMN = 22 };

/*
 * Print words from a column on, where the cursor is; lines after the first are
 * indented to it. A word that does not fit a line is not broken: it may be an
 * address that someone wants to copy.
 */
static void print_wrapped(int column, const char *text)
{
    size_t width = (size_t)(COLUMNS - column);

    for (;;) {
        size_t length = strlen(text);

        if (length > width) {
            length = width;
            while (length > 0 && text[length] != ' ')
                length--;
            if (length == 0)
                length = strcspn(text, " ");
        }
        printf("%.*s\n", (int)length, text);
        text += length;
        text += strspn(text, " ");
        if (*text == '\0')
            return;
        printf("%*s", column, "");
    }
}

void table_text_row(const char *name, const struct probe_result *result,
                    bool with_meaning)
{
    static const char *const verdicts[] = {
        [PROBE_OK] = "ok", [PROBE_BAD] = "BAD", [PROBE_SKIPPED] = "skipped"};
    char means[PROBE_TEXT_MAX + 8];

    printf("%-*s%-*s", NAME_COLUMN, verdicts[result->verdict],
           TEXT_COLUMN - NAME_COLUMN, name);
    print_wrapped(TEXT_COLUMN, result->observed);
    if (with_meaning) {
        snprintf(means, sizeof means, "means: %s", result->diagnosis);
        printf("%*s", TEXT_COLUMN, "");
        print_wrapped(TEXT_COLUMN, means);
    }
    status_show(); /* the next probe may take a while */
}

void table_text_end(const char *cause, size_t explained, size_t bad)
{
    char text[PROBE_TEXT_MAX + 64];

    if (*cause != '\0') {
        snprintf(text, sizeof text, "%zu of %zu bad: %s", explained, bad,
                 cause);
        printf("%-*s", NAME_COLUMN, "cause");
        print_wrapped(NAME_COLUMN, text);
    }
    if (bad > 0)
        printf("%zu bad\n", bad);
}

void table_json_row(const char *name, const struct probe_result *result)
{
    static const char *const verdicts[] = {
        [PROBE_OK] = "ok", [PROBE_BAD] = "bad", [PROBE_SKIPPED] = "skipped"};

    json_object(NULL);
    json_string("name", name);
    json_string("verdict", verdicts[result->verdict]);
    json_string("seen", result->observed);
    json_string("means", result->diagnosis);
    json_end();
}
