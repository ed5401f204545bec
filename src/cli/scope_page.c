/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "cli/scope_view.h"
#include "cli/table.h"
#include "cli/text.h"

#include <inttypes.h>

enum {
    NAME_TEXT = VOCABULARY_NAME_SIZE * 4 + 1,
    TIME_SIZE = 32,
    NUMBER_SIZE = 32,
    PLACE_TEXT = 640
};

static void
print_label(FILE *file, const char *label)
{
    fprintf(file, "%-14s", label);
}

/* "12 (exact)", "12 to 300" */
static void
interval_text(char *text, size_t size, struct interval interval)
{
    char least[NUMBER_SIZE], most[NUMBER_SIZE];

    text_count(least, sizeof(least), interval.at_least);
    text_count(most, sizeof(most), interval.at_most);
    if (interval.at_least == interval.at_most)
        snprintf(text, size, "%s (exact)", least);
    else
        snprintf(text, size, "%s to %s", least, most);
}

static void
print_subjects(FILE *file, const struct scope *scope)
{
    bool is_any = false;

    for (size_t k = 0; k < scope->kind_count; k++) {
        const struct scope_kind *kind = &scope->kinds[k];
        struct interval persons = scope_subjects(scope, k);
        char name[NAME_TEXT], count[2 * NUMBER_SIZE + 16], bound[NUMBER_SIZE];

        if (persons.at_most == 0 && kind->decoys == 0)
            continue;
        text_escape(name, sizeof(name), view_of_text(scope->selection->book->names.kinds.items[k]));
        interval_text(count, sizeof(count), persons);
        print_label(file, is_any ? "" : "persons");
        fprintf(file, "%s: %s\n", name, count);
        if (kind->decoys > 0) {
            text_count(bound, sizeof(bound), kind->decoys);
            print_label(file, "");
            fprintf(file, "  and %s decoy%s, who %s not counted\n", bound,
                    kind->decoys == 1 ? "" : "s", kind->decoys == 1 ? "is" : "are");
        }
        if (kind->bounded > 0) {
            text_count(bound, sizeof(bound), kind->largest_bound);
            print_label(file, "");
            fprintf(file,
                    "  the width comes from %" PRIu64 " statement%s; the largest bound of one is "
                    "%s\n",
                    kind->bounded, kind->bounded == 1 ? "" : "s", bound);
        }
        is_any = true;
    }
    if (!is_any) {
        print_label(file, "persons");
        fputs("none\n", file);
    }
}

static const struct table_column field_columns[] = {
    {"field", false, 0, 0},
    {"persons", true, 0, 0},
    {"shown", false, 0, 0},
};

static int
print_fields(FILE *file, const struct scope *scope, size_t width)
{
    const struct name_list *fields = &scope->selection->book->names.fields;
    struct table table;
    int result = 0;

    table_init(&table, field_columns, COUNT_OF(field_columns));
    for (size_t f = 0; f < fields->count; f++) {
        enum clarity clarity = scope_field_clarity(scope, f);
        char count[2 * NUMBER_SIZE + 16];

        if (clarity == CLARITY_NONE)
            continue;
        interval_text(count, sizeof(count), scope_field_persons(scope, f));
        table_add(&table, fields->items[f]);
        table_add(&table, count);
        table_add(&table, clarity_text(clarity));
    }
    if (table.count > 0 || table.error != 0) {
        fputc('\n', file);
        result = table_print(&table, file, 2, width);
        fputc('\n', file);
    }
    table_release(&table);
    return result;
}

/* As put_absent of scope_json.c. */
static void
print_absent(FILE *file, const struct scope *scope, const char *label, bool is_watched)
{
    const struct name_list *fields = &scope->selection->book->names.fields;
    bool is_any = false;

    for (size_t f = 0; f < fields->count; f++) {
        char name[NAME_TEXT];

        if (scope_field_clarity(scope, f) != CLARITY_NONE ||
            selection_has_watched(scope->selection, (int)f) != is_watched)
            continue;
        text_escape(name, sizeof(name), view_of_text(fields->items[f]));
        if (!is_any)
            print_label(file, label);
        fprintf(file, "%s%s", is_any ? ", " : "", name);
        is_any = true;
    }
    if (is_any)
        fputs(is_watched ? "\n" : " (not mapped in all of this time: nothing is known)\n", file);
}

static void
print_who_and_when(FILE *file, const struct scope *scope)
{
    char first[TIME_SIZE], last[TIME_SIZE], n[NUMBER_SIZE];

    print_label(file, "to whom");
    for (size_t p = 0; p < scope->principals.count; p++) {
        char name[NAME_SIZE * 4 + 1];

        text_escape(name, sizeof(name), view_of_text(scope->principals.items[p]));
        fprintf(file, "%s%s", p > 0 ? ", " : "", name);
    }
    fputs(scope->principals.count > 0 ? "\n" : "nobody\n", file);
    if (scope->first != 0) {
        log_time_text(first, sizeof(first), scope->first);
        log_time_text(last, sizeof(last), scope->last);
        print_label(file, "when");
        fprintf(file, "%s to %s\n", first, last);
    }
    print_label(file, "by");
    text_count(n, sizeof(n), scope->statements);
    fprintf(file, "%s statement%s, ", n, scope->statements == 1 ? "" : "s");
    text_count(n, sizeof(n), scope->rows);
    fprintf(file, "%s row%s", n, scope->rows == 1 ? "" : "s");
    text_count(n, sizeof(n), scope->misses);
    if (scope->misses > 0)
        fprintf(file, ", %s that found nobody", n);
    fputc('\n', file);
}

