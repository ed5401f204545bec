/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/shadow_query.h"

enum { SHADOW_COLUMNS_MAX = 256 };

/* ---- nodes ---- */

static PgQuery__SelectStmt *
copy_of(struct plan_work *work, const PgQuery__SelectStmt *select)
{
    PgQuery__SelectStmt *copy = arena_new(&work->memory, 1, sizeof(*copy));

    if (copy)
        *copy = *select;
    return copy;
}

/* A column that the statement names, as an item of a list. */
static PgQuery__Node *
target_of(struct plan_work *work, const PgQuery__ColumnRef *column)
{
    PgQuery__ResTarget *target = arena_new(&work->memory, 1, sizeof(*target));
    PgQuery__Node *nodes = arena_new(&work->memory, 2, sizeof(*nodes));

    if (!target || !nodes)
        return NULL;
    pg_query__res_target__init(target);
    pg_query__node__init(&nodes[0]);
    pg_query__node__init(&nodes[1]);
    nodes[0].node_case = PG_QUERY__NODE__NODE_COLUMN_REF;
    nodes[0].column_ref = (PgQuery__ColumnRef *)(uintptr_t)column;
    target->val = &nodes[0];
    nodes[1].node_case = PG_QUERY__NODE__NODE_RES_TARGET;
    nodes[1].res_target = target;
    return &nodes[1];
}

/* ---- what a statement names above its rows ---- */

struct columns {
    struct plan_work *work;
    PgQuery__Node **targets;
    size_t count;
    bool takes_no_names; /* a name alone can mean an item of the list */
    bool is_lost;        /* a query within an expression, or too many */
};

static void
collect(void *context, const ProtobufCMessage *message)
{
    struct columns *c = context;

    if (c->is_lost)
        return;
    if (message->descriptor == &pg_query__sub_link__descriptor) {
        c->is_lost = true;
    } else if (message->descriptor == &pg_query__column_ref__descriptor) {
        const PgQuery__ColumnRef *column = (const PgQuery__ColumnRef *)message;

        if (c->takes_no_names && column->n_fields == 1)
            return;
        c->is_lost = c->count == SHADOW_COLUMNS_MAX;
        if (!c->is_lost)
            c->targets[c->count++] = target_of(c->work, column);
    } else {
        sql_each_child(message, collect, c);
    }
}

static void
collect_all(struct columns *c, PgQuery__Node *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        collect(c, &nodes[i]->base);
}

/* "ORDER BY max" can mean an item of the list, which is looked at anyway, and be no column. */
static bool
is_bare_name(const PgQuery__Node *node)
{
    if (node->node_case == PG_QUERY__NODE__NODE_SORT_BY && node->sort_by->node)
        node = node->sort_by->node;
    return node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF && node->column_ref->n_fields == 1;
}

static void
collect_sorted(struct columns *c, PgQuery__Node *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_bare_name(nodes[i]))
            collect(c, &nodes[i]->base);
}

/* The rows of a SELECT, with the columns that anything in it names; none: nothing comes of them. */
static bool
take_rows(struct plan_work *work, const PgQuery__SelectStmt *select, PgQuery__SelectStmt *query)
{
    struct columns c = {.work = work};

    c.targets = arena_new(&work->memory, SHADOW_COLUMNS_MAX, sizeof(*c.targets));
    if (!c.targets)
        return false;
    collect_all(&c, select->target_list, select->n_target_list);
    collect_all(&c, select->window_clause, select->n_window_clause);
    collect_sorted(&c, select->distinct_clause, select->n_distinct_clause);
    collect_sorted(&c, select->sort_clause, select->n_sort_clause);
    c.takes_no_names = true; /* also within GROUPING SETS */
    collect_all(&c, select->group_clause, select->n_group_clause);
    c.takes_no_names = false;
    if (select->having_clause)
        collect(&c, &select->having_clause->base);
    query->target_list = c.targets;
    query->n_target_list = c.count;
    return !c.is_lost;
}

/* ---- what cannot fail ---- */

