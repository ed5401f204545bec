/* SPDX-License-Identifier: Apache-2.0 */
/* COPY: rows that leave as CopyData, without a RowDescription. */
#include "postgres/plan_build.h"
#include "postgres/plan_lineage.h"
#include "postgres/plan_mark.h"
#include "postgres/plan_preface.h"
#include "postgres/plan_shape.h"

#include <ctype.h>
#include <strings.h>

/* The one character of an option, or 0 where it is none, or longer. */
static uint8_t
character_of(const PgQuery__DefElem *option)
{
    const char *text = sql_string(option->arg);

    return text && text[0] && !text[1] ? (uint8_t)text[0] : 0;
}

/* Whether an option is on: 1, 0; -1 where it is neither. */
static int
switch_of(const PgQuery__DefElem *option)
{
    const char *text = sql_string(option->arg);

    if (!option->arg)
        return 1;
    if (option->arg->node_case == PG_QUERY__NODE__NODE_BOOLEAN)
        return option->arg->boolean->boolval;
    if (option->arg->node_case == PG_QUERY__NODE__NODE_INTEGER)
        return option->arg->integer->ival == 0 || option->arg->integer->ival == 1
                   ? option->arg->integer->ival
                   : -1;
    if (!text)
        return -1;
    if (strcasecmp(text, "true") == 0 || strcasecmp(text, "on") == 0)
        return 1;
    return strcasecmp(text, "false") == 0 || strcasecmp(text, "off") == 0 ? 0 : -1;
}

static bool
read_format(const char *text, struct copy_format *format)
{
    if (!text ||
        (strcmp(text, "text") != 0 && strcmp(text, "csv") != 0 && strcmp(text, "binary") != 0))
        return false;
    format->kind = text[0];
    return true;
}

/* PostgreSQL's own name of an encoding, where it can be written in other ways only by its case; but
 * of UTF8, which all write as they like. */
static const char *
encoding_of(struct plan_work *work, const char *text)
{
    char *name = text ? arena_text(work->keep, text, strlen(text)) : NULL;

    for (char *c = name; c && *c; c++)
        *c = (char)toupper((unsigned char)*c);
    if (name &&
        (strcmp(name, "UTF-8") == 0 || strcmp(name, "UTF_8") == 0 || strcmp(name, "UNICODE") == 0))
        return "UTF8";
    return name;
}

/* False where the rows will be written in a manner that their reader does not know. */
static bool
read_option(struct plan_work *work, const PgQuery__DefElem *option,
            struct plan_statement *statement)
{
    struct copy_format *format = &statement->copy.format;
    const char *text = sql_string(option->arg);
    int header;

    if (strcmp(option->defname, "format") == 0)
        return read_format(text, format);
    if (strcmp(option->defname, "delimiter") == 0)
        return (format->delimiter = character_of(option)) != 0;
    if (strcmp(option->defname, "quote") == 0)
        return (format->quote = character_of(option)) != 0;
    if (strcmp(option->defname, "escape") == 0)
        return (format->escape = character_of(option)) != 0;
    if (strcmp(option->defname, "null") == 0) {
        const char *null = text ? arena_text(work->keep, text, strlen(text)) : NULL;

        format->null = view_of(null, null ? strlen(null) : 0);
        return null != NULL;
    }
    if (strcmp(option->defname, "encoding") == 0)
        return (statement->copy.encoding = encoding_of(work, text)) != NULL;
    if (strcmp(option->defname, "header") == 0) {
        header = switch_of(option);
        format->has_header = header == 1;
        return header >= 0;
    }
    return strcmp(option->defname, "freeze") == 0 || strcmp(option->defname, "force_quote") == 0;
}

static void
set_defaults(struct copy_format *format)
{
    if (format->delimiter == 0)
        format->delimiter = format->kind == 'c' ? ',' : '\t';
    if (format->quote == 0)
        format->quote = '"';
    if (format->escape == 0)
        format->escape = format->quote;
    if (!format->null.bytes)
        format->null = format->kind == 'c' ? VIEW("") : VIEW("\\N");
}

static void
read_options(struct plan_work *work, const PgQuery__CopyStmt *copy,
             struct plan_statement *statement)
{
    struct copy_format *format = &statement->copy.format;
    bool is_known = true;

