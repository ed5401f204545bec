/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_distinct.h"

/* DISTINCT without ON is a list of one node that is nothing. */
bool
distinct_is(const PgQuery__SelectStmt *select)
{
    return select->n_distinct_clause == 1 &&
           (!select->distinct_clause[0] ||
            select->distinct_clause[0]->node_case == PG_QUERY__NODE__NODE__NOT_SET);
}

/* ---- types ---- */

/* Types that can be both sorted and hashed. */
static bool
is_comparable_type(uint32_t type)
{
    static const uint32_t types[] = {16,   20,   21,   23,   25,   1042, 1043,
                                     1082, 1114, 1184, 1700, 2950, 26,   17};

    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (types[i] == type)
            return true;
    return false;
}

static bool
is_comparable_column(const struct plan_work *work, const struct plan_stored *stored)
{
    const struct catalog_relation *relation =
        stored->relation ? catalog_relation(work->catalog, stored->relation) : NULL;

    for (size_t i = 0; relation && i < relation->column_count; i++)
        if (relation->columns[i].number == stored->attribute)
            return is_comparable_type(relation->columns[i].type);
    return false;
}

static bool
is_comparable_name(const PgQuery__TypeName *type)
{
    static const char *const names[] = {"bool",    "int2",      "int4",       "int8",
                                        "numeric", "text",      "uuid",       "date",
                                        "varchar", "timestamp", "timestamptz"};
    const char *name = type ? sql_last_name(type->names, type->n_names) : NULL;

    if (!name || !names_is_builtin_type(type) || type->n_array_bounds > 0 || type->setof)
        return false;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* ---- targets ---- */

struct values {
    struct plan_work *work;
    const struct scope *scope;
    size_t others; /* columns of a type that may be sorted only, hashed only, or neither */
};

static bool is_value(struct values *v, const PgQuery__Node *node, bool is_part);

static bool
are_values(struct values *v, PgQuery__Node *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_value(v, nodes[i], true))
            return false;
    return true;
}

/* A column. Where its type has no equality the server says so, and where the column stands. */
static bool
is_column(struct values *v, const PgQuery__ColumnRef *reference, bool is_part)
{
    bool had_stray = v->work->has_stray;
    struct found found;

    scope_find(v->work, v->scope, reference, &found);
    v->work->has_stray = had_stray;
    if (!found.named && !found.output)
        return false;
    if (is_comparable_column(v->work, &found.stored))
        return true;
    return !is_part && v->others++ == 0;
}

/* PostgreSQL's own functions of texts. */
static bool
is_call(struct values *v, const PgQuery__FuncCall *call)
{
    static const char *const names[] = {"upper",     "lower",   "initcap", "md5",    "reverse",
                                        "btrim",     "ltrim",   "rtrim",   "substr", "left",
                                        "substring", "replace", "lpad",    "rpad",   "split_part",
                                        "concat",    "length",  "right",   "abs",    "concat_ws"};
    struct function_facts facts = function_facts(v->work, call->funcname, call->n_funcname);

    if (!facts.name || !facts.is_known || facts.is_user || facts.is_opaque || call->over ||
        call->agg_star || call->agg_distinct || call->agg_within_group || call->agg_filter ||
        call->n_agg_order > 0 || call->func_variadic)
        return false;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i], facts.name) == 0)
            return are_values(v, call->args, call->n_args);
    return false;
}

static bool
is_operation(struct values *v, const PgQuery__AExpr *expression)
{
    const char *name = sql_last_name(expression->name, expression->n_name);

    return expression->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP && name &&
           strcmp(name, "||") == 0 && expression->lexpr && expression->rexpr &&
           !names_is_foreign_operator(v->work, expression->name, expression->n_name) &&
           is_value(v, expression->lexpr, true) && is_value(v, expression->rexpr, true);
}

/* Not volatile, no set, no aggregate, and of a type with an equality of its own. */
static bool
is_value(struct values *v, const PgQuery__Node *node, bool is_part)
{
    if (!node || !work_spend(v->work, 1))
        return false;
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return is_column(v, node->column_ref, is_part);
    case PG_QUERY__NODE__NODE_A_CONST:
        return node->a_const->val_case != PG_QUERY__A__CONST__VAL_BSVAL;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return is_comparable_name(node->type_cast->type_name) && node->type_cast->arg &&
               (node->type_cast->arg->node_case == PG_QUERY__NODE__NODE_PARAM_REF ||
                is_value(v, node->type_cast->arg, true));
    case PG_QUERY__NODE__NODE_A_EXPR:
        return is_operation(v, node->a_expr);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return is_call(v, node->func_call);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return are_values(v, node->coalesce_expr->args, node->coalesce_expr->n_args);
    default:
        return false;
    }
}

