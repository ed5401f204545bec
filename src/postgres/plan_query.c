/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of queries: SELECT, VALUES, UNION and its like, WITH. */
#include "postgres/plan_distinct.h"
#include "postgres/plan_given.h"
#include "postgres/plan_group.h"
#include "postgres/plan_lineage.h"
#include "postgres/plan_union.h"
#include "postgres/plan_within.h"

enum { RECURSION_ROUNDS = 8 };

/* ---- target lists ---- */

/* The name that PostgreSQL gives a column without AS, where something can refer to it. */
static const char *
name_of(const PgQuery__Node *node)
{
    if (!node)
        return NULL;
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return sql_last_name(node->column_ref->fields, node->column_ref->n_fields);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return sql_last_name(node->func_call->funcname, node->func_call->n_funcname);
    case PG_QUERY__NODE__NODE_A_INDIRECTION:
        return sql_last_name(node->a_indirection->indirection, node->a_indirection->n_indirection);
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
        return name_of(node->collate_clause->arg);
    case PG_QUERY__NODE__NODE_TYPE_CAST: {
        const char *name = name_of(node->type_cast->arg);
        const PgQuery__TypeName *type = node->type_cast->type_name;

        return name || !type ? name : sql_last_name(type->names, type->n_names);
    }
    case PG_QUERY__NODE__NODE_CASE_EXPR: {
        const char *name = name_of(node->case_expr->defresult);

        return name ? name : "case";
    }
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return "coalesce";
    case PG_QUERY__NODE__NODE_ROW_EXPR:
        return "row";
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        return "array";
    case PG_QUERY__NODE__NODE_SUB_LINK:
        if (node->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK)
            return "exists";
        return node->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK ? "array"
                                                                                       : NULL;
    default:
        return NULL;
    }
}

