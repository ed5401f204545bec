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

bool
distinct_is_on(const PgQuery__SelectStmt *select)
{
    for (size_t i = 0; i < select->n_distinct_clause; i++)
        if (!select->distinct_clause[i] ||
            select->distinct_clause[i]->node_case == PG_QUERY__NODE__NODE__NOT_SET ||
            select->distinct_clause[i]->node_case == PG_QUERY__NODE__NODE_ROW_EXPR)
            return false;
    return select->n_distinct_clause > 0 && select->n_sort_clause > 0;
}

/* ---- types ---- */

/* Types that can be sorted, and of which values that are equal are the same bytes: bool, int8,
 * int2, int4, text, oid, varchar, date, timestamp, timestamptz, uuid, bytea. */
static bool
is_strict_type(uint32_t type)
{
    static const uint32_t types[] = {16, 20, 21, 23, 25, 26, 1043, 1082, 1114, 1184, 2950, 17};

    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (types[i] == type)
            return true;
    return false;
}

uint32_t
distinct_strict_type(const struct catalog_relation *relation, int16_t attribute)
{
    for (size_t i = 0; relation && i < relation->column_count; i++)
        if (relation->columns[i].number == attribute)
            return is_strict_type(catalog_value_type(&relation->columns[i])) &&
                           !relation->columns[i].is_loose
                       ? catalog_value_type(&relation->columns[i])
                       : 0;
    return 0;
}

bool
distinct_is_strict(const struct catalog_relation *relation, int16_t attribute)
{
    return distinct_strict_type(relation, attribute) != 0;
}

/* Types of the same kind that a constant is cast to; `is_text`: and a value, without failing. */
static bool
is_strict_name(const PgQuery__TypeName *type, bool is_text)
{
    static const char *const names[] = {"text", "varchar", "bool", "int2",      "int4",
                                        "int8", "uuid",    "date", "timestamp", "timestamptz"};
    const char *name = type ? sql_last_name(type->names, type->n_names) : NULL;

    if (!name || !names_is_builtin_type(type) || type->n_array_bounds > 0 || type->setof)
        return false;
    for (size_t i = 0; i < (is_text ? 2 : COUNT_OF(names)); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void
look_for_collation(void *context, const ProtobufCMessage *message)
{
    bool *is_found = context;

    *is_found |= message->descriptor == &pg_query__collate_clause__descriptor;
    if (!*is_found)
        sql_each_child(message, look_for_collation, context);
}

static bool
is_view_with_collation(const struct catalog_relation *relation)
{
    bool is_loose = false;

    for (size_t i = 0; i < relation->column_count; i++)
        is_loose |= relation->columns[i].is_loose;
    return is_loose && (relation->kind == 'v' || relation->kind == 'm');
}

/* On its way out of a query further inside a column can be given another collation. */
static bool
has_collation(const struct plan_work *work)
{
    bool is_found = !work->statement;

    if (work->statement)
        look_for_collation(&is_found, work->statement);
    for (const struct named *n = work->names.named; n && !is_found; n = n->next) {
        const char *schema = n->range->schemaname[0] ? n->range->schemaname : NULL;
        const struct catalog_relation *relation;
        size_t at = 0;

        while ((relation = names_next_relation(work, schema, n->range->relname, &at)) != NULL)
            is_found |= is_view_with_collation(relation);
    }
    return is_found;
}

/* ---- targets ---- */

/* The same in all rows. */
static bool
is_constant(const PgQuery__Node *node)
{
    if (node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST && node->type_cast->arg)
        return node->type_cast->arg->node_case == PG_QUERY__NODE__NODE_PARAM_REF ||
               is_constant(node->type_cast->arg);
    return node->node_case == PG_QUERY__NODE__NODE_A_CONST;
}

struct values {
    struct plan_work *work;
    const struct scope *scope;
    bool is_united; /* of an arm of a set operation, which hands on keys of tables alone */
};

static bool is_value(const struct values *v, const PgQuery__Node *node);

static bool
are_values(const struct values *v, PgQuery__Node *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_value(v, nodes[i]))
            return false;
    return true;
}

/* What a column's values are as they come out of a table or materialized view; 0: not known. */
static uint32_t
type_of_column(const struct values *v, const PgQuery__ColumnRef *reference)
{
    bool had_stray = v->work->has_stray;
    const struct catalog_relation *place;
    struct found found;
    int16_t attribute = 0;

    scope_find(v->work, v->scope, reference, &found);
    v->work->has_stray = had_stray;
    if (found.output && found.output->entry && found.output->entry->relation)
        return found.stored.relation != 0 && found.output->entry->is_only
                   ? distinct_strict_type(found.output->entry->relation, found.output->attribute)
                   : 0;
    place = found.named ? output_place(v->work, found.named, &attribute) : NULL;
    if (!place || (place->kind == 'm' ? v->is_united || !found.named->view->is_only
                                      : found.stored.relation == 0 || has_collation(v->work)))
        return 0; /* two in one, of USING, or an expression */
    return distinct_strict_type(place, attribute);
}

/* PostgreSQL's own functions of texts, which cannot fail. */
static bool
is_call(const struct values *v, const PgQuery__FuncCall *call)
{
    static const char *const names[] = {"upper",  "lower",   "initcap", "btrim", "ltrim",
                                        "rtrim",  "left",    "replace", "right", "md5",
                                        "concat", "reverse", "length"};
    struct function_facts facts = function_facts(v->work, call->funcname, call->n_funcname);

    if (!facts.name || !facts.is_known || facts.is_user || facts.is_opaque || call->over ||
        call->agg_star || call->agg_distinct || call->agg_within_group || call->agg_filter ||
        call->n_agg_order > 0 || call->func_variadic ||
        (call->n_args > 1 && strcmp(facts.name, "length") == 0))
        return false;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i], facts.name) == 0)
            return are_values(v, call->args, call->n_args);
    return false;
}

