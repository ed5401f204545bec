/* SPDX-License-Identifier: Apache-2.0 */
/* Queries further inside to which columns can be added, and who reads them. */
#include "postgres/plan_call.h"
#include "postgres/plan_distinct.h"
#include "postgres/plan_group.h"
#include "postgres/plan_lineage.h"

static struct query *
query_new(struct plan_work *work, const struct outputs *columns)
{
    struct query *query;

    if (columns->is_open)
        return NULL;
    query = arena_new(&work->memory, 1, sizeof(*query));
    if (query)
        query->column_count = columns->count;
    return query;
}

static struct query *
query_of_targets(struct plan_work *work, const PgQuery__SelectStmt *select,
                 const struct scope *scope, const struct outputs *columns)
{
    struct query *query;

    if (select->n_target_list == 0 || select->into_clause || call_is_text(work, select))
        return NULL;
    query = query_new(work, columns);
    if (!query)
        return NULL;
    query->targets = select->target_list;
    query->target_count = select->n_target_list;
    query->select = select;
    query->scope = scope;
    return query;
}

/* DISTINCT ON takes rows as they are, and compares its own expressions only. */
const struct query *
query_of_select(struct plan_work *work, const PgQuery__SelectStmt *select,
                const struct scope *scope, const struct outputs *columns)
{
    return select->n_distinct_clause > 0 && !distinct_is_decided(work, select, scope)
               ? NULL
               : query_of_targets(work, select, scope, columns);
}

/* To a DISTINCT that is no GROUP BY nothing can be added, but it can have keys itself. */
const struct query *
query_of_groups(struct plan_work *work, const PgQuery__SelectStmt *select,
                const struct scope *scope, const struct outputs *columns)
{
    bool can_add = group_can(work, select, scope) &&
                   (select->n_group_clause == 0 ||
                    (!work->sees_order && distinct_are_groups(work, select, scope)));
    struct query *query;

    if (!can_add && !distinct_is_plain(select, scope))
        return NULL;
    query = query_of_targets(work, select, scope, columns);
    if (query) {
        query->is_grouped = true;
        query->is_fixed = !can_add;
    }
    return query;
}

/* Of a view nothing is added to, but its groups can be of one person each: by the key. */
const struct query *
query_of_keys(struct plan_work *work, const PgQuery__SelectStmt *select, const struct scope *scope,
              const struct outputs *columns)
{
    struct query *query = NULL;

    if (select->n_group_clause > 0 && select->n_distinct_clause == 0 && !group_has_sets(select))
        query = query_of_targets(work, select, scope, columns);
    if (query)
        query->is_grouped = query->is_fixed = true;
    return query;
}

const struct query *
query_of_union(struct plan_work *work, const PgQuery__SelectStmt *select,
               const struct outputs *left, const struct outputs *right)
{
    struct query *query;

    if (!left->query || !right->query || left->count != right->count || select->into_clause)
        return NULL;
    query = query_new(work, left);
    if (!query)
        return NULL;
    query->select = select;
    query->arms[0] = left->query;
    query->arms[1] = right->query;
    return query;
}

const struct query *
query_of_change(struct plan_work *work, PgQuery__Node *const *returning, size_t count,
                const struct scope *scope, const struct outputs *columns)
{
    struct query *query = count > 0 ? query_new(work, columns) : NULL;

    if (!query)
        return NULL;
    query->targets = returning;
    query->target_count = count;
    query->scope = scope;
    return query;
}

const struct query *
query_of_cte(struct plan_work *work, const struct outputs *columns,
             const PgQuery__CommonTableExpr *expression)
{
    struct query *query;

    if (!columns->query || expression->search_clause || expression->cycle_clause)
        return NULL;
    query = arena_new(&work->memory, 1, sizeof(*query));
    if (!query)
        return NULL;
    *query = *columns->query;
    query->cte = expression->ctename;
    return query;
}

void
reading_note(struct plan_work *work, const struct scope *scope, struct entry *entry,
             const struct query *query)
{
    struct reading *reading = arena_new(&work->memory, 1, sizeof(*reading));

    if (!reading)
        return;
    entry->query = query;
    *reading = (struct reading){work->readings, scope, entry};
    work->readings = reading;
}

void
star_note(struct plan_work *work, const struct scope *scope, PgQuery__Node *const *targets,
          size_t count, size_t item)
{
    struct star *star = arena_new(&work->memory, 1, sizeof(*star));

    if (!star)
        return;
    *star = (struct star){work->stars, scope, targets,
                          count,       item,  targets[item]->res_target->val->column_ref};
    work->stars = star;
}
