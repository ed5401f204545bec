/* SPDX-License-Identifier: Apache-2.0 */
/* INSERT, UPDATE, DELETE: what RETURNING carries. What a statement writes into a column comes back
 * in it, whoever's it was. */
#include "postgres/plan_lineage.h"
#include "postgres/plan_mark.h"
#include "postgres/plan_move.h"
#include "postgres/plan_pin.h"
#include "postgres/plan_shape.h"

/* The columns of the target under another name that RETURNING or SET may use. */
static struct entry *
add_twin(struct plan_work *work, struct scope *scope, const struct entry *target, const char *name)
{
    struct entry *twin = scope_add(work, scope, name);

    if (!twin)
        return NULL;
    twin->is_qualified_only = true;
    outputs_copy(work, &twin->columns, &target->columns);
    return twin;
}

/* Adds to the target's column what an expression that is written to it carries. */
static void
write_column(struct plan_work *work, struct entry *target, const char *name,
             const struct carry *written)
{
    struct carry bound = {.bound = written->bound, .flags = written->flags};

    mark_written(work, target, name, written);
    reach_add(&bound.bound, &written->inner);
    /* Its own row's values stay that row's. */
    for (size_t i = 0; i < work->direct_count; i++)
        if (work->direct[i].entry != target)
            bound.bound.fields[work->direct[i].show->kind % CATALOG_KINDS_MAX] |=
                written->direct[i];
        else
            bound.direct[i] = written->direct[i];
    if (carry_is_empty(&bound))
        return;
    for (struct output *o = target->columns.first; o && work_spend(work, 1); o = o->next) {
        struct carry sum = bound;

        if (name && (!o->name || strcmp(o->name, name) != 0))
            continue;
        if (o->carry)
            carry_add(&sum, o->carry);
        o->carry = carry_keep(work, &sum);
        o->is_plain = false;
    }
}

/* The row of a view is a row of its tables: what it holds goes back to where it was. */
static bool
is_views_own(const struct entry *target, const char *name, const struct carry *written)
{
    for (const struct output *o = target->columns.first; o; o = o->next)
        if (o->name && strcmp(o->name, name) == 0)
            return !o->entry && o->carry && carry_covers(o->carry, written) &&
                   (written->tables & ~o->carry->tables) == 0 && reach_fields(&written->bound) == 0;
    return false;
}

/* Columns that SET gives another value say no more whose row it is. */
static void
note_written(struct entry *target, const char *name)
{
    for (struct output *o = target->columns.first; o; o = o->next)
        o->is_written |= o->name && strcmp(o->name, name) == 0;
}

/* What the assignments of SET make of a row. All of them speak of it as it was before. */
static void
fill_row(struct plan_work *work, const struct scope *scope, PgQuery__Node *const *targets,
         size_t count, struct row *row)
{
    for (size_t i = 0; i < count && work_spend(work, 1); i++) {
        const PgQuery__ResTarget *assigned = targets[i]->res_target;
        const PgQuery__Node *value = assigned->val;
        struct carry written = {0};
        struct cell_value cell = {
            .carry = &written, .value = value, .is_part = assigned->n_indirection > 0};

        expression_carry(work, scope, value, &written);
        if (value && value->node_case == PG_QUERY__NODE__NODE_COLUMN_REF) {
            struct found found;

            scope_find(work, scope, value->column_ref, &found);
            cell.exact = found.output;
            cell.keys = found.keys;
            cell.value = NULL;
        }
        row_write(work, row, assigned->name, &cell);
    }
}

static void
write_targets(struct plan_work *work, const struct scope *scope, struct entry *target,
              PgQuery__Node *const *targets, size_t count)
{
    struct carry *written = arena_new(&work->memory, count, sizeof(*written));

    for (size_t i = 0; written && i < count && work_spend(work, 1); i++)
        expression_carry(work, scope, targets[i]->res_target->val, &written[i]);
    for (size_t i = 0; written && i < count && work_spend(work, 1); i++) {
        const PgQuery__ResTarget *assigned = targets[i]->res_target;

        work->writes_values |= !carry_is_empty(&written[i]);
        if (!is_views_own(target, assigned->name, &written[i]))
            write_column(work, target, assigned->name, &written[i]);
        if (!move_keeps(work, scope, target, assigned->name, assigned->val))
            note_written(target, assigned->name);
    }
}

