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
is_same_name(const struct plan_mark *mark, const char *schema, const char *name, int16_t column)
{
    if (mark->column != column || strcmp(mark->name, name) != 0)
        return false;
    return schema && mark->schema ? strcmp(schema, mark->schema) == 0 : schema == mark->schema;
}

/* The mark of that name (and column, 0: of any), made where there is none; NULL: no memory, and the
 * plan is thrown away. */
static struct plan_mark *
mark_named(struct plan_work *work, const char *schema, const char *name, int16_t column)
{
    struct note *note = work->marks;

    while (note && !is_same_name(&note->mark, schema, name, column))
        note = note->next;
    if (note)
        return &note->mark;
    note = arena_new(work->keep, 1, sizeof(*note));
    if (!note)
        return NULL;
    note->mark.schema = schema ? arena_text(work->keep, schema, strlen(schema)) : NULL;
    note->mark.name = arena_text(work->keep, name, strlen(name));
    note->mark.column = column;
    note->mark.next = work->marks ? &work->marks->mark : NULL;
    note->next = work->marks;
    work->marks = note;
    return note->mark.name ? &note->mark : NULL;
}

/* Whether there is more in it now. `rows`: how it comes there; NULL: nobody knows. */
static bool
mark_add(struct plan_mark *mark, const struct reach *reach, const struct mark_rows *rows)
{
    bool is_first = mark->fields == 0;
    bool is_more =
        (reach_fields(reach) & ~mark->fields) != 0 || (reach_kinds(reach) & ~mark->kinds) != 0;

    mark->fields |= reach_fields(reach);
    mark->kinds |= reach_kinds(reach);
    mark->is_one = rows && rows->is_one && (is_first || mark->is_one);
    mark->is_counted = rows && rows->is_counted && (is_first || mark->is_counted);
    return is_more;
}

void
mark_relation(struct plan_work *work, const PgQuery__RangeVar *range,
              const struct catalog_relation *relation, const struct reach *reach,
              const struct mark_rows *rows)
{
    const char *schema = range->schemaname[0] ? range->schemaname : NULL;
    const struct plan_table *fresh = names_blank(work, schema, range->relname);
    struct plan_mark *mark;

    /* A temporary table: whatever has that name elsewhere is not it. */
    if (strcmp(range->relpersistence, "t") == 0 || (fresh && fresh->is_temporary))
        schema = CATALOG_TEMPORARY;
    if (reach_fields(reach) == 0)
        return;
    mark = mark_named(work, schema, range->relname, 0);
    if (!mark)
        return;
    mark->relation = relation ? relation->oid : 0;
    (void)mark_add(mark, reach, rows);
}

/* ---- where it goes on to ---- */

/* What is written to a column (`name`, NULL: any) of a relation is written on to others.
 * `is_mapped`: the relation's own mapping names it, and so its children's. */
static void
mark_on(struct plan_work *work, const struct catalog_relation *from, const char *name,
        const struct reach *reach, bool is_mapped)
{
    int16_t number = name ? catalog_column_number(from, name) : 0;
    const struct catalog_spill *spill;
    size_t at = 0;

    while ((spill = catalog_spill(work->catalog, from->oid, &at)) != NULL && work_spend(work, 1)) {
        const struct catalog_relation *to = catalog_relation(work->catalog, spill->to);
        struct plan_mark *mark;

        if (!to || spill->kind == SPILL_OWNER || spill->kind == SPILL_AWAY ||
            (spill->column != 0 && number != 0 && spill->column != number) ||
            (spill->kind == SPILL_CHILD && is_mapped))
            continue;
        mark = mark_named(work, to->schema, to->name, 0);
        if (!mark)
            return;
        mark->relation = to->oid;
        if (mark_add(mark, reach, NULL))
            mark_on(work, to, NULL, reach, false);
    }
}

static void
mark_written_on(struct plan_work *work, const PgQuery__RangeVar *range, const char *name,
                const struct reach *reach, bool is_mapped)
{
    const struct catalog_relation *relation;
    size_t at = 0;

    if (reach_fields(reach) == 0)
        return;
    while ((relation = names_next_relation(work, range->schemaname[0] ? range->schemaname : NULL,
                                           range->relname, &at)) != NULL)
        mark_on(work, relation, name, reach, is_mapped);
}

/* What the snapshot knows of it nobody may rely on: a temporary table of that name can be another
 * by now, or another session's. And whatever goes into one whose rows are of one person each has to
 * be said, be it of no other fields. */
static bool
is_passing(const struct catalog_relation *relation)
{
    return relation->persistence == 't' || relation->is_one_marked;
}

struct reach
mark_known(const struct catalog_relation *relation)
{
    return is_passing(relation) ? (struct reach){{0}} : reach_of_relation(relation);
}