    format->kind = 't';
    for (size_t i = 0; i < copy->n_options; i++)
        is_known &= copy->options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM &&
                    read_option(work, copy->options[i]->def_elem, statement);
    set_defaults(format);
    statement->copy.is_readable =
        is_known && copy_null_is_readable(format, &format->is_null_apart) &&
        format->delimiter < 0x80 && format->quote < 0x80 && format->escape < 0x80;
}

static bool
is_computed(const struct entry *entry, const struct output *column)
{
    const struct catalog_relation *relation = entry->relation;

    for (size_t i = 0; relation && i < relation->column_count; i++)
        if (relation->columns[i].number == column->attribute)
            return relation->columns[i].is_computed;
    return false;
}

/* The columns that leave, in order: where none is named, all that are not generated. */
static void
choose_columns(struct plan_work *work, const PgQuery__CopyStmt *copy, const struct entry *entry,
               struct outputs *columns)
{
    columns->is_open = entry->columns.is_open;
    columns->rest = entry->columns.rest;
    for (size_t i = 0; i < copy->n_attlist || (copy->n_attlist == 0 && i == 0); i++) {
        const char *name = copy->n_attlist > 0 ? sql_string(copy->attlist[i]) : NULL;
        size_t before = columns->count;

        for (const struct output *o = entry->columns.first; o; o = o->next) {
            struct output *copied;

            if (name ? !o->name || strcmp(o->name, name) != 0 : is_computed(entry, o))
                continue;
            copied = outputs_add(work, columns, o->name, o->carry);
            if (!copied)
                return;
            copied->entry = o->entry;
            copied->attribute = o->attribute;
            copied->stored = o->stored;
        }
        if (name && columns->count == before)
            columns->is_open = true; /* a column that the snapshot does not know */
    }
}

static void
copy_table(struct plan_work *work, const struct build *build, const PgQuery__CopyStmt *copy,
           struct plan_statement *statement)
{
    struct outputs columns = {0};
    struct shape shape = {.columns = &columns, .rows = ROWS_SINGLE};
    struct entry *entry;

    build_names(work, &copy->base, statement);
    build_begin(work);
    shape.scope = scope_new(work, NULL, NULL);
    if (!shape.scope)
        return;
    shape.scope->is_top = true;
    entry = from_table(work, shape.scope, copy->relation);
    if (!entry)
        return;
    choose_columns(work, copy, entry, &columns);
    if (!statement->copy.is_readable)
        columns.is_open = true;
    if (build->injections && copy->n_attlist > 0 && !columns.is_open) {
        shape.scope->is_copied = true;
        shape.injection = injection_begin_copy(work, copy);
    }
    shape_parts(work, &shape, statement);
    if (injection_count(shape.injection) > 0 && statement->hidden_count > 0)
        injections_append(work, build->injections, shape.injection);
    statement->flags |= work->names.flags & PLAN_UNKNOWN_TABLE;
}

/* Where rows are written in a manner of their own, nobody can tell their columns apart. */
static void
lose_columns(struct plan_work *work, struct plan_statement *statement)
{
    struct reach reach = {{0}};

    for (size_t i = 0; i < statement->part_count; i++)
        reach.fields[statement->parts[i].kind % CATALOG_KINDS_MAX] |= statement->parts[i].fields;
    shape_bound(work, &reach, statement);
}

void
build_copy(struct plan_work *work, const struct build *build, const PgQuery__CopyStmt *copy,
           struct plan_statement *statement)
{
    struct build inside = {.range = build->range};

    if (copy->is_from) {
        statement->special = SPECIAL_COPY_IN;
        if (copy->relation)
            build_filled(work, copy->relation, copy->where_clause, statement);
        build_begin(work);
        mark_acted(work, copy->relation);
        mark_statement(work, statement);
        return;
    }
    read_options(work, copy, statement);
    if (copy->relation) {
        copy_table(work, build, copy, statement);
    } else if (copy->query) {
        inside.injections = statement->copy.is_readable ? build->injections : NULL;
        statement->copy.is_of_query = true;
        build_query(work, &inside, copy->query, statement);
        if (!statement->copy.is_readable)
            lose_columns(work, statement);
    }
    preface_names(work, statement);
    statement->special = SPECIAL_COPY_OUT;
    statement->may_return_rows = false;
}