/* The assignments among the nodes of a SET; NULL where there is no memory. */
static PgQuery__Node **
assignments(struct plan_work *work, PgQuery__Node *const *nodes, size_t *count)
{
    PgQuery__Node **kept = arena_new(&work->memory, *count, sizeof(PgQuery__Node *));
    size_t given = *count;

    *count = 0;
    for (size_t i = 0; kept && i < given; i++)
        if (nodes[i] && nodes[i]->node_case == PG_QUERY__NODE__NODE_RES_TARGET)
            kept[(*count)++] = nodes[i];
    return kept;
}

/* Triggers and defaults may put anything they can read into any column. */
static void
write_by_functions(struct plan_work *work, struct entry *target)
{
    struct carry written = {.flags = 0};
    const struct carry *kept;

    if (!target->range ||
        (!names_written(work, target->range, &written.bound) && reach_fields(&written.bound) == 0))
        return;
    if (target->columns.is_open)
        carry_add(&target->columns.rest, &written);
    kept = carry_keep(work, &written);
    for (struct output *o = target->columns.first; o && work_spend(work, 1); o = o->next) {
        struct carry sum = written;

        if (o->carry)
            carry_add(&sum, o->carry);
        o->carry = o->carry ? carry_keep(work, &sum) : kept;
    }
}

static struct scope *
begin(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
      const PgQuery__WithClause *with, bool is_top)
{
    struct scope *scope;

    ctes = with_names(work, outer, ctes, with);
    scope = scope_new(work, outer, ctes);
    if (scope)
        scope->is_top = is_top;
    return scope;
}

static void
add_items(struct plan_work *work, struct scope *scope, PgQuery__Node *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct outputs columns = from_item(work, scope, items[i], true);

        outputs_append(&scope->columns, &columns);
    }
}

static void
add_target_columns(struct plan_work *work, struct scope *scope, const struct entry *target)
{
    scope->columns.is_open |= target->columns.is_open;
    carry_add(&scope->columns.rest, &target->columns.rest);
    for (const struct output *o = target->columns.first; o; o = o->next) {
        struct output *copy = outputs_add_again(work, &scope->columns, o);

        if (!copy)
            return;
        copy->of = o;
    }
}

static void
return_columns(struct plan_work *work, struct scope *scope, const struct entry *target,
               PgQuery__Node *const *returning, size_t count, struct outputs *columns)
{
    (void)add_twin(work, scope, target, "old");
    (void)add_twin(work, scope, target, "new");
    target_columns(work, scope, returning, count, columns);
    columns->query = query_of_change(work, returning, count, scope, columns);
}

static struct scope *
update_columns(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
               const PgQuery__UpdateStmt *update, bool is_top, struct outputs *columns)
{
    struct scope *scope = begin(work, outer, ctes, update->with_clause, is_top);
    struct entry *target = scope ? from_table(work, scope, update->relation) : NULL;
    size_t count = update->n_target_list;
    PgQuery__Node **targets;
    struct outputs others;
    struct row *row;

    if (!target)
        return NULL;
    add_items(work, scope, update->from_clause, update->n_from_clause);
    from_add_condition(work, scope, update->where_clause, true);
    from_judge(work, scope);
    pins_learn(work, scope);
    targets = assignments(work, update->target_list, &count);
    row = row_new(work, target, true);
    fill_row(work, scope, targets, count, row);
    row_judge(work, row, &(struct row_source){.scope = scope, .is_row_known = is_top});
    write_targets(work, scope, target, targets, count);
    mark_acted(work, update->relation);
    move_by_acts(work, update->relation, true);
    others = scope->columns;
    scope->columns = (struct outputs){0};
    write_by_functions(work, target);
    add_target_columns(work, scope, target);
    outputs_append(&scope->columns, &others);
    return_columns(work, scope, target, update->returning_list, update->n_returning_list, columns);
    return scope;
}

