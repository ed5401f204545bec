/* SPDX-License-Identifier: Apache-2.0 */
/* COPY: rows that leave as CopyData, without a RowDescription. */
#include "postgres/plan_build.h"
#include "postgres/plan_lineage.h"
#include "postgres/plan_mark.h"
#include "postgres/plan_shape.h"

#include <strings.h>

/* The one character of an option, or 0 where it is none, or longer. */
static char
character_of(const PgQuery__DefElem *option)
{
    const char *text = sql_string(option->arg);

    return text && text[0] && !text[1] ? text[0] : '\0';
}

static bool
is_switched_on(const PgQuery__DefElem *option)
{
    const char *text = sql_string(option->arg);

    if (option->arg && option->arg->node_case == PG_QUERY__NODE__NODE_BOOLEAN)
        return option->arg->boolean->boolval;
    if (option->arg && option->arg->node_case == PG_QUERY__NODE__NODE_INTEGER)
        return option->arg->integer->ival != 0;
    return !text || (strcasecmp(text, "false") != 0 && strcasecmp(text, "off") != 0);
}

/* False where the rows will be written in a manner that the reader of rows does not know. */
static bool
read_option(const PgQuery__DefElem *option, struct plan_statement *statement)
{
    const char *text = sql_string(option->arg);

    if (strcmp(option->defname, "format") == 0) {
        if (!text ||
            (strcmp(text, "text") != 0 && strcmp(text, "csv") != 0 && strcmp(text, "binary") != 0))
            return false;
        statement->copy.format = text[0];
        return true;
    }
    if (strcmp(option->defname, "delimiter") == 0) {
        statement->copy.delimiter = character_of(option);
        return statement->copy.delimiter != '\0';
    }
    if (strcmp(option->defname, "header") == 0) {
        statement->copy.has_header = is_switched_on(option);
        return true;
    }
    return strcmp(option->defname, "freeze") == 0 || strcmp(option->defname, "force_quote") == 0;
}

static bool
read_options(const PgQuery__CopyStmt *copy, struct plan_statement *statement)
{
    bool is_known = true;

    statement->copy.format = 't';
    for (size_t i = 0; i < copy->n_options; i++)
        is_known &= copy->options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM &&
                    read_option(copy->options[i]->def_elem, statement);
    if (statement->copy.delimiter == '\0')
        statement->copy.delimiter = statement->copy.format == 'c' ? ',' : '\t';
    return is_known;
}

/* The columns that leave, in order. */
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

            if (name && (!o->name || strcmp(o->name, name) != 0))
                continue;
            copied = outputs_add(work, columns, o->name, o->carry);
            if (!copied)
                return;
            copied->entry = o->entry;
            copied->attribute = o->attribute;
        }
        if (name && columns->count == before)
            columns->is_open = true; /* a column that the snapshot does not know */
    }
}

static void
keep_columns(struct plan_work *work, const struct outputs *columns,
             struct plan_statement *statement)
{
    int16_t *kept = arena_new(work->keep, columns->count, sizeof(*kept));
    size_t count = 0;

    if (!kept || columns->is_open)
        return;
    for (const struct output *o = columns->first; o; o = o->next)
        kept[count++] = o->attribute;
    statement->copy.columns = kept;
    statement->copy.column_count = count;
}

static void
copy_table(struct plan_work *work, const PgQuery__CopyStmt *copy, bool is_known,
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
    if (entry->relation && entry->is_only) {
        statement->copy.relation = entry->relation->oid;
        keep_columns(work, &columns, statement);
    }
    if (!is_known)
        columns.is_open = true;
    shape_parts(work, &shape, statement);
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
    bool is_known = read_options(copy, statement);

    if (copy->is_from) {
        statement->special = SPECIAL_COPY_IN;
        if (copy->relation)
            build_filled(work, copy->relation, statement);
        build_begin(work);
        mark_acted(work, copy->relation);
        mark_statement(work, statement);
        return;
    }
    if (copy->relation) {
        copy_table(work, copy, is_known, statement);
    } else if (copy->query) {
        build_query(work, &inside, copy->query, statement);
        if (!is_known)
            lose_columns(work, statement);
    }
    statement->special = SPECIAL_COPY_OUT;
    statement->may_return_rows = false;
}