/* What the columns that triggers and rules speak of hold goes to where they write. */
static void
act_on(struct plan_work *work, const struct catalog_relation *from)
{
    const struct catalog_spill *spill;
    size_t at = 0;

    while ((spill = catalog_spill(work->catalog, from->oid, &at)) != NULL && work_spend(work, 1)) {
        const struct catalog_relation *to = catalog_relation(work->catalog, spill->to);
        struct reach reach = {{0}}, known;
        struct plan_mark *mark;

        if (!to || spill->kind != SPILL_ACT)
            continue;
        for (size_t i = 0; i < from->show_count; i++)
            reach.fields[from->shows[i].kind % CATALOG_KINDS_MAX] |=
                spill->column > 0 && spill->column <= from->column_limit
                    ? from->shows[i].column_fields[spill->column]
                    : from->shows[i].fields;
        reach_add_all(&reach, from->marked_kinds, from->marked_fields);
        known = mark_known(to);
        if (reach_covers(&known, &reach))
            continue;
        mark = mark_named(work, to->schema, to->name, 0);
        if (!mark)
            return;
        mark->relation = to->oid;
        if (mark_add(mark, &reach, NULL))
            mark_on(work, to, NULL, &reach, false);
    }
}

void
mark_acted(struct plan_work *work, const PgQuery__RangeVar *range)
{
    const struct catalog_relation *relation;
    size_t at = 0;

    while (range &&
           (relation = names_next_relation(work, range->schemaname[0] ? range->schemaname : NULL,
                                           range->relname, &at)) != NULL)
        act_on(work, relation);
}

static void
add_tables(const struct plan_work *work, const struct catalog_relation *view, unsigned depth,
           struct reach *reach)
{
    const struct catalog_spill *spill;
    size_t at = 0;

    while (depth > 0 && (spill = catalog_spill(work->catalog, view->oid, &at)) != NULL) {
        const struct catalog_relation *to = catalog_relation(work->catalog, spill->to);
        struct reach own;

        if (!to || spill->kind != SPILL_VIEW)
            continue;
        own = reach_of_relation(to);
        reach_add(reach, &own);
        add_tables(work, to, depth - 1, reach);
    }
}

struct reach
mark_reach_of(const struct plan_work *work, const struct catalog_relation *relation)
{
    struct reach reach = reach_of_relation(relation);

    add_tables(work, relation, PLAN_VIEW_DEPTH_MAX, &reach);
    return reach;
}

/* ---- what is written ---- */

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
    if (!is_passing(relation))
        reach_add_all(&reach, relation->marked_kinds, relation->marked_fields);
    return reach;
}

/* Whether all of it is the target's own row's, of the persons whose key that row has. */
static bool
is_own(const struct plan_work *work, const struct entry *target, const struct carry *written)
{
    if (!target->relation || !target->is_only || target->relation->show_count == 0 ||
        reach_fields(&written->bound) != 0 || (written->tables & ~target->tables) != 0)
        return false;
    for (size_t i = 0; i < work->direct_count; i++)
        if (written->direct[i] != 0 && work->direct[i].entry != target)
            return false;
    return true;
}

static void
mark_own(struct plan_work *work, const struct entry *target, const char *name,
         const struct reach *reach)
{
    const char *schema = target->range->schemaname[0] ? target->range->schemaname : NULL;
    struct plan_mark *mark = mark_named(work, schema, target->range->relname,
                                        catalog_column_number(target->relation, name));

    if (!mark)
        return;
    mark->relation = target->relation->oid;
    (void)mark_add(mark, reach, NULL);
}

void
mark_written(struct plan_work *work, const struct entry *target, const char *name,
             const struct carry *written)
{
    struct reach reach = carry_reach(work, written), known = {{0}};
    bool is_mapped;

    work->writes_values |= reach_fields(&reach) != 0;
    if (!target->range)
        return;
    if (target->relation)
        known = mapped(target->relation, name);
    is_mapped = reach_covers(&known, &reach);
    if (!is_mapped && name && is_own(work, target, written))
        mark_own(work, target, name, &reach);
    else if (!is_mapped)
        mark_relation(work, target->range, target->is_only ? target->relation : NULL, &reach,
                      &work->rows_written);
    mark_written_on(work, target->range, name, &reach, is_mapped);
}

void
mark_target(struct plan_work *work, const struct entry *target, const struct reach *reach)
{
    const char *schema = target->range->schemaname[0] ? target->range->schemaname : NULL;
    struct plan_mark *mark = mark_named(work, schema, target->range->relname, 0);

    if (!mark)
        return;
    mark->relation = target->is_only && target->relation ? target->relation->oid : 0;
    if (mark_add(mark, reach, NULL))
        mark_written_on(work, target->range, NULL, reach, false);
}