struct judge {
    struct plan_work *work;
    bool is_fine;
    bool is_again;  /* and its rows are the same when it is asked again */
    bool is_beside; /* it may fail where the statement does, which asks it of the same rows */
};

static bool
is_text_without_escapes(const PgQuery__Node *node)
{
    return node && node->node_case == PG_QUERY__NODE__NODE_A_CONST && !node->a_const->isnull &&
           node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL &&
           !strchr(node->a_const->sval->sval, '\\');
}

/* Comparisons: their operands need no more of them than to be of a type. */
static bool
compares(const PgQuery__AExpr *expression)
{
    static const char *const operators[] = {"=", "<>", "<", ">", "<=", ">="};
    const char *name = sql_last_name(expression->name, expression->n_name);

    switch (expression->kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
        for (size_t i = 0; name && i < COUNT_OF(operators); i++)
            if (strcmp(name, operators[i]) == 0)
                return expression->lexpr && expression->rexpr;
        return false;
    case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
        return true;
    case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
        return is_text_without_escapes(expression->rexpr);
    default:
        return false;
    }
}

/* Numbers that are too large, or divided by nought. */
static bool
computes(const PgQuery__AExpr *expression)
{
    const char *name = sql_last_name(expression->name, expression->n_name);

    return expression->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP && name && name[0] != '\0' &&
           name[1] == '\0' && strchr("+-*/%", name[0]);
}

