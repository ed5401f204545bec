/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that look somebody up, called anywhere in a query: beside other columns, within
 * expressions, in FROM beside other tables. In the second reading (plan_call.h) the query of the
 * function's text stands in the place of each call, with the call's arguments in it:
 *
 *     SELECT m.nick, upper(f(m.id)) FROM members m
 *     → SELECT m.nick, upper((SELECT name FROM customers WHERE id = m.id)) FROM members m
 *     SELECT r.name FROM g('north') AS r JOIN …
 *     → SELECT r.name FROM (SELECT * FROM customers WHERE region = 'north') AS r (id, …) JOIN …
 *
 * The tree alone is read so, and is as it was afterwards; the server is sent the client's text, to
 * which keys can be added. None can be to the function's query: no place in the text is its
 * (work->called).
 */
#include "postgres/key.h"
#include "postgres/plan_build.h"
#include "postgres/plan_call_part.h"
#include "postgres/plan_distinct.h"
#include "postgres/plan_lineage.h"
#include "postgres/plan_pin.h"
#include "postgres/plan_shape.h"
#include "postgres/plan_words.h"

bool
call_is_text(const struct plan_work *work, const PgQuery__SelectStmt *select)
{
    for (size_t i = 0; i < work->called_count; i++)
        if (work->called[i] == select)
            return true;
    return false;
}

bool
call_is_table(const struct plan_work *work, const PgQuery__RangeVar *range)
{
    for (size_t i = 0; i < work->called_count; i++)
        if (range && work->called[i]->from_clause[0]->range_var == range)
            return true;
    return false;
}

/* What the function's table is called once its query stands in another one, which can have a table
 * of the same name. */
#define TABLE_NAME "pasu called"

/* ---- arguments ---- */

struct argument {
    const struct catalog_relation *table; /* that the function reads */
    bool is_plain, is_given;              /* is_given: it has columns */
};

/* Columns that cannot be the function's table's, once they stand in its query. */
static bool
is_outer_column(const struct argument *a, const PgQuery__ColumnRef *column)
{
    const char *first = column->n_fields > 0 ? sql_string(column->fields[0]) : NULL;

    if (!first || column->n_fields > 2 || strcmp(first, TABLE_NAME) == 0 ||
        !sql_string(column->fields[column->n_fields - 1]))
        return false;
    return column->n_fields == 2 ||
           (catalog_column_number(a->table, first) == 0 && !scope_is_system_column(first));
}

static void
look_at_argument(void *context, const ProtobufCMessage *message)
{
    static const ProtobufCMessageDescriptor *const plain[] = {
        &pg_query__node__descriptor,      &pg_query__a__const__descriptor,
        &pg_query__a__expr__descriptor,   &pg_query__bool_expr__descriptor,
        &pg_query__null_test__descriptor, &pg_query__case_expr__descriptor,
        &pg_query__case_when__descriptor, &pg_query__coalesce_expr__descriptor,
        &pg_query__string__descriptor,    &pg_query__integer__descriptor,
        &pg_query__boolean__descriptor,   &pg_query__list__descriptor,
    };
    struct argument *a = context;
    bool is_plain = false;

    if (message->descriptor == &pg_query__column_ref__descriptor) {
        a->is_given = true;
        a->is_plain &= is_outer_column(a, (const PgQuery__ColumnRef *)message);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(plain); i++)
        is_plain |= plain[i] == message->descriptor;
    a->is_plain &= is_plain;
    if (a->is_plain)
        sql_each_child(message, look_at_argument, context);
}

/* Whether a parameter of that type is read as a key of the table is. */
static bool
is_key_of(const struct catalog_relation *table, uint8_t type)
{
    for (size_t i = 0; i < table->show_count; i++)
        if (type != CATALOG_KEY_TEXT && table->shows[i].key_type != type)
            return false;
    return true;
}

