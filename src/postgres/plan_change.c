/* SPDX-License-Identifier: Apache-2.0 */
/* INSERT, UPDATE, DELETE: what RETURNING carries. What a statement writes into a column comes back
 * in it, whoever's it was. */
#include "postgres/plan_lineage.h"
#include "postgres/plan_mark.h"

/* The columns of the target under another name that RETURNING or SET may use. */
static void
add_twin(struct plan_work *work, struct scope *scope, const struct entry *target, const char *name)
{
    struct entry *twin = scope_add(work, scope, name);

    if (!twin)
        return;
    twin->is_qualified_only = true;
    outputs_copy(work, &twin->columns, &target->columns);
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
    }
}

static void
write_targets(struct plan_work *work, const struct scope *scope, struct entry *target,
              PgQuery__Node *const *targets, size_t count)
{
    for (size_t i = 0; i < count && work_spend(work, 1); i++) {
        struct carry written = {0};

        if (!targets[i] || targets[i]->node_case != PG_QUERY__NODE__NODE_RES_TARGET)
            continue;
        expression_carry(work, scope, targets[i]->res_target->val, &written);
        write_column(work, target, targets[i]->res_target->name, &written);
    }
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
        struct output *copy = outputs_add(work, &scope->columns, o->name, o->carry);

        if (!copy)
            return;
        copy->entry = o->entry;
        copy->attribute = o->attribute;
        copy->of = o;
    }
}

static void
return_columns(struct plan_work *work, struct scope *scope, const struct entry *target,
               PgQuery__Node *const *returning, size_t count, struct outputs *columns)
{
    add_twin(work, scope, target, "old");
    add_twin(work, scope, target, "new");
    target_columns(work, scope, returning, count, columns);
}

static struct scope *
update_columns(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
               const PgQuery__UpdateStmt *update, bool is_top, struct outputs *columns)
{
    struct scope *scope = begin(work, outer, ctes, update->with_clause, is_top);
    struct entry *target = scope ? from_table(work, scope, update->relation) : NULL;
    struct outputs others;

    if (!target)
        return NULL;
    add_items(work, scope, update->from_clause, update->n_from_clause);
    from_add_condition(work, scope, update->where_clause, true);
    from_judge(work, scope);
    write_targets(work, scope, target, update->target_list, update->n_target_list);
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
    return_columns(work, scope, target, delete->returning_list, delete->n_returning_list, columns);
    return scope;
}

/* The rows of INSERT's query go into the named columns, or the first ones. */
static void
write_query(struct plan_work *work, struct entry *target, const PgQuery__InsertStmt *insert,
            const struct outputs *source)
{
    const struct output *own = target->columns.first;
    size_t i = 0;

    if (!carry_is_empty(&source->rest))
        write_column(work, target, NULL, &source->rest);
    for (const struct output *o = source->first; o && work_spend(work, 1); o = o->next, i++) {
        const char *name = own ? own->name : NULL;

        if (i < insert->n_cols && insert->cols[i]->node_case == PG_QUERY__NODE__NODE_RES_TARGET)
            name = insert->cols[i]->res_target->name;
        if (o->carry)
            write_column(work, target, name, o->carry);
        own = own ? own->next : NULL;
    }
}

static struct scope *
insert_columns(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
               const PgQuery__InsertStmt *insert, bool is_top, struct outputs *columns)
{
    struct scope *scope = begin(work, outer, ctes, insert->with_clause, is_top);
    const PgQuery__OnConflictClause *conflict = insert->on_conflict_clause;
    struct entry *target = scope ? from_table(work, scope, insert->relation) : NULL;
    struct outputs source = {0};

    if (!target)
        return NULL;
    (void)statement_columns(work, outer, scope->ctes, insert->select_stmt, false, &source);
    write_query(work, target, insert, &source);
    add_twin(work, scope, target, "excluded");
    if (conflict) {
        write_targets(work, scope, target, conflict->target_list, conflict->n_target_list);
        expression_judge(work, scope, conflict->where_clause);
    }
    write_by_functions(work, target);
    add_target_columns(work, scope, target);
    return_columns(work, scope, target, insert->returning_list, insert->n_returning_list, columns);
    return scope;
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
