/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "cli/colour.h"
#include "cli/explain_view.h"
#include "cli/terminal.h"
#include "cli/text.h"

enum { ESCAPED_SIZE = 4 * EXPLAIN_NAME_SIZE + 1, NAME_WIDTH_MAX = 32, LABEL_WIDTH = 9 };

struct page {
    FILE *file;
    bool has_colour;
    const struct explained *e;
};

static void
put_label(const struct page *page, const char *label)
{
    char padded[32];

    snprintf(padded, sizeof(padded), "  %-*s", LABEL_WIDTH, label);
    colour_print(page->file, page->has_colour, COLOUR_QUIET, padded);
}

static void
put_view(const struct page *page, struct view text)
{
    size_t size = 4 * text.length + 1;
    char *escaped = memory_new(size, 1);

    if (escaped != NULL)
        text_escape(escaped, size, text);
    fputs(escaped != NULL ? escaped : "?", page->file);
    memory_free(escaped);
}

static void
put_text(const struct page *page, const char *text)
{
    put_view(page, view_of_text(text));
}

/* Escaped, and filled up to so many columns. */
static void
put_padded(const struct page *page, const char *text, size_t width)
{
    char escaped[ESCAPED_SIZE + 4];
    size_t columns;

    text_escape(escaped, ESCAPED_SIZE, view_of_text(text));
    columns = text_columns(escaped);
    fprintf(page->file, "%s%*s", escaped, columns < width ? (int)(width - columns) : 0, "");
}

static void
fields_text(char *text, size_t size, const struct vocabulary *vocabulary, uint64_t fields)
{
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < vocabulary->field_count && used < size; i++)
        if ((fields >> i & 1) != 0)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "",
                                     vocabulary->fields[i]);
}

/* ---- columns ---- */

static size_t
name_width(const struct plan_statement *statement)
{
    size_t width = 1;

    for (unsigned i = 0; i < statement->column_count; i++) {
        char escaped[ESCAPED_SIZE + 4];
        const char *name = statement->outputs[i].name;

        text_escape(escaped, ESCAPED_SIZE, view_of_text(name != NULL ? name : "?column?"));
        width = text_columns(escaped) > width ? text_columns(escaped) : width;
    }
    return width < NAME_WIDTH_MAX ? width : NAME_WIDTH_MAX;
}

static void
put_column(const struct page *page, const struct plan_statement *statement, unsigned column,
           size_t width)
{
    const struct plan_output *output = &statement->outputs[column];
    char from[EXPLAIN_NAME_SIZE], fields[1024];
    bool is_any = false;

    explain_name(from, page->e->catalog, output->relation, output->attribute);
    put_label(page, column == 0 ? "columns" : "");
    put_padded(page, output->name != NULL ? output->name : "?column?", width);
    for (unsigned kind = 0; kind < page->e->vocabulary->kind_count; kind++) {
        uint64_t bits = explain_column_fields(statement, column, kind);

        if (bits == 0)
            continue;
        fields_text(fields, sizeof(fields), page->e->vocabulary, bits);
        fputs(is_any ? "; " : "  ", page->file);
        put_text(page, page->e->vocabulary->kinds[kind]);
        fputs(": ", page->file);
        put_text(page, fields);
        is_any = true;
    }
    if (!is_any)
        fputs("  -", page->file);
    if (from[0] != '\0') {
        fputs("  from ", page->file);
        put_text(page, from);
    } else if (is_any) {
        fputs("  computed, or from inside", page->file);
    }
    fputc('\n', page->file);
}

static void
put_columns(const struct page *page, const struct plan_statement *statement)
{
    if (statement->outputs == NULL) {
        if (statement->part_count > 0) {
            put_label(page, "columns");
            fputs("not known before they come\n", page->file);
        }
        return;
    }
    for (unsigned i = 0; i < statement->column_count; i++)
        put_column(page, statement, i, name_width(statement));
}

/* ---- persons ---- */