/* What stands for an argument in the query; NULL: nothing can. */
static PgQuery__Node *
argument_value(struct plan_work *work, const struct call *call,
               const struct catalog_relation *table, PgQuery__Node *argument, size_t at)
{
    uint8_t type = (uint8_t)key_type_of_oid(call->routine->argument_types[at]);
    struct argument look = {table, true, false};

    if (!argument || argument->node_case == PG_QUERY__NODE__NODE_NAMED_ARG_EXPR)
        return NULL;
    if (pin_is_constant(argument))
        return type != CATALOG_KEY_NONE && (argument->node_case == PG_QUERY__NODE__NODE_A_CONST ||
                                            is_key_of(table, type))
                   ? argument
                   : call_unknown(work, 0);
    look_at_argument(&look, &argument->base);
    if (call->name)
        return look.is_plain && !look.is_given && type != CATALOG_KEY_NONE ? argument : NULL;
    return look.is_plain && type != CATALOG_KEY_NONE ? argument : call_unknown(work, 0);
}

/* ---- names ---- */

struct renaming {
    struct plan_work *work;
    const char *from;
    bool is_failed;
};

/* customers.id; a schema before it is not followed, nor the row as a whole. */
static void
rename_columns(void *context, const ProtobufCMessage *message)
{
    struct renaming *r = context;

    if (message->descriptor == &pg_query__column_ref__descriptor) {
        PgQuery__ColumnRef *column = (PgQuery__ColumnRef *)(uintptr_t)message;
        const char *first = column->n_fields > 0 ? sql_string(column->fields[0]) : NULL;
        bool is_table = first && strcmp(first, r->from) == 0;

        r->is_failed |= column->n_fields > 2 || (column->n_fields == 1 && is_table);
        if (column->n_fields == 2 && is_table) {
            column->fields[0] = sql_name(&r->work->memory, TABLE_NAME);
            r->is_failed |= !column->fields[0];
        }
        return;
    }
    sql_each_child(message, rename_columns, context);
}

static bool
rename_table(struct plan_work *work, PgQuery__SelectStmt *query)
{
    PgQuery__RangeVar *range = query->from_clause[0]->range_var;
    PgQuery__Alias *alias = arena_new(&work->memory, 1, sizeof(*alias));
    struct renaming r = {work, range->alias ? range->alias->aliasname : range->relname, false};

    if (!alias)
        return false;
    rename_columns(&r, &query->base);
    pg_query__alias__init(alias);
    alias->aliasname = (char *)(uintptr_t)TABLE_NAME;
    range->alias = alias;
    return !r.is_failed;
}

/* id → customers.id, of the only table of the query that the call stands in. Where it is not that
 * one's column, it is then found nowhere, and nothing is read. */
static PgQuery__Node *
qualified(struct plan_work *work, const PgQuery__SelectStmt *around, PgQuery__Node *argument)
{
    const PgQuery__Node *from =
        around && around->n_from_clause == 1 ? around->from_clause[0] : NULL;
    const PgQuery__RangeVar *range =
        from && from->node_case == PG_QUERY__NODE__NODE_RANGE_VAR ? from->range_var : NULL;

    if (!range || !argument || argument->node_case != PG_QUERY__NODE__NODE_COLUMN_REF ||
        argument->column_ref->n_fields != 1 || !sql_string(argument->column_ref->fields[0]))
        return argument;
    return sql_reference(&work->memory, range->alias ? range->alias->aliasname : range->relname,
                         sql_string(argument->column_ref->fields[0]));
}

/* ---- calls ---- */

enum { CALLS_MAX = PLAN_CALLED_MAX };

struct replaced {
    PgQuery__Node *node, before;
};

struct replacing {
    struct plan_work *work;
    const PgQuery__SelectStmt *around; /* the innermost */
    struct replaced replaced[CALLS_MAX];
    size_t count;
    bool is_failed;
};

static bool
is_user_call(const struct plan_work *work, const PgQuery__FuncCall *call)
{
    struct function_facts facts = function_facts(work, call->funcname, call->n_funcname);

    return facts.is_user || facts.is_opaque || !facts.is_known;
}