static bool
is_operation(const struct values *v, const PgQuery__AExpr *expression)
{
    const char *name = sql_last_name(expression->name, expression->n_name);

    return expression->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP && name &&
           strcmp(name, "||") == 0 && expression->lexpr && expression->rexpr &&
           !names_is_foreign_operator(v->work, expression->name, expression->n_name) &&
           is_value(v, expression->lexpr) && is_value(v, expression->rexpr);
}

static bool
is_cast(const struct values *v, const PgQuery__TypeCast *cast)
{
    if (!cast->arg || !is_strict_name(cast->type_name, false))
        return false;
    return cast->arg->node_case == PG_QUERY__NODE__NODE_PARAM_REF ||
           cast->arg->node_case == PG_QUERY__NODE__NODE_A_CONST ||
           (is_strict_name(cast->type_name, true) && !catalog_has_casts(v->work->catalog) &&
            is_value(v, cast->arg));
}

/* One of several: a constant 1.0 makes a numeric of what is 1. */
static bool
is_choice(const struct values *v, const PgQuery__CoalesceExpr *expression)
{
    for (size_t i = 0; i < expression->n_args; i++)
        if (expression->args[i]->node_case == PG_QUERY__NODE__NODE_A_CONST &&
            expression->args[i]->a_const->val_case == PG_QUERY__A__CONST__VAL_FVAL)
            return false;
    return are_values(v, expression->args, expression->n_args);
}

/* Not volatile, no set, no aggregate, and the same bytes where it is equal. */
static bool
is_value(const struct values *v, const PgQuery__Node *node)
{
    if (!node || !work_spend(v->work, 1))
        return false;
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return type_of_column(v, node->column_ref) != 0;
    case PG_QUERY__NODE__NODE_A_CONST:
        return node->a_const->val_case != PG_QUERY__A__CONST__VAL_BSVAL;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return is_cast(v, node->type_cast);
    case PG_QUERY__NODE__NODE_A_EXPR:
        return is_operation(v, node->a_expr);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return is_call(v, node->func_call);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return is_choice(v, node->coalesce_expr);
    default:
        return false;
    }
}

/* ---- types of expressions ---- */

enum { INTEGER = 23, TEXT = 25, VARCHAR = 1043 };

uint32_t
distinct_common_type(uint32_t a, uint32_t b)
{
    if ((a == TEXT && b == VARCHAR) || (a == VARCHAR && b == TEXT))
        return TEXT;
    return a == b ? a : 0;
}

static bool
is_text(uint32_t type)
{
    return type == TEXT || type == VARCHAR;
}

static uint32_t type_of_value(const struct values *v, const PgQuery__Node *node);

/* Some of these functions there are of bytes, too. */
static uint32_t
type_of_call(const struct values *v, const PgQuery__FuncCall *call)
{
    const char *name = function_facts(v->work, call->funcname, call->n_funcname).name;

    for (size_t i = 0; i < call->n_args; i++) {
        uint32_t type = type_of_value(v, call->args[i]);

        if (!is_text(type) && (type != INTEGER || i == 0))
            return 0;
    }
    return name && strcmp(name, "length") == 0 ? INTEGER : TEXT;
}

