/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_statistics.h"

#include "postgres/plan_refuse.h"

enum { COLUMNS_MAX = 16 };

struct statistics {
    struct statistics *next;
    const PgQuery__RangeVar *range;
    struct reach reach;
};

struct condition {
    const struct plan_work *work;
    const PgQuery__RangeVar *range;
    const char *schema, *table; /* NULL: any */
    const char *columns[COLUMNS_MAX];
    size_t column_count; /* 0: all */
    bool has_parameter;
};

/* ---- conditions ---- */

static bool
is_equal_sign(PgQuery__Node *const *names, size_t count)
{
    const char *name = sql_last_name(names, count);

    return name && count == 1 && strcmp(name, "=") == 0;
}

/* 'public.products'::regclass: names that are written as they are. */
static void
read_regclass(struct condition *condition, const char *text)
{
    char *name =
        arena_text(&((struct plan_work *)(uintptr_t)condition->work)->memory, text, strlen(text));
    char *dot;

    if (!name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.")] != '\0' ||
        strspn(name, "0123456789") > 0)
        return;
    dot = strchr(name, '.');
    if (dot && strchr(dot + 1, '.'))
        return;
    if (dot) {
        *dot = '\0';
        condition->schema = name;
    }
    condition->table = dot ? dot + 1 : name;
}

static bool
is_constant(const PgQuery__Node *node)
{
    return node && node->node_case == PG_QUERY__NODE__NODE_A_CONST &&
           node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL;
}

static bool
is_regclass(const PgQuery__Node *node)
{
    const PgQuery__TypeName *type = node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST
                                        ? node->type_cast->type_name
                                        : NULL;
    const char *name = type ? sql_last_name(type->names, type->n_names) : NULL;

    return name && names_is_builtin_type(type) && strcmp(name, "regclass") == 0 &&
           type->n_array_bounds == 0 && is_constant(node->type_cast->arg);
}