/* Whether keys come out of the function as they are in the table. */
static bool
keeps_keys(const struct call *call, const struct catalog_relation *table,
           const struct outputs *columns)
{
    size_t at = 0;

    if (call->routine->result_count == 0)
        return !call->row || call->row->oid == table->oid;
    for (const struct output *o = columns->first; o; o = o->next, at++)
        for (size_t i = 0; o->is_key && i < table->show_count; i++)
            if (!key_types_agree(key_type_of_oid(call->routine->result_types[at]),
                                 table->shows[i].key_type))
                return false;
    return true;
}

/* The query of the function's text, with the call's arguments, or some of them; NULL: it is not one
 * that is read through. */
static PgQuery__SelectStmt *
query_of_call(struct plan_work *work, const PgQuery__SelectStmt *around, struct call *call,
              size_t *columns, bool *is_left_out)
{
    struct plan_statement body = {.is_understood = true};
    PgQuery__Node *values[CATALOG_ARGUMENTS_MAX];
    const struct catalog_relation *table;
    struct outputs outputs = {0};
    PgQuery__SelectStmt *query;
    struct code code;

    if (!call_find(work, call) ||
        (call->name ? !call->returns_set || (!call->row && call->routine->result_count == 0)
                    : call->returns_set || call->row || call->routine->result_count > 0) ||
        !code_read(work, call->routine, call->returns_set, &code) || !code.query ||
        !code.is_returned || code.is_told || code.tells_more ||
        !call_plan_text(work, call, &code, &outputs, &body) || body.part_count == 0 ||
        outputs.count != call_columns(call))
        return NULL;
    table = catalog_relation(work->catalog, body.parts[0].relation);
    if (!table || !keeps_keys(call, table, &outputs) ||
        !code_read(work, call->routine, call->returns_set, &code) || !code.query)
        return NULL;
    for (size_t i = 0; i < call->function->n_args; i++) {
        PgQuery__Node *argument = qualified(work, around, call->function->args[i]);

        values[i] = argument_value(work, call, table, argument, i);
        if (!values[i])
            return NULL;
        *is_left_out |= values[i] != argument && !pin_is_constant(argument);
    }
    *columns = outputs.count;
    query = (PgQuery__SelectStmt *)(uintptr_t)code.query;
    return rename_table(work, query) && call_substitute(call, values, query) ? query : NULL;
}

static PgQuery__Node *
node_of_query(struct plan_work *work, PgQuery__SelectStmt *query)
{
    PgQuery__Node *node = arena_new(&work->memory, 1, sizeof(*node));

    if (!node || work->called_count == CALLS_MAX)
        return NULL;
    pg_query__node__init(node);
    node->node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
    node->select_stmt = query;
    work->called[work->called_count++] = query;
    return node;
}

static bool
put(struct replacing *r, PgQuery__Node *node)
{
    if (r->count == CALLS_MAX)
        return false;
    r->replaced[r->count++] = (struct replaced){node, *node};
    return true;
}

/* What is not put in can be seen in the value, too: coalesce((SELECT …), …). */
static bool
add_arguments(struct replacing *r, const PgQuery__FuncCall *call, PgQuery__Node *node)
{
    struct plan_work *work = r->work;
    PgQuery__CoalesceExpr *both = arena_new(&work->memory, 1, sizeof(*both));
    PgQuery__Node **nodes = arena_new(&work->memory, call->n_args + 1, sizeof(PgQuery__Node *));
    PgQuery__Node *value = arena_new(&work->memory, 1, sizeof(*value));

    if (!both || !nodes || !value)
        return false;
    *value = *node;
    pg_query__coalesce_expr__init(both);
    nodes[0] = value;
    memcpy(&nodes[1], call->args, call->n_args * sizeof(PgQuery__Node *));
    both->n_args = call->n_args + 1;
    both->args = nodes;
    node->node_case = PG_QUERY__NODE__NODE_COALESCE_EXPR;
    node->coalesce_expr = both;
    return true;
}