static struct scope *
delete_columns(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
               const PgQuery__DeleteStmt *delete, bool is_top, struct outputs *columns)
{
    struct scope *scope = begin(work, outer, ctes, delete->with_clause, is_top);
    struct entry *target = scope ? from_table(work, scope, delete->relation) : NULL;

    if (!target)
        return NULL;
    add_target_columns(work, scope, target);
    add_items(work, scope, delete->using_clause, delete->n_using_clause);
    from_add_condition(work, scope, delete->where_clause, true);
    from_judge(work, scope);
    mark_acted(work, delete->relation);
    move_by_acts(work, delete->relation, false);
    return_columns(work, scope, target, delete->returning_list, delete->n_returning_list, columns);
    return scope;
}

/* What an INSERT reads: its query's columns, and the expressions that they are. */
struct supply {
    struct outputs columns;
    struct scope *scope; /* NULL: of VALUES, or of several queries */
    PgQuery__Node *const *targets;
    size_t target_count;
    bool is_grouped;
};

static void
read_supply(struct plan_work *work, const struct scope *outer, const struct scope *scope,
            const PgQuery__InsertStmt *insert, struct supply *supply)
{
    const PgQuery__Node *query = insert->select_stmt;

    supply->scope = statement_columns(work, outer, scope->ctes, query, false, &supply->columns);
    if (!query || query->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return;
    supply->is_grouped = query->select_stmt->n_group_clause > 0;
    if (!supply->scope)
        return;
    pins_learn(work, supply->scope);
    supply->targets = query->select_stmt->target_list;
    supply->target_count = query->select_stmt->n_target_list;
}

/* The expression of a column; NULL where a star stands before it. */
static const PgQuery__Node *
supplied_by(const struct supply *supply, size_t index)
{
    if (supply->target_count != supply->columns.count || index >= supply->target_count ||
        supply->targets[index]->node_case != PG_QUERY__NODE__NODE_RES_TARGET)
        return NULL;
    return supply->targets[index]->res_target->val;
}

/* The rows of INSERT's query go into the named columns, or the first ones. */
static void
write_query(struct plan_work *work, struct entry *target, const PgQuery__InsertStmt *insert,
            const struct supply *supply, struct row *row)
{
    const struct output *own = target->columns.first;
    size_t i = 0;

    if (!carry_is_empty(&supply->columns.rest)) {
        write_column(work, target, NULL, &supply->columns.rest);
        row_write(work, row, NULL, &(struct cell_value){.carry = &supply->columns.rest});
    }
    for (const struct output *o = supply->columns.first; o && work_spend(work, 1);
         o = o->next, i++) {
        const char *name = own ? own->name : NULL;

        if (i < insert->n_cols && insert->cols[i]->node_case == PG_QUERY__NODE__NODE_RES_TARGET)
            name = insert->cols[i]->res_target->name;
        if (name)
            row_write(work, row, name,
                      &(struct cell_value){.carry = o->carry,
                                           .exact = o->entry ? o : NULL,
                                           .keys = o->keys,
                                           .value = supplied_by(supply, i)});
        if (o->carry)
            write_column(work, target, name, o->carry);
        own = own ? own->next : NULL;
    }
}

/* Whether two rows conflict only where they have the same value there. */
static bool
conflicts_by(const PgQuery__OnConflictClause *conflict, const char *name)
{
    const PgQuery__InferClause *infer = conflict->infer;

    for (size_t i = 0; infer && i < infer->n_index_elems; i++)
        if (infer->index_elems[i]->node_case == PG_QUERY__NODE__NODE_INDEX_ELEM &&
            strcmp(infer->index_elems[i]->index_elem->name, name) == 0)
            return true;
    return false;
}

/* "key = EXCLUDED.key", where that is what they conflict by. */
static bool
is_excludeds_own(const PgQuery__OnConflictClause *conflict, const PgQuery__ResTarget *assigned)
{
    const PgQuery__ColumnRef *c =
        assigned->val && assigned->val->node_case == PG_QUERY__NODE__NODE_COLUMN_REF
            ? assigned->val->column_ref
            : NULL;
    const char *name = c && c->n_fields == 2 ? sql_string(c->fields[1]) : NULL;

    return name && sql_string(c->fields[0]) && strcmp(sql_string(c->fields[0]), "excluded") == 0 &&
           strcmp(name, assigned->name) == 0 && conflicts_by(conflict, name);
}

/* Whether they are the same person's rows. */
static bool
conflicts_by_key(const PgQuery__OnConflictClause *conflict, const struct catalog_relation *relation)
{
    for (size_t i = 0; relation && i < relation->show_count; i++) {
        const struct catalog_show *show = &relation->shows[i];

        if (show->key_part_count > 0 && (show->key_type != CATALOG_KEY_TUPLE || show->is_key_loose))
            return false;
        for (size_t k = 0; k < relation->column_count; k++)
            if (catalog_show_has_key(show, relation->columns[k].number) &&
                !conflicts_by(conflict, relation->columns[k].name))
                return false;
    }
    return true;
}

/* DO UPDATE: the row that is there gets values of the one that was to come ("excluded", which has
 * all that the query puts there). */
struct conflict {
    const PgQuery__OnConflictClause *clause;
    PgQuery__Node **targets;
    size_t count;
    struct row *row; /* the one that is there */
    bool is_same;    /* both are the same person's */
};

/* Before the query's values are put in: of rows of the same person they were looked at already. */
static void
begin_conflict(struct plan_work *work, const struct scope *scope, const struct entry *target,
               struct conflict *conflict)
{
    size_t all, count = 0;

    conflict->row = row_new(work, target, true);
    conflict->count = conflict->clause->n_target_list;
    conflict->targets = assignments(work, conflict->clause->target_list, &conflict->count);
    all = conflict->count;
    for (size_t i = 0; i < all; i++)
        if (!is_excludeds_own(conflict->clause, conflict->targets[i]->res_target))
            conflict->targets[count++] = conflict->targets[i];
    conflict->count = count;
    conflict->is_same = conflicts_by_key(conflict->clause, target->relation);
    if (conflict->is_same)
        fill_row(work, scope, conflict->targets, count, conflict->row);
}

static void
end_conflict(struct plan_work *work, const struct scope *scope, struct entry *target,
             const struct conflict *conflict)
{
    if (!conflict->is_same)
        fill_row(work, scope, conflict->targets, conflict->count, conflict->row);
    row_judge(work, conflict->row, &(struct row_source){.scope = scope, .is_grouped = true});
    write_targets(work, scope, target, conflict->targets, conflict->count);
    expression_judge(work, scope, conflict->clause->where_clause);
}

static struct scope *
insert_columns(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
               const PgQuery__InsertStmt *insert, bool is_top, struct outputs *columns)
{
    struct scope *scope = begin(work, outer, ctes, insert->with_clause, is_top);
    struct conflict conflict = {.clause = insert->on_conflict_clause};
    struct entry *target = scope ? from_table(work, scope, insert->relation) : NULL;
    struct supply supply = {.target_count = 0};
    struct carry supplied = {0};
    struct entry *excluded;
    struct row *row;

    if (!target)
        return NULL;
    read_supply(work, outer, scope, insert, &supply);
    excluded = add_twin(work, scope, target, "excluded");
    if (conflict.clause)
        begin_conflict(work, scope, target, &conflict);
    row = row_new(work, target, false);
    outputs_carry(work, &supply.columns, &supplied);
    work->rows_written.is_one =
        !conflict.clause && !work_is_exhausted(work) && shape_is_one_each(work, &supplied);
    work->rows_written.is_counted = work->rows_written.is_one && is_top;
    write_query(work, target, insert, &supply, row);
    work->rows_written = (struct mark_rows){.is_one = false};
    row_judge(work, row,
              &(struct row_source){
                  .scope = supply.scope, .is_grouped = supply.is_grouped, .is_row_known = is_top});
    mark_acted(work, insert->relation);
    if (excluded)
        excluded->columns = (struct outputs){0};
    if (excluded)
        outputs_copy(work, &excluded->columns, &target->columns);
    if (conflict.clause)
        end_conflict(work, scope, target, &conflict);
    move_by_acts(work, insert->relation, conflict.clause && conflict.count > 0);
    write_by_functions(work, target);
    add_target_columns(work, scope, target);
    return_columns(work, scope, target, insert->returning_list, insert->n_returning_list, columns);
    return scope;
}

/* WHEN NOT MATCHED: the values go into the named columns, or the first ones. */
static void
merge_insert(struct plan_work *work, const struct scope *scope, struct entry *target,
             const PgQuery__MergeWhenClause *when)
{
    const struct output *own = target->columns.first;
    struct row *row = row_new(work, target, false);

    for (size_t i = 0; i < when->n_values && work_spend(work, 1); i++) {
        const char *name = own ? own->name : NULL;
        const PgQuery__Node *value = when->values[i];
        struct found found = {.keys = 0};
        struct carry written = {0};

        if (i < when->n_target_list &&
            when->target_list[i]->node_case == PG_QUERY__NODE__NODE_RES_TARGET)
            name = when->target_list[i]->res_target->name;
        expression_carry(work, scope, value, &written);
        if (value && value->node_case == PG_QUERY__NODE__NODE_COLUMN_REF)
            scope_find(work, scope, value->column_ref, &found);
        row_write(
            work, row, name,
            &(struct cell_value){
                .carry = &written, .exact = found.output, .keys = found.keys, .value = value});
        mark_written(work, target, name, &written);
        own = own ? own->next : NULL;
    }
    row_judge(work, row, &(struct row_source){.scope = scope, .is_row_known = true});
}

static void
merge_update(struct plan_work *work, const struct scope *scope, struct entry *target,
             const PgQuery__MergeWhenClause *when)
{
    size_t count = when->n_target_list;
    PgQuery__Node **targets = assignments(work, when->target_list, &count);
    struct row *row = row_new(work, target, true);

    fill_row(work, scope, targets, count, row);
    row_judge(work, row, &(struct row_source){.scope = scope, .is_row_known = true});
    for (size_t i = 0; i < count; i++) {
        struct carry written = {0};

        expression_carry(work, scope, targets[i]->res_target->val, &written);
        if (!is_views_own(target, targets[i]->res_target->name, &written))
            mark_written(work, target, targets[i]->res_target->name, &written);
    }
}

static void
merge_each(struct plan_work *work, const struct scope *scope, struct entry *target,
           const PgQuery__MergeStmt *merge, bool is_matched)
{
    for (size_t i = 0; i < merge->n_merge_when_clauses && work_spend(work, 1); i++) {
        const PgQuery__Node *node = merge->merge_when_clauses[i];
        const PgQuery__MergeWhenClause *when;

        if (node->node_case != PG_QUERY__NODE__NODE_MERGE_WHEN_CLAUSE ||
            node->merge_when_clause->matched != is_matched)
            continue;
        when = node->merge_when_clause;
        expression_judge(work, scope, when->condition);
        if (is_matched && when->command_type == PG_QUERY__CMD_TYPE__CMD_UPDATE)
            merge_update(work, scope, target, when);
        else if (!is_matched && when->command_type == PG_QUERY__CMD_TYPE__CMD_INSERT)
            merge_insert(work, scope, target, when);
    }
}

/* Its condition holds for the rows that match. */
void
change_merge(struct plan_work *work, const PgQuery__MergeStmt *merge)
{
    struct scope *scope = begin(work, NULL, NULL, merge->with_clause, true);
    struct entry *target =
        scope && merge->relation ? from_table(work, scope, merge->relation) : NULL;
    struct carry most = {.bound = work->names.most};

    if (!target)
        return;
    (void)from_item(work, scope, merge->source_relation, true);
    pins_learn(work, scope);
    merge_each(work, scope, target, merge, false);
    from_add_condition(work, scope, merge->join_condition, true);
    from_judge(work, scope);
    pins_learn(work, scope);
    merge_each(work, scope, target, merge, true);
    mark_acted(work, merge->relation);
    move_by_acts(work, merge->relation, true);
    if (work_is_exhausted(work))
        mark_written(work, target, NULL, &most);
}

struct scope *
change_columns(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
               const PgQuery__Node *node, bool is_top, struct outputs *columns)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_INSERT_STMT:
        return insert_columns(work, outer, ctes, node->insert_stmt, is_top, columns);
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
        return update_columns(work, outer, ctes, node->update_stmt, is_top, columns);
    default:
        return delete_columns(work, outer, ctes, node->delete_stmt, is_top, columns);
    }
}