static bool
is_star(const PgQuery__Node *node)
{
    const PgQuery__ColumnRef *reference;

    if (!node || node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return false;
    reference = node->column_ref;
    return reference->n_fields > 0 &&
           reference->fields[reference->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR;
}

static void
add_again(struct plan_work *work, struct outputs *columns, const struct outputs *from)
{
    columns->is_open |= from->is_open;
    carry_add(&columns->rest, &from->rest);
    for (const struct output *o = from->first; o; o = o->next)
        if (!outputs_add_again(work, columns, o))
            return;
}

static void
add_star(struct plan_work *work, const struct scope *scope, const PgQuery__ColumnRef *reference,
         struct outputs *columns)
{
    const struct entry *entry = NULL;
    size_t n = reference->n_fields;
    const char *schema = n > 2 ? sql_string(reference->fields[n - 3]) : NULL;

    if (n == 1) {
        add_again(work, columns, &scope->columns);
        for (const struct entry *e = scope->entries; e && work_spend(work, 1); e = e->next)
            carry_add(&columns->rest, &e->columns.rest);
        return;
    }
    if (sql_string(reference->fields[n - 2]))
        entry = scope_entry(scope, schema, sql_string(reference->fields[n - 2]));
    if (entry) {
        add_again(work, columns, &entry->columns);
    } else {
        columns->is_open = true;
        reach_add(&columns->rest.bound, &work->names.most);
    }
}

/* A star behind an expression, "(f(x)).*": so many columns as that has. */
static bool
is_expanded(const PgQuery__Node *node)
{
    const PgQuery__AIndirection *indirection;

    if (!node || node->node_case != PG_QUERY__NODE__NODE_A_INDIRECTION)
        return false;
    indirection = node->a_indirection;
    return indirection->n_indirection > 0 &&
           indirection->indirection[indirection->n_indirection - 1]->node_case ==
               PG_QUERY__NODE__NODE_A_STAR;
}

/* What it carries, and whether it is a stored value all the same. */
static void
carry_expression(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
                 struct found *found)
{
    work->sublink_stored = (struct plan_stored){0};
    expression_carry(work, scope, node, &found->carry);
    if (node && node->node_case == PG_QUERY__NODE__NODE_SUB_LINK)
        found->stored = work->sublink_stored;
    else
        stored_find(work, scope, node, &found->stored);
}

/* Of a column; of what else there is where a set operation as a whole asks for it (plan_setop.h).
 */
static uint32_t
strict_type_of(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
               const struct found *found)
{
    const struct output *column = found->output;
    const PgQuery__Node *whole = (const PgQuery__Node *)(const void *)work->statement;

    if (column && column->entry && column->entry->is_only)
        return distinct_strict_type(column->entry->relation, column->attribute);
    return whole && whole->node_case == PG_QUERY__NODE__NODE_SELECT_STMT && whole->select_stmt->larg
               ? distinct_type_of(work, scope, node)
               : 0;
}

/* What is made of a column that shows all of a group, row by row, shows some of its persons, or
 * none: none but those whose keys the group has. */
static void
carry_part(struct plan_work *work, const struct scope *scope, const PgQuery__Node *value,
           struct found *found)
{
    bool kept = work->keeps_parts;

    work->keeps_parts = value && work->may_group && group_is_alike(work, value);
    carry_expression(work, scope, value, found);
    if (work->keeps_parts)
        found->groups = within_blur_parts(work, &found->carry);
    work->keeps_parts = kept;
}

static void
add_expression(struct plan_work *work, const struct scope *scope, const PgQuery__ResTarget *target,
               struct outputs *columns)
{
    const char *name = target->name[0] ? target->name : name_of(target->val);
    struct found found = {.output = NULL};
    struct output *output;

    if (target->val && target->val->node_case == PG_QUERY__NODE__NODE_COLUMN_REF)
        scope_find(work, scope, target->val->column_ref, &found);
    else
        carry_part(work, scope, target->val, &found);
    if (is_expanded(target->val)) {
        columns->is_open = true;
        carry_add(&columns->rest, &found.carry);
        return;
    }
    within_lose_parts(work, &found.carry, found.groups);
    output = outputs_add(work, columns, name, carry_keep(work, &found.carry));
    if (!output)
        return;
    output->groups = found.groups;
    output->is_plain = found.is_plain;
    output->is_key = found.is_key;
    output->keys = found.keys;
    output->stored = found.stored;
    output->strict_type = strict_type_of(work, scope, target->val, &found);
    if (found.named) {
        output->view = found.named->view;
        output->view_attribute = found.named->view_attribute;
    }
    if (found.output) {
        output->entry = found.output->entry;
        output->attribute = found.output->attribute;
        output->is_written = found.output->is_written;
        if (output->is_written)
            output->keys = output->groups = 0;
    }
}

void
target_columns(struct plan_work *work, const struct scope *scope, PgQuery__Node *const *targets,
               size_t count, struct outputs *columns)
{
    for (size_t i = 0; i < count && work_spend(work, 1); i++) {
        const PgQuery__Node *node = targets[i];

        if (!node || node->node_case != PG_QUERY__NODE__NODE_RES_TARGET) {
            columns->is_open = true;
            reach_add(&columns->rest.bound, &work->names.most);
        } else if (is_star(node->res_target->val)) {
            star_note(work, scope, targets, count, i);
            add_star(work, scope, node->res_target->val->column_ref, columns);
        } else {
            add_expression(work, scope, node->res_target, columns);
        }
    }
}

/* ---- WITH ---- */

static const struct cte *
add_cte(struct plan_work *work, const struct cte *outer, const PgQuery__CommonTableExpr *expression,
        const struct outputs *columns)
{
    struct cte *cte = arena_new(&work->memory, 1, sizeof(*cte));

    if (!cte)
        return outer;
    cte->outer = outer;
    cte->name = expression->ctename;
    outputs_copy(work, &cte->columns, columns);
    outputs_rename(work, &cte->columns, expression->aliascolnames, expression->n_aliascolnames);
    cte->query = query_of_cte(work, columns, expression);
    cte->alias_count = expression->n_aliascolnames;
    if (expression->search_clause || expression->cycle_clause) {
        outputs_carry(work, columns, &cte->columns.rest);
        carry_widen(&cte->columns.rest); /* of all rows on the way to this one */
        cte->columns.is_open = true;
    }
    return cte;
}

static struct carry
sum_of(struct plan_work *work, const struct outputs *columns)
{
    struct carry sum = {0};

    outputs_carry(work, columns, &sum);
    return sum;
}

/* Each column carries all that any does: enough for a fixed point in a few rounds. */
static void
spread(struct plan_work *work, struct outputs *columns)
{
    struct carry sum = sum_of(work, columns);
    const struct carry *kept;

    carry_widen(&sum);
    kept = carry_keep(work, &sum);
    for (struct output *o = columns->first; o; o = o->next) {
        o->carry = kept;
        o->groups = 0;
        o->stored = (struct plan_stored){0};
    }
}

/* What a name's own query can know of its columns: what each carries, and nothing of whose row that
 * is. */
static void
assume(struct plan_work *work, struct outputs *assumed, const struct outputs *columns)
{
    *assumed = (struct outputs){.query = columns->query};
    outputs_copy(work, assumed, columns);
    carry_widen(&assumed->rest);
    for (struct output *o = assumed->first; o && work_spend(work, 1); o = o->next) {
        struct carry carry = {0};

        if (o->carry)
            carry = *o->carry;
        carry_widen(&carry);
        *o = (struct output){.next = o->next, .name = o->name, .carry = carry_keep(work, &carry)};
    }
}

/* Whether no column carries more than it was assumed to. */
static bool
is_as_assumed(struct plan_work *work, const struct outputs *assumed, const struct outputs *columns)
{
    const struct output *a = assumed->first;
    struct outputs widened;

    if (columns->is_open || assumed->is_open || columns->count != assumed->count)
        return false;
    assume(work, &widened, columns);
    for (const struct output *o = widened.first; o && a; o = o->next, a = a->next)
        if (o->carry && (!a->carry || !carry_covers(a->carry, o->carry)))
            return false;
    return carry_covers(&assumed->rest, &widened.rest) && !work_is_exhausted(work);
}

/*
 * Column by column: where each carries what it was assumed to carry where the query reads itself,
 * it carries that in every round, by induction. Each row is of one arm, so that keys can be added
 * to them as to any UNION ALL. False where that is not found soon.
 */
static bool
read_recursive(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
               const PgQuery__CommonTableExpr *expression, struct outputs *columns)
{
    const PgQuery__SelectStmt *select = expression->ctequery->select_stmt;
    struct outputs assumed, first = {0};

    (void)query_columns(work, outer, ctes, select->larg, false, &first);
    first.query = NULL;
    assume(work, &assumed, &first);
    for (int round = 0; round < RECURSION_ROUNDS && !work_is_exhausted(work); round++) {
        const struct cte *own = add_cte(work, ctes, expression, &assumed);

        *columns = (struct outputs){0};
        (void)query_columns(work, outer, own, select, false, columns);
        if (assumed.query && is_as_assumed(work, &assumed, columns))
            return true;
        assume(work, &assumed, columns);
    }
    return false;
}

/* The query may read its own name: it is read again with what it was found to carry, until that
 * stays the same. */
static const struct cte *
add_recursive(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
              const PgQuery__CommonTableExpr *expression)
{
    const PgQuery__Node *query = expression->ctequery;
    const PgQuery__SelectStmt *select =
        query && query->node_case == PG_QUERY__NODE__NODE_SELECT_STMT ? query->select_stmt : NULL;
    struct outputs columns = {0};
    struct carry before, after;

    if (select && select->op == PG_QUERY__SET_OPERATION__SETOP_UNION && select->all &&
        select->larg && read_recursive(work, outer, ctes, expression, &columns))
        return add_cte(work, ctes, expression, &columns);
    columns = (struct outputs){0};
    if (select && select->op == PG_QUERY__SET_OPERATION__SETOP_UNION && select->larg)
        (void)query_columns(work, outer, ctes, select->larg, false, &columns);
    after = sum_of(work, &columns);
    for (int round = 0; round < RECURSION_ROUNDS && !work_is_exhausted(work); round++) {
        const struct cte *own = add_cte(work, ctes, expression, &columns);

        before = after;
        columns = (struct outputs){0};
        (void)statement_columns(work, outer, own, query, false, &columns);
        columns.query = NULL; /* it may be one of its own arms */
        spread(work, &columns);
        after = sum_of(work, &columns);
        if (round > 0 && carry_covers(&before, &after))
            return add_cte(work, ctes, expression, &columns);
    }
    columns.is_open = true;
    reach_add(&columns.rest.bound, &work->names.most);
    for (struct output *o = columns.first; o; o = o->next)
        o->carry = NULL;
    spread(work, &columns);
    return add_cte(work, ctes, expression, &columns);
}

struct self {
    const char *name;
    bool is_read;
};

static void
look_for_self(void *context, const ProtobufCMessage *message)
{
    struct self *self = context;

    self->is_read |=
        message->descriptor == &pg_query__range_var__descriptor &&
        strcmp(((const PgQuery__RangeVar *)(const void *)message)->relname, self->name) == 0;
    if (!self->is_read)
        sql_each_child(message, look_for_self, self);
}

/* Whether a query can read the name that WITH RECURSIVE gives it. */
static bool
reads_itself(const PgQuery__CommonTableExpr *expression)
{
    struct self self = {expression->ctename, false};

    if (expression->ctequery)
        look_for_self(&self, &expression->ctequery->base);
    return self.is_read;
}

/* A name that is used before its own query has been read. */
static const struct cte *
add_forward(struct plan_work *work, const struct cte *ctes,
            const PgQuery__CommonTableExpr *expression)
{
    struct outputs open = {.is_open = true, .rest = {.bound = work->names.most}};

    return add_cte(work, ctes, expression, &open);
}

const struct cte *
with_names(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
           const PgQuery__WithClause *with)
{
    for (size_t i = 0; with && with->recursive && i < with->n_ctes; i++)
        if (with->ctes[i]->node_case == PG_QUERY__NODE__NODE_COMMON_TABLE_EXPR)
            ctes = add_forward(work, ctes, with->ctes[i]->common_table_expr);
    for (size_t i = 0; with && i < with->n_ctes && work_spend(work, 1); i++) {
        const PgQuery__CommonTableExpr *expression;
        struct outputs columns = {0};

        if (with->ctes[i]->node_case != PG_QUERY__NODE__NODE_COMMON_TABLE_EXPR)
            continue;
        expression = with->ctes[i]->common_table_expr;
        if (with->recursive && reads_itself(expression)) {
            ctes = add_recursive(work, outer, ctes, expression);
            continue;
        }
        (void)statement_columns(work, outer, ctes, expression->ctequery, false, &columns);
        within_take(work, &columns);
        ctes = add_cte(work, ctes, expression, &columns);
    }
    return ctes;
}

/* ---- queries ---- */

static void
values_columns(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select,
               struct outputs *columns)
{
    static const char *const names[] = {"column1", "column2", "column3", "column4",
                                        "column5", "column6", "column7", "column8"};

    for (size_t i = 0; i < select->n_values_lists && work_spend(work, 1); i++) {
        const PgQuery__Node *node = select->values_lists[i];
        struct outputs row = {0};

        if (!node || node->node_case != PG_QUERY__NODE__NODE_LIST)
            continue;
        for (size_t k = 0; k < node->list->n_items; k++) {
            struct carry carry = {0};

            expression_carry(work, scope, node->list->items[k], &carry);
            if (!outputs_add(work, &row, k < COUNT_OF(names) ? names[k] : NULL,
                             carry_keep(work, &carry)))
                return;
        }
        if (i == 0)
            *columns = row;
        else
            union_columns(work, columns, &row, true);
    }
}

static void
build_from(struct plan_work *work, struct scope *scope, PgQuery__Node *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct outputs columns = from_item(work, scope, items[i], true);

        outputs_append(&scope->columns, &columns);
    }
}

/* Whether HAVING speaks of groups that a whole table is made into, by columns that are nobody's. */
static bool
pools(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select)
{
    const struct entry *entry = scope->entries;

    if (select->where_clause || select->n_group_clause == 0 || select->n_from_clause != 1 ||
        select->from_clause[0]->node_case != PG_QUERY__NODE__NODE_RANGE_VAR || !entry ||
        !entry->relation || entry->relation->kind == 'v' || entry->relation->kind == 'm')
        return false;
    for (size_t i = 0; i < select->n_group_clause; i++) {
        struct found found = {.output = NULL};

        if (!select->group_clause[i] ||
            select->group_clause[i]->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
            return false;
        scope_find(work, scope, select->group_clause[i]->column_ref, &found);
        if (!found.output || found.is_key || !carry_is_empty(&found.carry))
            return false;
    }
    return true;
}

/* What is evaluated and not shown; before the columns that are, which then carry what they are
 * compared with. ORDER BY and GROUP BY may name output columns: strays there. */
static void
judge_rest(struct plan_work *work, struct scope *scope, const PgQuery__SelectStmt *select)
{
    struct carry ignored = {0};

    scope->is_pooled = select->having_clause && pools(work, scope, select);
    compare_condition(work, scope, select->having_clause, &ignored);
    scope->is_pooled = false;
    expression_judge_all(work, scope, select->group_clause, select->n_group_clause);
    expression_judge_all(work, scope, select->sort_clause, select->n_sort_clause);
    for (size_t i = 0; i < select->n_distinct_clause; i++)
        if (select->distinct_clause[i])
            expression_judge(work, scope, select->distinct_clause[i]);
    compare_limit(work, scope, select->limit_count);
    compare_limit(work, scope, select->limit_offset);
}

/* DISTINCT ON takes a row as it is; every other way of grouping makes one of many. */
static bool
is_row_by_row(const PgQuery__SelectStmt *select, const struct scope *scope)
{
    for (size_t i = 0; i < select->n_distinct_clause; i++)
        if (!select->distinct_clause[i] ||
            select->distinct_clause[i]->node_case == PG_QUERY__NODE__NODE__NOT_SET)
            return false;
    return select->n_group_clause == 0 && !select->having_clause && !*scope->has_aggregate;
}

struct scope *
query_columns(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
              const PgQuery__SelectStmt *select, bool is_top, struct outputs *columns)
{
    struct scope *scope;
    size_t given;

    if (!select || !work_spend(work, 1))
        return NULL;
    ctes = with_names(work, outer, ctes, select->with_clause);
    if (select->op != PG_QUERY__SET_OPERATION__SETOP_NONE &&
        select->op != PG_QUERY__SET_OPERATION__SET_OPERATION_UNDEFINED) {
        union_query(work, outer, ctes, select, columns);
        return NULL;
    }
    scope = scope_new(work, outer, ctes);
    if (!scope)
        return NULL;
    if (select->n_values_lists > 0) {
        values_columns(work, scope, select, columns);
        return NULL;
    }
    scope->is_top = is_top;
    build_from(work, scope, select->from_clause, select->n_from_clause);
    from_add_condition(work, scope, select->where_clause, true);
    from_judge(work, scope);
    judge_rest(work, scope, select);
    given = *scope->given;
    target_columns(work, scope, select->target_list, select->n_target_list, columns);
    if (*scope->given !=
        given) { /* "v.e, EXISTS (… = v.e)": the first tells what the second found */
        *columns = (struct outputs){.query = NULL};
        target_columns(work, scope, select->target_list, select->n_target_list, columns);
    }
    if (is_row_by_row(select, scope)) {
        columns->query = query_of_select(work, select, scope, columns);
        return scope;
    }
    if (given_columns(work, scope, select, columns))
        return scope;
    outputs_widen(work, columns);
    if (work->may_group && work->view_depth == 0 && !is_top)
        columns->groups = query_of_groups(work, select, scope, columns);
    else if (work->view_depth > 0)
        columns->groups = query_of_keys(work, select, scope, columns);
    return scope;
}

struct scope *
statement_columns(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
                  const PgQuery__Node *node, bool is_top, struct outputs *columns)
{
    if (!node)
        return NULL;
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        return query_columns(work, outer, ctes, node->select_stmt, is_top, columns);
    case PG_QUERY__NODE__NODE_INSERT_STMT:
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
    case PG_QUERY__NODE__NODE_DELETE_STMT:
        return change_columns(work, outer, ctes, node, is_top, columns);
    default:
        columns->is_open = true;
        reach_add(&columns->rest.bound, &work->names.most);
        return NULL;
    }
}
