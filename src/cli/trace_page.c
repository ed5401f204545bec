/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scope_view.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/trace_view.h"

#include <inttypes.h>

enum { NAME_TEXT = 4 * NAME_SIZE + 1, PAGE_ACCESSES = 5 };

const char *
trace_reader_text(const struct trace_reader *reader)
{
    return *reader->name != '\0' ? reader->name : "(sessions not recorded)";
}

const char *
trace_doubt(const struct traced *t)
{
    const struct trace_answer *a = t->answer;
    const struct trace_source *first = a->sources;

    if (a->grade == GRADE_STRONG)
        return NULL;
    if (a->count == 0)
        return "nobody on record was shown anybody of the sample, at a time when it can have been";
    if (a->joint == 0)
        return "chance explains the sample better than anybody on record does";
    if (a->joint > 1)
        return "more than one source is needed to explain the sample";
    if (t->has_gaps)
        return "some of the time may not be on record";
    if (first->persons < 5)
        return "few persons of the sample are explained";
    if (first->probability < 0.99)
        return "others were shown nearly as many of these persons";
    if (first->whole < first->persons)
        return "not all fields of the sample were shown";
    return "it is not excluded that others were shown them, too";
}

/* ---- the sample ---- */

static void
print_sample(FILE *file, const struct traced *t)
{
    const struct sample_build *b = t->build;
    const struct leaked *sample = b->sample;
    char count[32];

    text_count(count, sizeof(count), sample->count);
    fprintf(file, "sample     %s %s%s of kind %s", count, "person", sample->count == 1 ? "" : "s",
            sample->kind);
    for (size_t f = 0; f < sample->fields.count; f++)
        fprintf(file, "%s%s", f == 0 ? ", with " : ", ", sample->fields.items[f]);
    fputc('\n', file);
    if (b->unknown + b->ambiguous > 0)
        fprintf(file,
                "           %" PRIu64 " row%s nobody who is known, %" PRIu64 " several persons\n",
                b->unknown, b->unknown == 1 ? " names" : "s name", b->ambiguous);
    for (size_t s = 0; b->decoys.count > 0 && s < b->decoys.decoys->count; s++)
        if (decoy_search_found(&b->decoys, s) > 0) {
            fputs("           ", file);
            decoy_search_print(&b->decoys, s, file);
        }
    for (size_t c = 0; c < b->column_count; c++) {
        const struct sample_column *column = &b->columns[c];
        char name[4 * VOCABULARY_NAME_SIZE + 1];

        text_escape(name, sizeof(name),
                    view_of_text(*column->name != '\0' ? column->name : "without a name"));
        if (column->role == ROLE_IGNORED)
            fprintf(file, "           column %s is not understood, and left out\n", name);
        if (column->dates > 0 && !b->is_undated)
            fprintf(file, "           dates in column %s: the %s was not read before\n", name,
                    sample->fields.items[column->field]);
    }
}

/* ---- the answer ---- */

/* Never 0 or 100. */
static void
percent_text(char text[16], double probability)
{
    if (probability < 0.001 || probability > 0.999)
        snprintf(text, 16, "%s", probability < 0.001 ? "< 0.1 %" : "> 99.9 %");
    else
        snprintf(text, 16, "%.1f %%", probability * 100);
}

static void
print_grade(FILE *file, const struct traced *t)
{
    const struct trace_answer *a = t->answer;
    const char *doubt = trace_doubt(t);
    char outside[16];

    fprintf(file, "answer     %s", trace_grade_name(a->grade));
    for (size_t s = 0; s < a->joint; s++) {
        char name[NAME_TEXT];

        text_escape(name, sizeof(name),
                    view_of_text(trace_reader_text(&t->trace->readers[a->sources[s].reader])));
        fprintf(file, "%s%s", s == 0 ? ": " : s + 1 == a->joint ? " and " : ", ", name);
    }
    if (a->joint > 0)
        fprintf(file, ", shown %" PRIu64 " of %zu", a->explained, t->trace->sample->count);
    fputc('\n', file);
    if (doubt != NULL)
        fprintf(file, "           %s\n", doubt);
    if (a->decoys > 0)
        fprintf(file,
                "           %" PRIu64 " of the persons %s made up, %" PRIu64
                " of them were shown to it%s\n",
                a->decoys, a->decoys == 1 ? "is" : "are", a->count > 0 ? a->sources->decoys : 0,
                a->has_sole ? ", and to nobody else on record" : "");
    percent_text(outside, a->outside);
    fprintf(file, "           that nobody on record is the source: %s\n", outside);
}

static const struct table_column source_columns[] = {
    {"principal", false, 8, 0}, {"likely", true, 0, 0},   {"persons", true, 0, 0},
    {"whole", true, 0, 2},      {"mistimed", true, 0, 3}, {"reach", true, 0, 1},
    {"by chance", true, 0, 4},  {"days", false, 0, 5},
};