/* Of what is a value (is_value). */
static uint32_t
type_of_value(const struct values *v, const PgQuery__Node *node)
{
    const char *name;

    if (!work_spend(v->work, 1))
        return 0;
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return type_of_column(v, node->column_ref);
    case PG_QUERY__NODE__NODE_A_CONST:
        if (node->a_const->isnull)
            return 0;
        return node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL   ? TEXT
               : node->a_const->val_case == PG_QUERY__A__CONST__VAL_IVAL ? INTEGER
                                                                         : 0;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        name =
            sql_last_name(node->type_cast->type_name->names, node->type_cast->type_name->n_names);
        return name && strcmp(name, "text") == 0 ? TEXT : 0;
    case PG_QUERY__NODE__NODE_A_EXPR:
        return is_text(type_of_value(v, node->a_expr->lexpr)) &&
                       is_text(type_of_value(v, node->a_expr->rexpr))
                   ? TEXT
                   : 0;
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return type_of_call(v, node->func_call);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        for (size_t i = 0; i < node->coalesce_expr->n_args; i++)
            if (!is_text(type_of_value(v, node->coalesce_expr->args[i])))
                return 0;
        return TEXT;
    default:
        return 0;
    }
}

uint32_t
distinct_type_of(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node)
{
    const struct values values = {work, scope, true};

    if (!scope || !work->catalog || !is_value(&values, node))
        return 0;
    return type_of_value(&values, node);
}

static bool
are_targets(struct plan_work *work, const PgQuery__SelectStmt *select, const struct scope *scope)
{
    const struct values values = {work, scope, false};

    for (size_t i = 0; i < select->n_target_list; i++) {
        const PgQuery__Node *target = select->target_list[i];

        if (target->node_case != PG_QUERY__NODE__NODE_RES_TARGET ||
            !is_value(&values, target->res_target->val))
            return false;
    }
    return select->n_target_list > 0;
}

/* ---- the order ---- */

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

/* The target that an item is: by its number, or by a name that one has. SIZE_MAX: none. */
static size_t
target_of(const PgQuery__SelectStmt *select, const PgQuery__Node *item)
{
    size_t count = 0, place = SIZE_MAX;
    const char *name;

    if (item->node_case == PG_QUERY__NODE__NODE_A_CONST) {
        const PgQuery__AConst *number = item->a_const;

        return !number->isnull && number->val_case == PG_QUERY__A__CONST__VAL_IVAL &&
                       number->ival->ival >= 1 &&
                       (size_t)number->ival->ival <= select->n_target_list
                   ? (size_t)number->ival->ival - 1
                   : SIZE_MAX;
    }
    if (item->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || item->column_ref->n_fields != 1)
        return SIZE_MAX;
    name = sql_string(item->column_ref->fields[0]);
    for (size_t i = 0; name && i < select->n_target_list; i++) {
        const char *told = told_name(select->target_list[i]->res_target);

        if (!told)
            return SIZE_MAX;
        if (strcmp(told, name) == 0) {
            place = i;
            count++;
        }
    }
    return count == 1 ? place : SIZE_MAX;
}

static bool
is_sorted_by(const PgQuery__SelectStmt *select, size_t target)
{
    for (size_t i = 0; i < select->n_sort_clause; i++)
        if (target_of(select, select->sort_clause[i]->sort_by->node) == target)
            return true;
    return false;
}

/* By targets alone, and by each that can differ: then no two rows are alike to it. */
static bool
is_order_of_targets(const PgQuery__SelectStmt *select)
{
    for (size_t i = 0; i < select->n_sort_clause; i++) {
        const PgQuery__Node *item = select->sort_clause[i];

        if (item->node_case != PG_QUERY__NODE__NODE_SORT_BY || !item->sort_by->node ||
            item->sort_by->n_use_op > 0 || target_of(select, item->sort_by->node) == SIZE_MAX)
            return false;
    }
    for (size_t i = 0; i < select->n_target_list; i++)
        if (!is_constant(select->target_list[i]->res_target->val) && !is_sorted_by(select, i))
            return false;
    return true;
}

bool
distinct_is_ordered(const PgQuery__SelectStmt *select)
{
    for (size_t i = 0; i < select->n_target_list; i++)
        if (!is_sorted_by(select, i))
            return false;
    return is_order_of_targets(select);
}

/* What an item of ORDER BY is, a target or an expression; NULL: it cannot be told. */
static const PgQuery__Node *
sorted_value(const PgQuery__SelectStmt *select, const PgQuery__Node *item)
{
    size_t target = target_of(select, item);
    const char *name;

    if (target != SIZE_MAX)
        return select->target_list[target]->res_target->val;
    if (item->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || item->column_ref->n_fields != 1)
        return item;
    name = sql_string(item->column_ref->fields[0]);
    for (size_t i = 0; name && i < select->n_target_list; i++) {
        const char *told = told_name(select->target_list[i]->res_target);

        if (!told || strcmp(told, name) == 0)
            return NULL;
    }
    return name ? item : NULL;
}

