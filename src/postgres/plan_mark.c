/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_mark.h"

struct reach
carry_reach(const struct plan_work *work, const struct carry *carry)
{
    struct reach reach = carry->bound;

    reach_add(&reach, &carry->inner);
    for (size_t i = 0; i < work->direct_count; i++)
        reach.fields[work->direct[i].show->kind % CATALOG_KINDS_MAX] |= carry->direct[i];
    return reach;
}

/* A mark, and the notes made before it. */
struct note {
    struct plan_mark mark;
    struct note *next;
};

static bool
is_same_name(const struct plan_mark *mark, const char *schema, const char *name)
{
    if (strcmp(mark->name, name) != 0)
        return false;
    return schema && mark->schema ? strcmp(schema, mark->schema) == 0 : schema == mark->schema;
}

void
mark_relation(struct plan_work *work, const PgQuery__RangeVar *range,
              const struct catalog_relation *relation, const struct reach *reach)
{
    const char *schema = range->schemaname[0] ? range->schemaname : NULL;
    struct note *note = work->marks;
    struct plan_mark *mark;

    /* CREATE TEMP TABLE: whatever has that name elsewhere is not it. */
    if (strcmp(range->relpersistence, "t") == 0)
        schema = CATALOG_TEMPORARY;
    if (reach_fields(reach) == 0)
        return;
    while (note && !is_same_name(&note->mark, schema, range->relname))
        note = note->next;
    mark = note ? &note->mark : NULL;
    if (!note) {
        note = arena_new(work->keep, 1, sizeof(*note));
        if (!note)
            return;
        mark = &note->mark;
        mark->schema = schema ? arena_text(work->keep, schema, strlen(schema)) : NULL;
        mark->name = arena_text(work->keep, range->relname, strlen(range->relname));
        mark->next = work->marks ? &work->marks->mark : NULL;
        note->next = work->marks;
        work->marks = note;
    }
    if (!mark->name)
        return; /* no memory: the plan is thrown away */
    mark->relation = relation ? relation->oid : 0;
    mark->fields |= reach_fields(reach);
    mark->kinds |= reach_kinds(reach);
}

/* What the mapping says of a column of that name; of any column, where there is no name. */
static struct reach
mapped(const struct catalog_relation *relation, const char *name)
{
    struct reach reach = {{0}};

    for (size_t i = 0; i < relation->column_count; i++) {
        const struct catalog_column *column = &relation->columns[i];

        if (!name || strcmp(column->name, name) != 0 || column->number < 1 ||
            column->number > relation->column_limit)
            continue;
        for (size_t k = 0; k < relation->show_count; k++)
            reach.fields[relation->shows[k].kind % CATALOG_KINDS_MAX] |=
                relation->shows[k].column_fields[column->number];
    }
    reach_add_all(&reach, relation->marked_kinds, relation->marked_fields);
    return reach;
}

void
mark_written(struct plan_work *work, const struct entry *target, const char *name,
             const struct carry *written)
{
    struct reach reach = carry_reach(work, written), known = {{0}};

    if (!target->range)
        return;
    if (target->relation)
        known = mapped(target->relation, name);
    if (!reach_covers(&known, &reach))
        mark_relation(work, target->range, target->is_only ? target->relation : NULL, &reach);
}

void
mark_statement(struct plan_work *work, struct plan_statement *statement)
{
    if (!work->marks)
        return;
    statement->mark = work->marks->mark;
    statement->flags |= PLAN_MARKS;
    work->marks = NULL;
}