static void
add_source(struct table *table, const struct traced *t, const struct trace_source *source)
{
    char text[64], from[16], to[16], likely[16];

    trace_day_text(from, source->from);
    trace_day_text(to, source->to);
    table_add(table, trace_reader_text(&t->trace->readers[source->reader]));
    percent_text(likely, source->probability);
    table_add(table, likely);
    table_add_count(table, source->persons);
    table_add_count(table, source->whole);
    table_add_count(table, source->mistimed);
    table_add_count(table, source->reach);
    snprintf(text, sizeof(text), "%.1g", source->coincidence);
    table_add(table, text);
    snprintf(text, sizeof(text), "%s to %s", from, to);
    table_add(table, source->from == source->to ? from : text);
}

static int
print_sources(FILE *file, const struct traced *t, size_t width)
{
    const struct trace_answer *a = t->answer;
    struct table table;
    int result;

    table_init(&table, source_columns, COUNT_OF(source_columns));
    for (size_t s = 0; s < a->count && s < TRACE_LISTED; s++)
        add_source(&table, t, &a->sources[s]);
    fputc('\n', file);
    result = a->count > 0 ? table_print(&table, file, 2, width) : 0;
    table_release(&table);
    if (a->count > TRACE_LISTED)
        fprintf(file, "  and %zu more\n", a->count - TRACE_LISTED);
    return result;
}

static void
print_access(FILE *file, const struct traced *t, const struct trace_access *access)
{
    const char *sql = shapes_get(&t->evidence->book->shapes, access->shape);
    char time[32], from[4 * ADDRESS_SIZE + 1], escaped[256];

    log_time_text(time, sizeof(time), access->time);
    text_escape(from, sizeof(from), view_of_text(access->address));
    text_escape(escaped, sizeof(escaped), view_of_text(sql != NULL ? sql : ""));
    fprintf(file, "  %s  session %016" PRIx64 "  from %s  %" PRIu64 " of the sample's persons",
            time, access->session, *from != '\0' ? from : "?", access->persons);
    for (size_t f = 0; f < t->trace->sample->fields.count; f++)
        if ((access->fields >> f & 1) != 0)
            fprintf(file, "%s%s", (access->fields & ((1U << f) - 1)) == 0 ? ": " : ", ",
                    t->trace->sample->fields.items[f]);
    fprintf(file, *escaped != '\0' ? "\n    %s\n" : "%s\n", escaped);
}

static void
print_accesses(FILE *file, const struct traced *t)
{
    for (size_t s = 0; s < t->look->source_count && s < t->answer->joint; s++) {
        const struct trace_accesses *accesses = &t->look->sources[s];
        const struct trace_reader *reader = &t->trace->readers[t->answer->sources[s].reader];
        char name[NAME_TEXT];

        if (accesses->count == 0)
            continue;
        text_escape(name, sizeof(name), view_of_text(trace_reader_text(reader)));
        fprintf(file, "\n%s was shown them on %zu day%s, by %" PRIu64 " statement%s%s:\n", name,
                accesses->days, accesses->days == 1 ? "" : "s", accesses->statements,
                accesses->statements == 1 ? "" : "s",
                accesses->days_read < accesses->days ? " on those of these days that were read"
                                                     : "");
        for (size_t a = 0; a < accesses->count && a < PAGE_ACCESSES; a++)
            print_access(file, t, &accesses->items[a]);
    }
}

static void
print_excluded(FILE *file, const struct traced *t)
{
    const struct trace_answer *a = t->answer;
    const struct gaps *gaps = &t->evidence->book->gaps;

    fprintf(file,
            "\nexcluded   %" PRIu64 " of %" PRIu64
            " principal%s %s shown nobody of the sample by name, %" PRIu64 " only at other times\n",
            a->without, a->readers, a->readers == 1 ? "" : "s", a->without == 1 ? "was" : "were",
            a->all_mistimed);
    if (a->unshown > 0)
        fprintf(file,
                "           %" PRIu64 " person%s of the sample %s shown to nobody on record\n",
                a->unshown, a->unshown == 1 ? "" : "s", a->unshown == 1 ? "was" : "were");
    for (size_t g = 0; g < gaps->count; g++)
        if (gap_concerns(&gaps->items[g], t->evidence->filter.from, t->evidence->filter.to))
            scope_view_gap(file, gaps, &gaps->items[g]);
    scope_view_reconciled(file, gaps, &t->evidence->filter, false);
}

int
trace_view_page(FILE *file, const struct traced *t, size_t width)
{
    int result;

    if (t->build != NULL)
        print_sample(file, t);
    print_grade(file, t);
    result = print_sources(file, t, width);
    print_accesses(file, t);
    print_excluded(file, t);
    return result;
}