/* The name of a column as the text tells it; NULL: the server finds one. */
static const char *
told_name(const PgQuery__ResTarget *target)
{
    if (target->name[0])
        return target->name;
    return target->val->node_case == PG_QUERY__NODE__NODE_COLUMN_REF
               ? sql_last_name(target->val->column_ref->fields, target->val->column_ref->n_fields)
               : NULL;
}

/* Of a primary key and another column of its table, PostgreSQL groups by the key alone: rows would
 * come in another order. */
static bool
has_key_of_column(struct plan_work *work, const PgQuery__SelectStmt *select,
                  const struct scope *scope)
{
    const struct entry *key = NULL, *other = NULL;

    for (size_t i = 0; i < 2 * select->n_target_list && work_spend(work, 1); i++) {
        const PgQuery__Node *value =
            select->target_list[i % select->n_target_list]->res_target->val;
        struct found found;

        if (value->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
            continue;
        scope_find(work, scope, value->column_ref, &found);
        if (found.output && found.is_key)
            key = found.output->entry;
        else if (found.output && found.output->entry == key)
            other = key;
    }
    return other != NULL;
}

static bool
are_targets(struct plan_work *work, const PgQuery__SelectStmt *select, const struct scope *scope)
{
    struct values values = {work, scope, 0};

    for (size_t i = 0; i < select->n_target_list; i++) {
        const PgQuery__Node *target = select->target_list[i];

        if (target->node_case != PG_QUERY__NODE__NODE_RES_TARGET ||
            !is_value(&values, target->res_target->val, false))
            return false;
    }
    return select->n_target_list > 0 && !has_key_of_column(work, select, scope);
}

/* ---- the order ---- */

/* A number of a column, or a name that one column has. */
static bool
is_target_again(const PgQuery__SelectStmt *select, const PgQuery__Node *item)
{
    const char *name;
    size_t count = 0;

    if (item->node_case == PG_QUERY__NODE__NODE_A_CONST)
        return !item->a_const->isnull && item->a_const->val_case == PG_QUERY__A__CONST__VAL_IVAL &&
               item->a_const->ival->ival >= 1 &&
               (size_t)item->a_const->ival->ival <= select->n_target_list;
    if (item->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || item->column_ref->n_fields != 1)
        return false;
    name = sql_string(item->column_ref->fields[0]);
    for (size_t i = 0; name && i < select->n_target_list; i++) {
        const char *told = told_name(select->target_list[i]->res_target);

        if (!told)
            return false;
        count += strcmp(told, name) == 0;
    }
    return count == 1;
}

static bool
is_order_of_targets(const PgQuery__SelectStmt *select)
{
    for (size_t i = 0; i < select->n_sort_clause; i++) {
        const PgQuery__Node *item = select->sort_clause[i];

        if (item->node_case != PG_QUERY__NODE__NODE_SORT_BY || !item->sort_by->node ||
            item->sort_by->n_use_op > 0 || !is_target_again(select, item->sort_by->node))
            return false;
    }
    return true;
}

bool
distinct_is_plain(const PgQuery__SelectStmt *select, const struct scope *scope)
{
    return distinct_is(select) && select->n_from_clause > 0 && select->n_group_clause == 0 &&
           !select->having_clause && select->n_window_clause == 0 && !*scope->has_aggregate &&
           select->n_locking_clause == 0;
}

bool
distinct_can(struct plan_work *work, const PgQuery__SelectStmt *select, const struct scope *scope)
{
    bool is_cut = select->limit_count || select->limit_offset;

    return distinct_is_plain(select, scope) && !select->into_clause &&
           (!is_cut || select->n_sort_clause > 0) &&
           select->limit_option != PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES &&
           (work->names.flags & (PLAN_CALLS | PLAN_OPAQUE)) == 0 && is_order_of_targets(select) &&
           are_targets(work, select, scope);
}