/* ---- what parameters write ---- */

static void
look_for_parameter(void *context, const ProtobufCMessage *message)
{
    bool *is_found = context;

    *is_found |= message->descriptor == &pg_query__param_ref__descriptor;
    if (!*is_found)
        sql_each_child(message, look_for_parameter, context);
}

static void
mark_target_of(void *context, const ProtobufCMessage *message)
{
    struct plan_work *work = context;
    const ProtobufCMessageDescriptor *what = message->descriptor;
    const PgQuery__RangeVar *range = what == &pg_query__insert_stmt__descriptor
                                         ? ((const PgQuery__InsertStmt *)message)->relation
                                     : what == &pg_query__update_stmt__descriptor
                                         ? ((const PgQuery__UpdateStmt *)message)->relation
                                     : what == &pg_query__merge_stmt__descriptor
                                         ? ((const PgQuery__MergeStmt *)message)->relation
                                         : NULL;

    if (range) {
        mark_relation(work, range, NULL, &work->everything, NULL);
        mark_written_on(work, range, NULL, &work->everything, false);
    }
    sql_each_child(message, mark_target_of, context);
}

void
mark_parameters(struct plan_work *work, const ProtobufCMessage *tree,
                struct plan_statement *statement)
{
    struct note *own = work->marks;
    bool has_parameter = false;

    look_for_parameter(&has_parameter, tree);
    if (!has_parameter)
        return;
    work->marks = NULL;
    mark_target_of(work, tree);
    if (work->marks)
        statement->fills = &work->marks->mark;
    work->marks = own;
}

static void
mark_mixed(struct plan_work *work, const struct catalog_relation *relation,
           const struct reach *reach)
{
    struct plan_mark *mark = mark_named(work, relation->schema, relation->name, 0);

    if (!mark)
        return;
    mark->relation = relation->oid;
    (void)mark_add(mark, reach, NULL);
}

static void
mark_one_lasting(struct plan_work *work, const struct catalog_relation *relation, int16_t column,
                 const struct reach *reach)
{
    struct plan_mark *mark = reach_fields(reach) != 0
                                 ? mark_named(work, relation->schema, relation->name, column)
                                 : NULL;

    if (!mark)
        return;
    mark->relation = relation->oid;
    mark->is_lasting = true;
    (void)mark_add(mark, reach, NULL);
}

void
mark_lasting(struct plan_work *work, const struct catalog_relation *relation, int16_t column)
{
    if (relation->is_never && column == 0)
        mark_one_lasting(work, relation, 0, &work->everything);
    for (int16_t n = 1; n <= relation->column_limit; n++) {
        struct reach reach = {{0}};

        for (size_t i = 0; (column == 0 || column == n) && i < relation->show_count; i++)
            reach.fields[relation->shows[i].kind % CATALOG_KINDS_MAX] |=
                relation->shows[i].column_fields[n];
        mark_one_lasting(work, relation, n, &reach);
    }
}

void
mark_unread(struct plan_work *work)
{
    size_t count = work->catalog ? catalog_relation_count(work->catalog) : 0;

    for (size_t i = 0; i < count; i++) {
        const struct catalog_relation *r = catalog_relation_at(work->catalog, i);
        struct reach own = {{0}};

        if (!r->is_one_marked)
            continue;
        reach_add_all(&own, r->marked_kinds, r->marked_fields);
        mark_mixed(work, r, &own);
    }
}

/* Tables that code makes of a name that nobody can tell: what the next snapshots show and this one
 * does not. */
static void
mark_made(struct plan_work *work, const struct reach *reach)
{
    char since[CATALOG_SINCE_SIZE];
    struct plan_mark *mark;

    if (!work->catalog)
        return;
    catalog_since(work->catalog, since);
    mark = mark_named(work, NULL, since, CATALOG_MADE);
    if (mark)
        (void)mark_add(mark, reach, NULL);
}

void
mark_statement(struct plan_work *work, struct plan_statement *statement)
{
    struct reach unread = work->names.made;

    if (work->names.flags & (PLAN_CALLS | PLAN_OPAQUE))
        reach_add(&unread, &work->names.kept);
    if (reach_fields(&unread) != 0) {
        mark_unread(work);
        mark_made(work, &unread);
    }
    statement->calls_code |= work->names.calls_code || reach_fields(&work->names.kept) != 0;
    statement->writes_values |= work->writes_values;
    work->writes_values = false;
    if (!work->marks)
        return;
    statement->mark = work->marks->mark;
    statement->flags |= PLAN_MARKS;
    work->marks = NULL;
}