/* f(…) → (SELECT …) */
static bool
replace_value(struct replacing *r, PgQuery__Node *node)
{
    struct call call = {.function = call_of(node), .is_of_rows = true};
    PgQuery__SubLink *link = arena_new(&r->work->memory, 1, sizeof(*link));
    PgQuery__SelectStmt *query;
    bool is_left_out = false;
    size_t columns;

    query = call.function && link ? query_of_call(r->work, r->around, &call, &columns, &is_left_out)
                                  : NULL;
    if (!query || columns != 1)
        return false;
    pg_query__sub_link__init(link);
    link->sub_link_type = PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK;
    link->subselect = node_of_query(r->work, query);
    if (!link->subselect || !put(r, node))
        return false;
    node->node_case = PG_QUERY__NODE__NODE_SUB_LINK;
    node->sub_link = link;
    return !is_left_out || add_arguments(r, call.function, node);
}

static PgQuery__Alias *
alias_of(struct plan_work *work, const struct call *call, size_t columns)
{
    PgQuery__Alias *alias = arena_new(&work->memory, 1, sizeof(*alias));
    PgQuery__Node **names = arena_new(&work->memory, columns, sizeof(PgQuery__Node *));

    if (!alias || !names)
        return NULL;
    pg_query__alias__init(alias);
    for (size_t i = 0; i < columns; i++)
        if (!(names[i] = sql_name(&work->memory, call_column_name(call, i))))
            return NULL;
    alias->aliasname = (char *)(uintptr_t)call->name;
    alias->n_colnames = columns;
    alias->colnames = names;
    return alias;
}

/* FROM f(…) AS r → FROM (SELECT …) AS r (…) */
static bool
replace_rows(struct replacing *r, PgQuery__Node *node)
{
    PgQuery__RangeSubselect *range = arena_new(&r->work->memory, 1, sizeof(*range));
    struct call call = {.function = NULL};
    PgQuery__SelectStmt *query;
    bool is_left_out = false;
    size_t columns;

    query = range && call_read_from(node->range_function, &call)
                ? query_of_call(r->work, NULL, &call, &columns, &is_left_out)
                : NULL;
    if (!query || columns == 0)
        return false;
    pg_query__range_subselect__init(range);
    range->subquery = node_of_query(r->work, query);
    range->alias = alias_of(r->work, &call, columns);
    if (!range->subquery || !range->alias || !put(r, node))
        return false;
    node->node_case = PG_QUERY__NODE__NODE_RANGE_SUBSELECT;
    node->range_subselect = range;
    return true;
}

static bool
is_user_range(const struct plan_work *work, const PgQuery__RangeFunction *range)
{
    const PgQuery__Node *item = range->n_functions > 0 ? range->functions[0] : NULL;

    if (item && item->node_case == PG_QUERY__NODE__NODE_LIST)
        item = item->list->n_items > 0 ? item->list->items[0] : NULL;
    return item && item->node_case == PG_QUERY__NODE__NODE_FUNC_CALL &&
           is_user_call(work, item->func_call);
}

/* What is put in is not looked at. */
static void
replace(void *context, const ProtobufCMessage *message)
{
    struct replacing *r = context;
    const PgQuery__SelectStmt *around = r->around;

    if (r->is_failed || !work_spend(r->work, 1))
        return;
    if (message->descriptor == &pg_query__node__descriptor) {
        PgQuery__Node *node = (PgQuery__Node *)(uintptr_t)message;

        if (node->node_case == PG_QUERY__NODE__NODE_RANGE_FUNCTION &&
            is_user_range(r->work, node->range_function)) {
            r->is_failed = !replace_rows(r, node);
            return;
        }
        if (node->node_case == PG_QUERY__NODE__NODE_FUNC_CALL &&
            is_user_call(r->work, node->func_call)) {
            sql_each_child(&node->func_call->base, replace, r);
            r->is_failed = r->is_failed || !replace_value(r, node);
            return;
        }
    }
    r->around = message->descriptor == &pg_query__select_stmt__descriptor
                    ? (const PgQuery__SelectStmt *)message
                    : around;
    sql_each_child(message, replace, context);
    r->around = around;
}

/* ---- the reading ---- */

