/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals of statistics: pg_stats and its kin hold values of all tables, also of those that are
 * shown to nobody. Where there are such, the columns that hold values are not read, unless a
 * condition names another table.
 */
#include "postgres/plan_refuse.h"

enum { RANGES_MAX = 16 };

struct look {
    const struct plan_work *work;
    const PgQuery__RangeVar *pinned;
    const PgQuery__RangeVar *ranges[RANGES_MAX]; /* statistics of any table */
    size_t range_count;
    bool shows;
};

static bool
is_statistics(const char *name)
{
    return strncmp(name, "pg_stats", 8) == 0 || strncmp(name, "pg_statistic", 12) == 0;
}

bool
refuse_is_statistics(const struct plan_work *work, const char *schema, const char *name)
{
    const struct catalog_relation *relation;
    size_t at = 0;

    if (!is_statistics(name))
        return false;
    while ((relation = names_next_relation(work, schema, name, &at)) != NULL)
        if (relation->is_system && relation->speaks_values)
            return true;
    return false;
}

bool
refuse_is_statistics_value(const char *column)
{
    static const char *const columns[][2] = {
#define X(relation, column) {relation, column},
#include "postgres/speaking_column.def"
#undef X
    };

    for (size_t i = 0; i < COUNT_OF(columns); i++)
        if (is_statistics(columns[i][0]) && strcmp(columns[i][1], column) == 0)
            return true;
    return false;
}

bool
refuse_is_own_column(const PgQuery__RangeVar *range, const PgQuery__ColumnRef *column,
                     const char *name)
{
    static const struct {
        const char *relation, *column;
    } own[] = {
        {"pg_stats", "schemaname"},
        {"pg_stats", "tablename"},
        {"pg_stats", "attname"},
        {"pg_stats_ext", "schemaname"},
        {"pg_stats_ext", "tablename"},
        {"pg_stats_ext_exprs", "schemaname"},
        {"pg_stats_ext_exprs", "tablename"},
        {"pg_statistic", "starelid"},
    };
    const char *of = range->alias ? range->alias->aliasname : range->relname;
    const PgQuery__Node *before = column->n_fields == 2 ? column->fields[0] : NULL;

    if (column->n_fields > 2 || (before && (before->node_case != PG_QUERY__NODE__NODE_STRING ||
                                            strcmp(before->string->sval, of) != 0)))
        return false;
    for (size_t i = 0; i < COUNT_OF(own); i++)
        if (strcmp(own[i].relation, range->relname) == 0 && strcmp(own[i].column, name) == 0)
            return true;
    return false;
}

bool
refuse_has_never(const struct catalog *catalog)
{
    for (size_t i = 0; catalog && i < catalog_relation_count(catalog); i++)
        if (catalog_relation_at(catalog, i)->is_never)
            return true;
    return false;
}

/* ---- conditions ---- */

/* A table that is known, and that everybody may see. */
static bool
is_open_table(const struct plan_work *work, const char *text)
{
    const char *dot = text ? strrchr(text, '.') : NULL;
    const struct catalog_relation *relation;
    bool is_known = false;
    size_t at = 0;

    while (text &&
           (relation = names_next_relation(work, NULL, dot ? dot + 1 : text, &at)) != NULL) {
        if (relation->is_never)
            return false;
        is_known = true;
    }
    return is_known;
}

static bool
names_table(const struct plan_work *work, const PgQuery__RangeVar *range, const PgQuery__Node *node)
{
    const PgQuery__AExpr *equal;
    const char *sign, *column;

    if (!node)
        return false;
    if (node->node_case == PG_QUERY__NODE__NODE_BOOL_EXPR &&
        node->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR) {
        for (size_t i = 0; i < node->bool_expr->n_args; i++)
            if (node->bool_expr->args[i]->node_case == PG_QUERY__NODE__NODE_A_EXPR &&
                names_table(work, range, node->bool_expr->args[i]))
                return true;
        return false;
    }
    if (node->node_case != PG_QUERY__NODE__NODE_A_EXPR)
        return false;
    equal = node->a_expr;
    sign = sql_last_name(equal->name, equal->n_name);
    if (equal->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP || !sign || strcmp(sign, "=") != 0 ||
        !equal->lexpr || equal->lexpr->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return false;
    column = sql_last_name(equal->lexpr->column_ref->fields, equal->lexpr->column_ref->n_fields);
    return column && refuse_is_own_column(range, equal->lexpr->column_ref, column) &&
           (strcmp(column, "tablename") == 0 || strcmp(column, "starelid") == 0) &&
           is_open_table(work, sql_constant_text(equal->rexpr));
}

/* The statistics that such a condition speaks of: the only thing in FROM. */
static const PgQuery__RangeVar *
pinned_range(const struct plan_work *work, const PgQuery__SelectStmt *select)
{
    if (select->n_from_clause != 1 ||
        select->from_clause[0]->node_case != PG_QUERY__NODE__NODE_RANGE_VAR ||
        catalog_operator_is_foreign(work->catalog, "=") ||
        !names_table(work, select->from_clause[0]->range_var, select->where_clause))
        return NULL;
    return select->from_clause[0]->range_var;
}

/* ---- what is read ---- */

static void
find_ranges(void *context, const ProtobufCMessage *message)
{
    struct look *look = context;
    const PgQuery__RangeVar *before = look->pinned, *range;

    if (message->descriptor == &pg_query__range_var__descriptor) {
        range = (const PgQuery__RangeVar *)message;
        if (range == look->pinned ||
            !refuse_is_statistics(look->work, range->schemaname[0] ? range->schemaname : NULL,
                                  range->relname))
            return;
        look->shows |=
            look->range_count == RANGES_MAX || (range->alias && range->alias->n_colnames > 0);
        if (look->range_count < RANGES_MAX)
            look->ranges[look->range_count++] = range;
        return;
    }
    if (message->descriptor == &pg_query__select_stmt__descriptor)
        look->pinned = pinned_range(look->work, (const PgQuery__SelectStmt *)message);
    sql_each_child(message, find_ranges, look);
    look->pinned = before;
}

/* A row of them as a whole. */
static bool
is_row(const struct look *look, const char *name)
{
    for (size_t i = 0; i < look->range_count; i++) {
        const PgQuery__RangeVar *range = look->ranges[i];

        if (strcmp(range->alias ? range->alias->aliasname : range->relname, name) == 0)
            return true;
    }
    return false;
}

static void
find_values(void *context, const ProtobufCMessage *message)
{
    struct look *look = context;
    const PgQuery__ColumnRef *column = (const PgQuery__ColumnRef *)message;
    const char *name;

    if (message->descriptor == &pg_query__column_ref__descriptor) {
        name = sql_last_name(column->fields, column->n_fields);
        look->shows |= !name || refuse_is_statistics_value(name) || is_row(look, name);
    }
    sql_each_child(message, find_values, look);
}

void
refuse_by_statistics(struct plan_work *work, const ProtobufCMessage *tree)
{
    struct look look = {.work = work};

    if (!work->catalog || !refuse_has_never(work->catalog))
        return;
    find_ranges(&look, tree);
    if (look.range_count == 0)
        return;
    if (tree->descriptor == &pg_query__copy_stmt__descriptor)
        look.shows = true;
    find_values(&look, tree);
    if (look.shows)
        refuse(work, REFUSAL_STATISTICS);
}