static void
print_attributions(FILE *file, const struct scope *scope)
{
    bool is_any = false;

    for (unsigned a = ATTRIBUTION_NONE + 1; a < ATTRIBUTION_COUNT; a++) {
        char n[NUMBER_SIZE];

        if (scope->attributions[a] == 0)
            continue;
        if (!is_any)
            print_label(file, "found by");
        text_count(n, sizeof(n), scope->attributions[a]);
        fprintf(file, "%s%s %s", is_any ? ", " : "", exposure_attribution_text((enum attribution)a),
                n);
        is_any = true;
    }
    if (is_any)
        fputc('\n', file);
}

void
scope_view_gap(FILE *file, const struct gaps *gaps, const struct gap *gap)
{
    char from[TIME_SIZE], to[TIME_SIZE] = "now", n[NUMBER_SIZE], name[SEGMENT_NAME_SIZE];
    char place[PLACE_TEXT], sessions[2 * NUMBER_SIZE + 16];

    log_time_text(from, sizeof(from), gap->from);
    if (gap->to > 0)
        log_time_text(to, sizeof(to), gap->to);
    switch (gap->what) {
    case GAP_LOST:
        text_count(n, sizeof(n), gap->records);
        fprintf(file, "  %s record%s could not be written between %s and %s: %s\n", n,
                gap->records == 1 ? "" : "s", from, to, error_text(gap->error));
        break;
    case GAP_DIED:
        fprintf(file, "  the keeper died after %s; the next began at %s\n", from, to);
        break;
    case GAP_STOPPED:
        fprintf(file, "  pasu was stopped from %s to %s\n", from, to);
        break;
    case GAP_PRUNED:
        fprintf(file, "  what was recorded from %s to %s was deleted by age (ledger.retention)\n",
                from, to);
        break;
    case GAP_DAMAGED:
        segment_name(name, gap->segment);
        fprintf(file,
                "  the ledger is damaged at byte %" PRIu64
                " of %s, recorded between %s and %s: see "
                "pasu ledger verify\n",
                gap->offset, name, from, to);
        break;
    case GAP_PAST:
        scope_place_text(place, sizeof(place), gaps, gap->place);
        interval_text(sessions, sizeof(sessions), (struct interval){gap->at_least, gap->at_most});
        fprintf(file, "  sessions in %s that did not come through pasu, from %s to %s: %s\n", place,
                from, to, sessions);
        break;
    }
}

/* A line of the form "  12 statements WHAT", unless there are none. */
static size_t
print_some(FILE *file, uint64_t n, const char *noun, const char *what)
{
    char count[NUMBER_SIZE];

    if (n == 0)
        return 0;
    text_count(count, sizeof(count), n);
    fprintf(file, "  %s %s%s %s\n", count, noun, n == 1 ? "" : "s", what);
    return 1;
}

static void
print_completeness(FILE *file, const struct scope *scope, const struct scope_log *log)
{
    const struct selection *selection = scope->selection;
    const struct gaps *gaps = &selection->book->gaps;
    size_t said = 0;

    fputs("\ncompleteness\n", file);
    for (size_t g = 0; g < gaps->count; g++)
        if (gap_concerns(&gaps->items[g], selection->filter->from, selection->filter->to)) {
            scope_view_gap(file, gaps, &gaps->items[g]);
            said++;
        }
    said += print_some(file, gaps->left_out, "further gap", "are not listed");
    said += scope_view_reconciled(file, gaps, selection->filter, true);
    said += print_some(file, scope->bounded, "statement", "could not name all persons");
    said += print_some(file, scope->unattributed, "statement",
                       "had rows with personal fields and no usable key");
    said += print_some(file, selection->unrecorded.count, "session",
                       "ran without being recorded: who it was is not known");
    said += print_some(file, selection->untestable, "statement",
                       "of such sessions may belong here and are not counted");
    if (log != NULL)
        said += scope_log_print(file, log);
    if (said == 0)
        fputs("  the record has no gap, and every person is named\n", file);
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        if (scope->flags[flag] > 0)
            fprintf(file, "  flag %s: %" PRIu64 "\n", exposure_flag_text((enum exposure_flag)flag),
                    scope->flags[flag]);
}

int
scope_view_page(FILE *file, const struct scope *scope, const struct scope_log *log, size_t width)
{
    int result;

    print_subjects(file, scope);
    result = print_fields(file, scope, width);
    print_absent(file, scope, "not shown", true);
    print_absent(file, scope, "not watched", false);
    print_who_and_when(file, scope);
    print_attributions(file, scope);
    print_completeness(file, scope, log);
    return result;
}