/* Keys can be added to rows, not to groups: these are made of what the function gives. */
static bool
read_rows(struct plan_work *work, const PgQuery__SelectStmt *select, bool may_inject,
          struct plan_statement *read, struct injection **injection)
{
    struct outputs columns = {0};
    struct shape shape = {.columns = &columns, .takes_pins = true};

    build_begin(work);
    names_collect(work, &select->base);
    if (!words_runs_nothing(work))
        return false;
    shape.scope = query_columns(work, NULL, NULL, select, true, &columns);
    shape.rows = shape_rows_of(select, shape.scope);
    work->has_strict_columns = false;
    if (shape.scope)
        pins_learn(work, shape.scope);
    if (may_inject && (shape.rows == ROWS_SINGLE || columns.query) && !work_is_exhausted(work) &&
        (!distinct_is_on(select) || distinct_is_decided(work, select, shape.scope)))
        *injection = injection_begin(work, select, false);
    shape.injection = *injection;
    shape_parts(work, &shape, read);
    if (read->part_count == 0 ? build_is_probe(work) : work->has_probe && work->has_given)
        read->flags |= PLAN_PROBE;
    return !work_is_exhausted(work) && !work->has_stray && reach_fields(&work->kept) == 0;
}

/* Kinds of which a row can show anybody. */
static uint64_t
loose_kinds(const struct plan_statement *statement)
{
    uint64_t kinds = 0;

    for (size_t i = 0; i < statement->part_count; i++)
        if (statement->parts[i].source == SOURCE_BOUND && !statement->parts[i].is_one_per_row)
            kinds |= UINT64_C(1) << statement->parts[i].kind;
    return kinds;
}

static bool
may_read(const struct plan_work *work, const PgQuery__SelectStmt *select,
         const struct plan_statement *statement)
{
    return work->catalog && (work->names.flags & PLAN_CALLS) && !work_is_exhausted(work) &&
           !statement->read && !select->into_clause && !work->is_declaring && !work->is_preparing &&
           !work->environment->asks_keys && loose_kinds(statement) != 0 && call_is_alone(work);
}

/* The first reading has the same hidden columns, which it knows nothing of. */
static void
settle(struct plan_work *work, const struct plan_statement *read, struct plan_statement *statement)
{
    if (statement->hidden_count > 0) {
        shape_bound(work, &work->names.most, statement);
        statement->words = (struct plan_words){.fields = 0};
        statement->row_words = (struct plan_row_words){.persons = 0};
    }
    statement->hidden_count = read->hidden_count;
    statement->origins = read->origins;
    statement->origin_count = read->origin_count;
}

void
call_read_within(struct plan_work *work, const PgQuery__SelectStmt *select,
                 struct injection **injection, bool may_inject, struct plan_statement *statement)
{
    struct plan *plan = work->plan;
    const char *refusal = plan->refusal, *hint = plan->refusal_hint;
    uint32_t flags = plan->refusal_flags;
    struct plan_statement *read;
    struct replacing replacing = {.work = work};
    struct injection *made = NULL;
    struct plan_work before;
    bool is_read = false;

    if (!may_read(work, select, statement))
        return;
    read = call_reading(work, statement, statement);
    if (!read)
        return;
    read->words = (struct plan_words){.fields = 0};
    read->row_words = (struct plan_row_words){.persons = 0};
    read->origins = NULL;
    read->origin_count = 0;
    before = *work;
    replace(&replacing, &select->base);
    if (!replacing.is_failed && replacing.count > 0)
        is_read = read_rows(work, select, may_inject, read, &made);
    for (size_t i = replacing.count; i-- > 0;)
        *replacing.replaced[i].node = replacing.replaced[i].before;
    before.memory = work->memory;
    before.effort = work->effort;
    before.views = work->views;
    before.injection_count = work->injection_count;
    *work = before;
    plan->refusal = refusal;
    plan->refusal_hint = hint;
    plan->refusal_flags = flags;
    if (!is_read || (loose_kinds(statement) & ~loose_kinds(read)) == 0 ||
        (loose_kinds(read) & ~loose_kinds(statement)) != 0)
        return;
    settle(work, read, statement);
    statement->read = read;
    *injection = made;
}