static void
put_part(const struct page *page, const struct plan_statement *statement,
         const struct plan_part *part, bool is_first)
{
    char name[EXPLAIN_NAME_SIZE], fields[1024], why[EXPLAIN_WHY_SIZE];
    enum attribution attribution = explain_attribution(page->e, statement, part);
    const char *count = explain_count(page->e, statement, part), *other;

    put_label(page, is_first ? "persons" : "");
    put_text(page, page->e->vocabulary->kinds[part->kind]);
    fputs(", ", page->file);
    colour_print(page->file, page->has_colour,
                 attribution == ATTRIBUTION_BOUND ? COLOUR_WARN : COLOUR_GOOD,
                 exposure_attribution_text(attribution));
    fields_text(fields, sizeof(fields), page->e->vocabulary, part->fields);
    fputs(": ", page->file);
    put_text(page, fields);
    explain_name(name, page->e->catalog, part->relation, 0);
    if (name[0] != '\0') {
        fputs(" of ", page->file);
        put_text(page, name);
    }
    fputc('\n', page->file);
    explain_why(why, page->e, statement, part);
    put_label(page, "");
    put_text(page, why);
    fputc('\n', page->file);
    if (count[0] != '\0') {
        put_label(page, "");
        fprintf(page->file, "%s\n", count);
    }
    other = explain_known(page->e, part, name);
    if (other != NULL) {
        put_label(page, "");
        fprintf(page->file, "who has the values of one %s alone counts as that one (", other);
        put_text(page, name);
        fputs(")\n", page->file);
    }
}

/* ---- the rest ---- */

static void
put_flags(const struct page *page, uint64_t flags)
{
    bool is_first = true;

    for (unsigned flag = 0; flag < FLAG_COUNT; flag++) {
        if ((flags >> flag & 1) == 0)
            continue;
        if (is_first)
            put_label(page, "flags");
        fprintf(page->file, "%s%s", is_first ? "" : ", ",
                exposure_flag_text((enum exposure_flag)flag));
        is_first = false;
    }
    if (!is_first)
        fputc('\n', page->file);
}

static void
put_marks(const struct page *page, const struct plan_statement *statement)
{
    const struct plan_mark *mark = NULL;

    while ((mark = explain_mark(statement, mark)) != NULL) {
        char fields[1024];

        fields_text(fields, sizeof(fields), page->e->vocabulary, mark->fields);
        put_label(page, "marks");
        put_text(page, mark->name != NULL ? mark->name : "?");
        fputs(", which then holds ", page->file);
        put_text(page, fields);
        fputc('\n', page->file);
    }
}

static void
put_statement(const struct page *page, const struct plan_statement *statement)
{
    const struct plan_statement *inner = explain_inner(statement);
    char fields[1024];

    colour_print(page->file, page->has_colour, COLOUR_HEAD, explain_verb(statement));
    if (!statement->is_understood)
        fputs(", not understood: it counts as all that its words can name", page->file);
    else if (inner->part_count == 0)
        fputs(": its rows show nobody", page->file);
    fputc('\n', page->file);
    put_columns(page, inner);
    for (size_t i = 0; i < inner->part_count; i++)
        put_part(page, inner, &inner->parts[i], i == 0);
    put_marks(page, statement);
    if (statement->may_speak && statement->most_fields != 0) {
        fields_text(fields, sizeof(fields), page->e->vocabulary, statement->most_fields);
        put_label(page, "errors");
        fputs("and notices can tell at most: ", page->file);
        put_text(page, fields);
        fputc('\n', page->file);
    }
    put_flags(page, explain_flags(page->e->plan, statement));
}

static void
put_sent(const struct page *page)
{
    const struct plan *plan = page->e->plan;

    if (plan->refusal != NULL) {
        colour_print(page->file, page->has_colour, COLOUR_BAD, "not sent: ");
        put_text(page, plan->refusal);
        fputs("\n  hint: ", page->file);
        put_text(page, plan->refusal_hint != NULL ? plan->refusal_hint : "");
        fputc('\n', page->file);
        return;
    }
    if (plan->rewritten.bytes == NULL) {
        fputs("sent as it is\n", page->file);
        return;
    }
    colour_print(page->file, page->has_colour, COLOUR_HEAD, "sent: ");
    put_view(page, plan->rewritten);
    fputc('\n', page->file);
}

void
explain_print(FILE *file, const struct explained *e)
{
    const struct page page = {file, colour_is_wanted(file), e};

    for (size_t i = 0; i < e->plan->statement_count; i++)
        put_statement(&page, &e->plan->statements[i]);
    put_sent(&page);
}