/* PostgreSQL's own (no other is called here), of texts. */
static bool
is_harmless_function(const PgQuery__FuncCall *call)
{
    static const char *const names[] = {"upper", "lower",       "length",
                                        "btrim", "char_length", "character_length",
                                        "ltrim", "rtrim",       "md5"};
    const char *name = sql_last_name(call->funcname, call->n_funcname);

    if (call->over || call->agg_filter || call->n_agg_order > 0 || call->agg_star ||
        call->agg_distinct || call->agg_within_group || call->func_variadic)
        return false;
    for (size_t i = 0; name && i < COUNT_OF(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* What is constant fails, if it does, before any row is read, and in the statement as well. */
static bool
is_harmless_cast(const PgQuery__TypeCast *cast)
{
    const char *type = sql_last_name(cast->type_name->names, cast->type_name->n_names);

    if (!cast->arg || !names_is_builtin_type(cast->type_name))
        return false;
    return cast->arg->node_case == PG_QUERY__NODE__NODE_A_CONST ||
           (type && strcmp(type, "text") == 0 && cast->type_name->n_array_bounds == 0);
}

/* DISTINCT without ON is a list of one node that is nothing. */
static bool
has_distinct_on(const PgQuery__SelectStmt *select)
{
    return select->n_distinct_clause > 1 ||
           (select->n_distinct_clause == 1 && select->distinct_clause[0] &&
            select->distinct_clause[0]->node_case != PG_QUERY__NODE__NODE__NOT_SET);
}

static bool
is_harmless_query(const PgQuery__SelectStmt *select)
{
    return !select->into_clause && select->n_locking_clause == 0 && select->n_window_clause == 0;
}

/* Which rows LIMIT and DISTINCT ON leave can be others each time that it is asked. */
static bool
takes_any_rows(const PgQuery__SelectStmt *select)
{
    return select->limit_count || select->limit_offset || has_distinct_on(select);
}

/* Whether a message may be there, if what is below it may. */
static bool
may_be(const struct judge *j, const ProtobufCMessage *message)
{
    static const ProtobufCMessageDescriptor *const plain[] = {
        &pg_query__node__descriptor,          &pg_query__res_target__descriptor,
        &pg_query__alias__descriptor,         &pg_query__join_expr__descriptor,
        &pg_query__bool_expr__descriptor,     &pg_query__null_test__descriptor,
        &pg_query__boolean_test__descriptor,  &pg_query__list__descriptor,
        &pg_query__coalesce_expr__descriptor, &pg_query__case_expr__descriptor,
        &pg_query__case_when__descriptor,     &pg_query__sort_by__descriptor,
        &pg_query__range_var__descriptor,     &pg_query__column_ref__descriptor,
        &pg_query__param_ref__descriptor,     &pg_query__a__const__descriptor,
        &pg_query__a__star__descriptor,       &pg_query__string__descriptor,
        &pg_query__integer__descriptor,       &pg_query__float__descriptor,
        &pg_query__boolean__descriptor,       &pg_query__range_subselect__descriptor,
        &pg_query__type_name__descriptor};
    const ProtobufCMessageDescriptor *of = message->descriptor;

    for (size_t i = 0; i < COUNT_OF(plain); i++)
        if (of == plain[i])
            return true;
    if (of == &pg_query__select_stmt__descriptor)
        return is_harmless_query((const PgQuery__SelectStmt *)message) &&
               !(j->is_again && takes_any_rows((const PgQuery__SelectStmt *)message));
    if (of == &pg_query__a__expr__descriptor)
        return compares((const PgQuery__AExpr *)message) ||
               (j->is_beside && computes((const PgQuery__AExpr *)message));
    if (of == &pg_query__func_call__descriptor)
        return is_harmless_function((const PgQuery__FuncCall *)message);
    if (of == &pg_query__type_cast__descriptor)
        return is_harmless_cast((const PgQuery__TypeCast *)message);
    if (of == &pg_query__sub_link__descriptor) {
        enum _PgQuery__SubLinkType type = ((const PgQuery__SubLink *)message)->sub_link_type;

        return type == PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK ||
               (type == PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK &&
                ((const PgQuery__SubLink *)message)->n_oper_name == 0);
    }
    if (of == &pg_query__with_clause__descriptor)
        return !((const PgQuery__WithClause *)message)->recursive;
    return of == &pg_query__common_table_expr__descriptor &&
           !((const PgQuery__CommonTableExpr *)message)->search_clause &&
           !((const PgQuery__CommonTableExpr *)message)->cycle_clause;
}

static void
judge(void *context, const ProtobufCMessage *message)
{
    struct judge *j = context;

    j->is_fine = j->is_fine && work_spend(j->work, 1) && may_be(j, message);
    if (j->is_fine)
        sql_each_child(message, judge, j);
}

bool
shadow_cannot_fail(struct plan_work *work, const PgQuery__SelectStmt *query)
{
    struct judge j = {.work = work, .is_fine = true};

    judge(&j, &query->base);
    return j.is_fine;
}

static void
look_for_query(void *context, const ProtobufCMessage *message)
{
    bool *is_found = context;

    *is_found |= message->descriptor == &pg_query__sub_link__descriptor;
    if (!*is_found)
        sql_each_child(message, look_for_query, context);
}

bool
shadow_is_steady(struct plan_work *work, const PgQuery__Node *expression)
{
    struct judge j = {.work = work, .is_fine = true, .is_beside = true};
    bool has_query = false;

    judge(&j, &expression->base);
    look_for_query(&has_query, &expression->base);
    return j.is_fine && !has_query;
}

bool
shadow_is_harmless(struct plan_work *work, const PgQuery__SelectStmt *query)
{
    struct judge j = {.work = work, .is_fine = true, .is_again = true};

    judge(&j, &query->base);
    return j.is_fine;
}

/* ---- a statement's ---- */

struct splitting {
    struct plan_work *work;
    struct shadow_queries *queries;
};

/* Whether each of its rows is in its result, whatever else there is. An aggregate or a window is no
 * harmless function. */
static bool
keeps_rows(struct plan_work *work, const PgQuery__SelectStmt *select)
{
    struct judge j = {.work = work, .is_fine = true, .is_again = true};

    for (size_t i = 0; i < select->n_target_list; i++)
        judge(&j, &select->target_list[i]->base);
    return j.is_fine && !has_distinct_on(select) && select->n_group_clause == 0 &&
           !select->having_clause && select->n_window_clause == 0 && !select->limit_count &&
           !select->limit_offset;
}

static bool
split_rows(struct splitting *s, const PgQuery__SelectStmt *select, PgQuery__WithClause *with)
{
    struct shadow_queries *queries = s->queries;
    PgQuery__SelectStmt *query = copy_of(s->work, select);

    if (!query)
        return false;
    queries->is_exact = queries->is_exact && keeps_rows(s->work, select);
    query->with_clause = with;
    query->n_distinct_clause = query->n_group_clause = query->n_window_clause = 0;
    query->n_sort_clause = 0;
    query->group_distinct = false;
    query->having_clause = query->limit_count = query->limit_offset = NULL;
    query->limit_option = PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_DEFAULT;
    if (!queries->is_exact && !take_rows(s->work, select, query))
        return false;
    if (query->n_target_list == 0 || query->n_from_clause == 0)
        return true;
    if (queries->count == SHADOW_QUERIES_MAX)
        return false;
    queries->queries[queries->count++] = query;
    return true;
}

static bool
split(struct splitting *s, const PgQuery__SelectStmt *select, PgQuery__WithClause *with)
{
    if (select->into_clause || select->n_locking_clause > 0 || (with && select->with_clause) ||
        !work_spend(s->work, 1))
        return false;
    with = with ? with : select->with_clause;
    if (select->n_values_lists > 0)
        return false;
    if (select->op == PG_QUERY__SET_OPERATION__SETOP_NONE)
        return split_rows(s, select, with);
    s->queries->is_exact = s->queries->is_exact &&
                           select->op == PG_QUERY__SET_OPERATION__SETOP_UNION &&
                           !select->limit_count && !select->limit_offset;
    return split(s, select->larg, with) && split(s, select->rarg, with);
}

bool
shadow_queries_of(struct plan_work *work, const PgQuery__SelectStmt *select,
                  struct shadow_queries *queries)
{
    struct splitting s = {work, queries};

    *queries = (struct shadow_queries){.is_exact = true};
    if (!split(&s, select, NULL))
        return false;
    if (queries->is_exact)
        return true;
    *queries = (struct shadow_queries){.is_exact = false}; /* and so is none of the arms */
    return split(&s, select, NULL);
}

/* The query of that name in WITH; *with is what stands before it there, or NULL. */
static const PgQuery__Node *
query_named(struct plan_work *work, PgQuery__WithClause **with, const PgQuery__RangeVar *range)
{
    PgQuery__WithClause *before = arena_new(&work->memory, 1, sizeof(*before));

    for (size_t i = 0; before && *with && !range->schemaname[0] && i < (*with)->n_ctes; i++) {
        const PgQuery__Node *node = (*with)->ctes[i];

        if (node->node_case != PG_QUERY__NODE__NODE_COMMON_TABLE_EXPR ||
            strcmp(node->common_table_expr->ctename, range->relname) != 0)
            continue;
        *before = **with;
        before->n_ctes = i;
        *with = i > 0 && !before->recursive ? before : NULL;
        return before->recursive ? NULL : node->common_table_expr->ctequery;
    }
    return NULL;
}

/* A query within a condition can tell of others than those that FROM has. */
static void
find_query(void *context, const ProtobufCMessage *message)
{
    bool *is_found = context;

    *is_found |= message->descriptor == &pg_query__sub_link__descriptor;
    if (!*is_found)
        sql_each_child(message, find_query, context);
}

bool
shadow_queries_within(struct plan_work *work, const PgQuery__SelectStmt *query,
                      struct shadow_queries *queries)
{
    const PgQuery__Node *from = query->n_from_clause == 1 ? query->from_clause[0] : NULL;
    const PgQuery__Node *within = NULL;
    PgQuery__WithClause *with = query->with_clause;
    struct splitting s = {work, queries};
    bool has_query = false;

    if (from && from->node_case == PG_QUERY__NODE__NODE_RANGE_SUBSELECT &&
        !from->range_subselect->lateral)
        within = from->range_subselect->subquery;
    else if (from && from->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
        within = query_named(work, &with, from->range_var);
    if (query->where_clause)
        find_query(&has_query, &query->where_clause->base);
    *queries = (struct shadow_queries){.is_exact = false};
    return within && !has_query && within->node_case == PG_QUERY__NODE__NODE_SELECT_STMT &&
           split(&s, within->select_stmt, with);
}