static bool
is_parameter(const PgQuery__Node *node)
{
    while (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        node = node->type_cast->arg;
    return node && node->node_case == PG_QUERY__NODE__NODE_PARAM_REF;
}

static void
read_value(struct condition *condition, const char *column, const PgQuery__Node *value)
{
    bool is_schema = strcmp(column, "schemaname") == 0;
    bool is_table = strcmp(column, "tablename") == 0;
    bool is_oid = strcmp(column, "starelid") == 0;

    if (!is_schema && !is_table && !is_oid && strcmp(column, "attname") != 0)
        return;
    condition->has_parameter |= is_parameter(value);
    if (is_oid && (is_constant(value) || is_regclass(value)))
        read_regclass(condition, sql_constant_text(value));
    if (is_oid || !is_constant(value))
        return;
    if (is_schema)
        condition->schema = value->a_const->sval->sval;
    else if (is_table)
        condition->table = value->a_const->sval->sval;
    else if (condition->column_count == 0)
        condition->columns[condition->column_count++] = value->a_const->sval->sval;
}

/* attname IN ('a', 'b') */
static void
read_list(struct condition *condition, const char *column, const PgQuery__List *list)
{
    if (strcmp(column, "attname") != 0 || condition->column_count > 0 ||
        list->n_items > COLUMNS_MAX)
        return;
    for (size_t i = 0; i < list->n_items; i++) {
        condition->has_parameter |= is_parameter(list->items[i]);
        if (!is_constant(list->items[i])) {
            condition->column_count = 0;
            return;
        }
        condition->columns[condition->column_count++] = list->items[i]->a_const->sval->sval;
    }
}

static void
read_condition(struct condition *condition, const PgQuery__Node *node)
{
    const PgQuery__AExpr *e;
    const char *column;

    if (node && node->node_case == PG_QUERY__NODE__NODE_BOOL_EXPR &&
        node->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR)
        for (size_t i = 0; i < node->bool_expr->n_args; i++)
            if (node->bool_expr->args[i]->node_case == PG_QUERY__NODE__NODE_A_EXPR)
                read_condition(condition, node->bool_expr->args[i]);
    if (!node || node->node_case != PG_QUERY__NODE__NODE_A_EXPR)
        return;
    e = node->a_expr;
    if (!is_equal_sign(e->name, e->n_name) || !e->lexpr || !e->rexpr ||
        e->lexpr->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return;
    column = sql_last_name(e->lexpr->column_ref->fields, e->lexpr->column_ref->n_fields);
    if (!column || !refuse_is_own_column(condition->range, e->lexpr->column_ref, column))
        return;
    if (e->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP)
        read_value(condition, column, e->rexpr);
    else if (e->kind == PG_QUERY__A__EXPR__KIND__AEXPR_IN &&
             e->rexpr->node_case == PG_QUERY__NODE__NODE_LIST)
        read_list(condition, column, e->rexpr->list);
}

/* ---- what they hold ---- */

static void
add_column(const struct catalog_relation *relation, const char *name, struct reach *reach)
{
    int16_t number = catalog_column_number(relation, name);

    for (size_t i = 0; i < relation->show_count; i++) {
        const struct catalog_show *show = &relation->shows[i];

        if (number > 0 && number <= relation->column_limit)
            reach->fields[show->kind % CATALOG_KINDS_MAX] |= show->column_fields[number];
    }
    if (relation->show_count == 0)
        reach_add_all(reach, relation->kinds, relation->fields);
    reach_add_all(reach, relation->marked_kinds, relation->marked_fields);
}

/* False where there is no table of that name. */
static bool
add_tables(const struct condition *condition, bool has_columns, struct reach *reach)
{
    const struct catalog_relation *relation;
    bool is_known = false;
    size_t at = 0;

    while ((relation = catalog_relation_named(condition->work->catalog, condition->schema,
                                              condition->table, &at)) != NULL) {
        if (relation->speaks_values || relation->is_never)
            return false;
        is_known = true;
        if (!has_columns || condition->column_count == 0) {
            struct reach all = reach_of_relation(relation);

            reach_add(reach, &all);
        }
        for (size_t i = 0; has_columns && i < condition->column_count; i++)
            add_column(relation, condition->columns[i], reach);
    }
    return is_known;
}

void
statistics_note(struct plan_work *work, const PgQuery__SelectStmt *select)
{
    const PgQuery__RangeVar *range =
        select->n_from_clause == 1 &&
                select->from_clause[0]->node_case == PG_QUERY__NODE__NODE_RANGE_VAR
            ? select->from_clause[0]->range_var
            : NULL;
    struct condition condition = {.work = work, .range = range};
    struct statistics *statistics;
    struct reach reach = {{0}};

    if (!range || !work->catalog || !select->where_clause ||
        !refuse_is_statistics(work, range->schemaname[0] ? range->schemaname : NULL,
                              range->relname) ||
        catalog_operator_is_foreign(work->catalog, "=") ||
        (range->alias && range->alias->n_colnames > 0))
        return;
    read_condition(&condition, select->where_clause);
    if (work->plan)
        work->plan->wants_constants |= condition.has_parameter;
    if (!condition.table ||
        !add_tables(&condition, strcmp(range->relname, "pg_stats") == 0, &reach))
        return;
    statistics = arena_new(&work->memory, 1, sizeof(*statistics));
    if (!statistics)
        return;
    *statistics = (struct statistics){work->statistics, range, reach};
    work->statistics = statistics;
}

bool
statistics_reach(const struct plan_work *work, const PgQuery__RangeVar *range, struct reach *reach)
{
    for (const struct statistics *s = work->statistics; s && range; s = s->next)
        if (s->range == range) {
            *reach = s->reach;
            return true;
        }
    return false;
}

bool
statistics_add(struct plan_work *work, const PgQuery__RangeVar *range)
{
    struct reach reach;

    if (!statistics_reach(work, range, &reach))
        return false;
    reach_add(&work->names.most, &reach);
    if (reach_fields(&reach) != 0)
        work->names.flags |= PLAN_STATISTICS;
    return true;
}
