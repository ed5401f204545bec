/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function that looks somebody up, called for each row of a query: SELECT f(c.id) FROM customers
 * c shows in each row the person whose key its argument is. The argument, a column, is hidden
 * beside what the client has asked for; nothing else in the row is anybody's.
 */
#include "postgres/key.h"
#include "postgres/plan_call_part.h"
#include "postgres/plan_lineage.h"
#include "postgres/plan_shape.h"

/* ---- columns ---- */

size_t
call_columns(const struct call *call)
{
    if (call->routine->result_count > 0)
        return call->routine->result_count;
    return call->row ? call->row->column_count : 1;
}

const char *
call_column_name(const struct call *call, size_t column)
{
    if (call->routine->result_count > 0)
        return call->routine->result_names[column];
    return call->row ? call->row->columns[column].name : call->name;
}

/* What a column of the function (-1: the whole of it) shows of a part. */
struct plan_column
call_column(const struct plan_part *part, int16_t from)
{
    struct plan_column sum = {.column = 0};

    for (size_t i = 0; i < part->column_count; i++)
        if (from < 0 || part->columns[i].column == from) {
            sum.fields |= part->columns[i].fields;
            sum.is_certain |= part->columns[i].is_certain;
            sum.tells_null |= part->columns[i].tells_null;
        }
    return sum;
}

/* ---- what else runs ---- */

struct runs {
    struct plan_work *work;
    size_t calls; /* of users' functions */
    bool is_plain;
};

static bool
is_user_function(const struct plan_work *work, const char *name)
{
    const struct catalog_function *function;
    size_t at = 0;

    while (name && (function = catalog_function_named(work->catalog, NULL, name, &at)) != NULL)
        if (!function->is_system)
            return true;
    return !name;
}

/* "c.f" can be f(c). */
static void
look(void *context, const ProtobufCMessage *message)
{
    struct runs *runs = context;

    if (message->descriptor == &pg_query__func_call__descriptor) {
        const PgQuery__FuncCall *call = (const PgQuery__FuncCall *)message;
        struct function_facts facts = function_facts(runs->work, call->funcname, call->n_funcname);

        runs->calls += facts.is_user || facts.is_opaque;
        runs->is_plain &= facts.class != FUNCTION_KEEPER && facts.class != FUNCTION_SETTING;
    } else if (message->descriptor == &pg_query__column_ref__descriptor) {
        const PgQuery__ColumnRef *column = (const PgQuery__ColumnRef *)message;

        if (column->n_fields > 1)
            runs->is_plain &=
                !is_user_function(runs->work, sql_last_name(column->fields, column->n_fields));
    } else if (message->descriptor == &pg_query__a__expr__descriptor) {
        const PgQuery__AExpr *expression = (const PgQuery__AExpr *)message;

        runs->is_plain &=
            !names_is_foreign_operator(runs->work, expression->name, expression->n_name);
    } else if (message->descriptor == &pg_query__a__indirection__descriptor) {
        runs->is_plain = false;
    }
    sql_each_child(message, look, context);
}

static bool
is_plain_select(struct plan_work *work, const PgQuery__SelectStmt *select,
                const struct place *place)
{
    struct runs runs = {work, 0, true};

    if (select->n_distinct_clause > 0 || select->n_window_clause > 0 ||
        select->n_locking_clause > 0 || select->n_values_lists > 0 || select->into_clause ||
        select->with_clause || select->larg || select->rarg || select->n_from_clause == 0 ||
        !place->scope || shape_rows_of(select, place->scope) != ROWS_SINGLE)
        return false;
    look(&runs, &select->base);
    return runs.is_plain && runs.calls == 1;
}

/* ---- the call ---- */

/* Which item of the list it is, where nothing else in the row is anybody's; -1: none. */
static int
find_target(const struct plan_work *work, const PgQuery__SelectStmt *select,
            const struct outputs *columns, struct call *call)
{
    const struct output *o = columns->first;
    int found = -1;

    if (columns->is_open || columns->count != select->n_target_list)
        return -1;
    for (size_t i = 0; i < select->n_target_list && o; i++, o = o->next) {
        const PgQuery__Node *target = select->target_list[i];
        const PgQuery__FuncCall *function = target->node_case == PG_QUERY__NODE__NODE_RES_TARGET
                                                ? call_of(target->res_target->val)
                                                : NULL;

        if (function &&
            is_user_function(work, sql_last_name(function->funcname, function->n_funcname))) {
            call->function = function;
            found = (int)i;
        } else if (o->carry && !carry_is_empty(o->carry)) {
            return -1;
        }
    }
    return found;
}

/* The column as it is written, where it carries nothing; NULL: it is something else. */
static const char *
written_column(struct plan_work *work, const struct scope *scope, const PgQuery__Node *argument)
{
    const PgQuery__ColumnRef *column =
        argument->node_case == PG_QUERY__NODE__NODE_COLUMN_REF ? argument->column_ref : NULL;
    struct carry carry = {0};

    if (!column || column->n_fields == 0 || column->n_fields > 2 ||
        !sql_string(column->fields[0]) || !sql_string(column->fields[column->n_fields - 1]))
        return NULL;
    expression_carry(work, scope, argument, &carry);
    if (!carry_is_empty(&carry) || work->has_stray)
        return NULL;
    return injection_named(work, column->n_fields == 2 ? sql_string(column->fields[0]) : NULL,
                           sql_string(column->fields[column->n_fields - 1]));
}