static bool
is_unique_key(struct plan_work *work, const struct scope *scope, const PgQuery__Node *value)
{
    bool had_stray = work->has_stray;
    const struct catalog_relation *relation = scope->entries->relation;
    struct found found;

    if (!value || value->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return false;
    scope_find(work, scope, value->column_ref, &found);
    work->has_stray = had_stray;
    for (size_t i = 0; i < relation->show_count; i++)
        if (relation->shows[i].is_key_unique && relation->shows[i].key_part_count == 0 &&
            found.output && found.output->entry == scope->entries &&
            found.output->attribute == relation->shows[i].key_column)
            return true;
    return false;
}

/* Of one table, whose rows are told apart by it. */
static bool
is_order_of_rows(struct plan_work *work, const PgQuery__SelectStmt *select,
                 const struct scope *scope)
{
    const struct entry *entry = scope->entries;

    if (!entry || entry->next || !entry->relation || !entry->is_only ||
        (entry->relation->kind != 'r' && entry->relation->kind != 'p'))
        return false;
    for (size_t i = 0; i < select->n_sort_clause; i++)
        if (is_unique_key(work, scope, sorted_value(select, select->sort_clause[i]->sort_by->node)))
            return true;
    return false;
}

bool
distinct_is_decided(struct plan_work *work, const PgQuery__SelectStmt *select,
                    const struct scope *scope)
{
    if (!scope || !distinct_is_on(select))
        return false;
    for (size_t i = 0; i < select->n_target_list; i++)
        if (select->target_list[i]->node_case != PG_QUERY__NODE__NODE_RES_TARGET ||
            !select->target_list[i]->res_target->val)
            return false;
    for (size_t i = 0; i < select->n_sort_clause; i++)
        if (select->sort_clause[i]->node_case != PG_QUERY__NODE__NODE_SORT_BY ||
            !select->sort_clause[i]->sort_by->node || select->sort_clause[i]->sort_by->n_use_op > 0)
            return false;
    if (is_order_of_rows(work, select, scope))
        return true;
    for (size_t i = 0; i < select->n_target_list; i++)
        if (!is_constant(select->target_list[i]->res_target->val) && !is_sorted_by(select, i))
            return false;
    return are_targets(work, select, scope);
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
    return work->may_regroup && work->catalog && distinct_is_plain(select, scope) &&
           !select->into_clause &&
           select->limit_option != PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES &&
           (work->names.flags & (PLAN_CALLS | PLAN_OPAQUE)) == 0 &&
           are_targets(work, select, scope) && is_order_of_targets(select);
}

/* ---- groups ---- */

/* A name that no column has is one of a target's. */
static const PgQuery__Node *
target_named(const struct values *v, const PgQuery__SelectStmt *select,
             const PgQuery__ColumnRef *reference)
{
    const char *name = reference->n_fields == 1 ? sql_string(reference->fields[0]) : NULL;
    const PgQuery__Node *value = NULL;
    struct found found;

    scope_find(v->work, v->scope, reference, &found);
    for (const struct entry *e = v->scope->entries; e; e = e->next)
        if (e->columns.is_open)
            return NULL;
    for (size_t i = 0; name && !found.named && i < select->n_target_list; i++) {
        const PgQuery__ResTarget *target = select->target_list[i]->res_target;

        if (strcmp(target->name, name) == 0 && value)
            return NULL;
        if (strcmp(target->name, name) == 0)
            value = target->val;
    }
    return value;
}

static bool
is_group(const struct values *v, const PgQuery__SelectStmt *select, const PgQuery__Node *node)
{
    if (node->node_case == PG_QUERY__NODE__NODE_ROW_EXPR) {
        for (size_t i = 0; i < node->row_expr->n_args; i++)
            if (!is_group(v, select, node->row_expr->args[i]))
                return false;
        return true;
    }
    if (node->node_case == PG_QUERY__NODE__NODE_A_CONST) {
        size_t place = target_of(select, node);

        return place != SIZE_MAX && is_value(v, select->target_list[place]->res_target->val);
    }
    if (node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF) {
        const PgQuery__Node *target = target_named(v, select, node->column_ref);

        node = target ? target : node;
    }
    return is_value(v, node);
}

static bool
is_star(const PgQuery__Node *value)
{
    const PgQuery__ColumnRef *c =
        value->node_case == PG_QUERY__NODE__NODE_COLUMN_REF ? value->column_ref : NULL;

    return c && c->n_fields > 0 &&
           c->fields[c->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR;
}

bool
distinct_are_groups(struct plan_work *work, const PgQuery__SelectStmt *select,
                    const struct scope *scope)
{
    const struct values values = {work, scope, false};

    for (size_t i = 0; i < select->n_target_list; i++)
        if (select->target_list[i]->node_case != PG_QUERY__NODE__NODE_RES_TARGET ||
            !select->target_list[i]->res_target->val ||
            is_star(select->target_list[i]->res_target->val))
            return false;
    for (size_t i = 0; i < select->n_group_clause; i++)
        if (!is_group(&values, select, select->group_clause[i]))
            return false;
    return true;
}