/* The part of those whom the function shows of one table and kind. */
static bool
read_part(struct plan_work *work, const struct place *place, const struct call *call, int target,
          const struct plan_part *of, struct plan_part *part)
{
    struct plan_column *column = arena_new(work->keep, 1, sizeof(*column));
    size_t argument =
        of->pin_count == 1 ? (size_t)of->pins[0].parameter - CALL_ARGUMENT_0 : SIZE_MAX;
    const char *key;
    int hidden;

    if (!column || of->pin_count != 1 || of->are_pins_parts || of->pins[0].is_array ||
        of->pins[0].literal.bytes || argument >= call->routine->argument_count ||
        !key_types_agree(key_type_of_oid(call->routine->argument_types[argument]), of->key_type))
        return false;
    key = written_column(work, place->scope, call->function->args[argument]);
    hidden = key ? injection_add_expression(place->injection, place->injection->result, key) : -1;
    if (hidden < 0)
        return false;
    *column = call_column(of, -1);
    column->column = (uint16_t)target;
    column->tells_null &= call->returns_set; /* else it is null for a key that nobody has, too */
    *part = *of;
    part->is_of_call = part->is_relation_certain = true;
    part->is_one_per_row = true;
    part->tuple.count = 0;
    part->pins = NULL;
    part->pin_count = 0;
    part->fields = column->fields;
    part->loose_fields = 0;
    part->columns = column;
    part->column_count = 1;
    part->source = SOURCE_HIDDEN;
    part->why = WHY_HIDDEN;
    part->column = (uint16_t)hidden;
    return true;
}

void
call_read_rows(struct plan_work *work, const PgQuery__SelectStmt *select, const struct place *place,
               struct plan_statement *statement)
{
    struct plan_statement *read, body = {.is_understood = true};
    struct call call = {.is_of_rows = true};
    struct outputs columns = {0};
    struct code code;
    int target;

    if (!place->injection || !place->columns || statement->hidden_count > 0 ||
        injection_count(place->injection) > 0 || !is_plain_select(work, select, place) ||
        !call_is_alone(work))
        return;
    target = find_target(work, select, place->columns, &call);
    if (target < 0 || !call_find(work, &call) ||
        !code_read(work, call.routine, call.returns_set, &code) || !code.query ||
        !code.is_returned || !call_plan_text(work, &call, &code, &columns, &body) ||
        body.part_count == 0)
        return;
    read = call_reading(work, statement, &body);
    if (!read)
        return;
    for (size_t i = 0; i < body.part_count; i++)
        if (!read_part(work, place, &call, target, &body.parts[i], &read->parts[i]))
            return;
    read->has_columns = true;
    read->column_count = (uint16_t)place->columns->count;
    read->words = (struct plan_words){.fields = 0};
    read->row_words = (struct plan_row_words){.persons = 0};
    read->hidden_count = statement->hidden_count = (uint8_t)injection_count(place->injection);
    statement->read = read;
}

/* ---- conditions on a function's rows ---- */

struct condition_look {
    struct plan_work *work;
    const struct call *call;
    const struct plan_statement *body;
    bool is_plain;
};

/* Whether a column of the function's rows says nothing of anybody. */
static bool
is_silent(const struct condition_look *look, const PgQuery__ColumnRef *column)
{
    size_t n = column->n_fields;
    const char *name = n > 0 ? sql_string(column->fields[n - 1]) : NULL;
    const struct call *call = look->call;

    if (!name || (!call->row && call->routine->result_count == 0) || n > 2 ||
        (n == 2 && (!sql_string(column->fields[0]) ||
                    strcmp(sql_string(column->fields[0]), call->name) != 0)))
        return false;
    for (size_t i = 0; i < call_columns(call); i++) {
        uint64_t fields = 0;

        if (strcmp(call_column_name(call, i), name) != 0)
            continue;
        for (size_t p = 0; p < look->body->part_count; p++)
            fields |= call_column(&look->body->parts[p], (int16_t)i).fields;
        return fields == 0;
    }
    return false;
}

static void
look_at_condition(void *context, const ProtobufCMessage *message)
{
    static const ProtobufCMessageDescriptor *const plain[] = {
        &pg_query__node__descriptor,      &pg_query__bool_expr__descriptor,
        &pg_query__null_test__descriptor, &pg_query__a__const__descriptor,
        &pg_query__param_ref__descriptor, &pg_query__list__descriptor,
        &pg_query__string__descriptor,    &pg_query__integer__descriptor,
        &pg_query__float__descriptor,     &pg_query__boolean__descriptor,
    };
    struct condition_look *look = context;
    bool is_plain = false;

    if (message->descriptor == &pg_query__column_ref__descriptor) {
        look->is_plain &= is_silent(look, (const PgQuery__ColumnRef *)message);
        return;
    }
    if (message->descriptor == &pg_query__a__expr__descriptor) {
        const PgQuery__AExpr *expression = (const PgQuery__AExpr *)message;

        is_plain = (expression->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP ||
                    expression->kind == PG_QUERY__A__EXPR__KIND__AEXPR_IN) &&
                   !names_is_foreign_operator(look->work, expression->name, expression->n_name);
    }
    for (size_t i = 0; i < COUNT_OF(plain); i++)
        is_plain |= plain[i] == message->descriptor;
    look->is_plain &= is_plain;
    if (look->is_plain)
        sql_each_child(message, look_at_condition, context);
}

bool
call_condition_is_plain(struct plan_work *work, const struct call *call,
                        const PgQuery__Node *condition, const struct plan_statement *body)
{
    struct condition_look look = {work, call, body, true};

    if (condition)
        look_at_condition(&look, &condition->base);
    return look.is_plain;
}
