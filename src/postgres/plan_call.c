/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_call_part.h"

#include "postgres/key.h"
#include "postgres/plan_build.h"
#include "postgres/plan_lineage.h"
#include "postgres/plan_pin.h"
#include "postgres/plan_shape.h"
#include "postgres/plan_words.h"

/* ---- the form ---- */

struct count {
    size_t calls;
    bool is_plain;
};

/* Operators and what else computes would have to be looked at. */
static void
look(void *context, const ProtobufCMessage *message)
{
    static const ProtobufCMessageDescriptor *const plain[] = {
        &pg_query__node__descriptor,       &pg_query__select_stmt__descriptor,
        &pg_query__res_target__descriptor, &pg_query__range_function__descriptor,
        &pg_query__alias__descriptor,      &pg_query__column_ref__descriptor,
        &pg_query__a__star__descriptor,    &pg_query__a__const__descriptor,
        &pg_query__param_ref__descriptor,  &pg_query__type_cast__descriptor,
        &pg_query__type_name__descriptor,  &pg_query__func_call__descriptor,
        &pg_query__list__descriptor,       &pg_query__string__descriptor,
        &pg_query__integer__descriptor,    &pg_query__float__descriptor,
        &pg_query__boolean__descriptor,    &pg_query__bit_string__descriptor,
    };
    struct count *count = context;
    bool is_plain = false;

    for (size_t i = 0; i < COUNT_OF(plain); i++)
        is_plain |= plain[i] == message->descriptor;
    count->is_plain &= is_plain;
    count->calls += message->descriptor == &pg_query__func_call__descriptor;
    if (count->is_plain)
        sql_each_child(message, look, context);
}

static bool
is_plain_select(const PgQuery__SelectStmt *select)
{
    struct count count = {0, true};

    if (select->n_distinct_clause > 0 || select->n_group_clause > 0 || select->n_sort_clause > 0 ||
        select->n_window_clause > 0 || select->n_locking_clause > 0 || select->n_values_lists > 0 ||
        select->having_clause || select->into_clause || select->with_clause || select->larg ||
        select->rarg || select->n_target_list == 0)
        return false;
    for (size_t i = 0; i < select->n_target_list; i++)
        look(&count, &select->target_list[i]->base);
    for (size_t i = 0; i < select->n_from_clause; i++)
        look(&count, &select->from_clause[i]->base);
    if (select->limit_count)
        look(&count, &select->limit_count->base);
    if (select->limit_offset)
        look(&count, &select->limit_offset->base);
    return count.is_plain && count.calls == 1 &&
           (!select->where_clause || select->n_from_clause == 1);
}

const PgQuery__FuncCall *
call_of(const PgQuery__Node *node)
{
    const PgQuery__FuncCall *call =
        node && node->node_case == PG_QUERY__NODE__NODE_FUNC_CALL ? node->func_call : NULL;

    if (!call || call->agg_star || call->agg_distinct || call->agg_within_group ||
        call->func_variadic || call->agg_filter || call->n_agg_order > 0 || call->over)
        return NULL;
    return call;
}

bool
call_read_from(const PgQuery__RangeFunction *range, struct call *call)
{
    const PgQuery__Node *item = range->n_functions == 1 ? range->functions[0] : NULL;

    if (range->ordinality || range->is_rowsfrom || range->n_coldeflist > 0 ||
        (range->alias && range->alias->n_colnames > 0))
        return false;
    if (item && item->node_case == PG_QUERY__NODE__NODE_LIST)
        item = item->list->n_items > 0 ? item->list->items[0] : NULL;
    call->function = call_of(item);
    if (!call->function)
        return false;
    call->name = range->alias ? range->alias->aliasname
                              : sql_last_name(call->function->funcname, call->function->n_funcname);
    return call->name != NULL;
}

static bool
read_form(const PgQuery__SelectStmt *select, struct call *call)
{
    if (!is_plain_select(select))
        return false;
    call->targets = select->target_list;
    call->target_count = select->n_target_list;
    if (select->n_from_clause == 0) {
        const PgQuery__Node *target = select->n_target_list == 1 ? select->target_list[0] : NULL;

        call->function = target && target->node_case == PG_QUERY__NODE__NODE_RES_TARGET
                             ? call_of(target->res_target->val)
                             : NULL;
        return call->function != NULL;
    }
    return select->n_from_clause == 1 &&
           select->from_clause[0]->node_case == PG_QUERY__NODE__NODE_RANGE_FUNCTION &&
           call_read_from(select->from_clause[0]->range_function, call);
}

/* ---- the function ---- */

/* The only one of that name, whatever its schema. */
static const struct catalog_function *
only_function(const struct plan_work *work, const char *name)
{
    const struct catalog_function *found = NULL, *function;
    size_t at = 0;

    while (name && (function = catalog_function_named(work->catalog, NULL, name, &at)) != NULL) {
        if (found)
            return NULL;
        found = function;
    }
    return found;
}

bool
call_find(const struct plan_work *work, struct call *call)
{
    const struct catalog_function *function =
        only_function(work, sql_last_name(call->function->funcname, call->function->n_funcname));

    if (!function || function->is_system || function->kind != 'f' || function->is_exit ||
        function->is_never || function->fills || function->renames || function->twists ||
        function->keeps)
        return false;
    call->routine = catalog_routine(work->catalog, function->oid);
    if (!call->routine || call->routine->argument_count != call->function->n_args)
        return false;
    call->returns_set = function->returns_set;
    if (call->routine->result_relation != 0) {
        call->row = catalog_relation(work->catalog, call->routine->result_relation);
        if (!call->row || call->row->column_count > CALL_COLUMNS_MAX)
            return false;
        for (size_t i = 1; i < call->row->column_count; i++)
            if (call->row->columns[i - 1].number >= call->row->columns[i].number)
                return false;
    }
    return true;
}

bool
call_is_alone(const struct plan_work *work)
{
    const struct names *names = &work->names;

    return (names->flags & ~(uint32_t)(PLAN_OPAQUE | PLAN_CALLS)) == 0 &&
           reach_fields(&names->kept) == 0 && !names->keeps && !names->fillers &&
           !names->has_blank && !names->has_rules && !names->sets &&
           !catalog_has_foreign_casts(work->catalog);
}

/* ---- arguments ---- */

struct substitution {
    const struct call *call;
    PgQuery__Node *values[CATALOG_ARGUMENTS_MAX];
    bool has_other_parameter, has_cast;
};

PgQuery__Node *
call_unknown(struct plan_work *work, int32_t number)
{
    PgQuery__Node *node = arena_new(&work->memory, 1, sizeof(*node));
    PgQuery__ParamRef *reference = arena_new(&work->memory, 1, sizeof(*reference));

    if (!node || !reference)
        return NULL;
    pg_query__node__init(node);
    pg_query__param_ref__init(reference);
    reference->number = number;
    node->node_case = PG_QUERY__NODE__NODE_PARAM_REF;
    node->param_ref = reference;
    return node;
}

/* Values of types that are no keys can be converted to a key's in more than one way. */
static bool
read_arguments(struct plan_work *work, const struct call *call, struct substitution *s)
{
    *s = (struct substitution){.call = call};
    for (size_t i = 0; i < call->function->n_args; i++) {
        PgQuery__Node *argument = call->function->args[i];
        bool is_key = key_type_of_oid(call->routine->argument_types[i]) != CATALOG_KEY_NONE;

        if (!argument || argument->node_case == PG_QUERY__NODE__NODE_NAMED_ARG_EXPR)
            return false;
        s->values[i] = is_key && pin_is_constant(argument) ? argument
                       : call->is_of_rows && is_key
                           ? call_unknown(work, CALL_ARGUMENT_0 + (int32_t)i)
                           : call_unknown(work, 0);
        if (!s->values[i])
            return false;
    }
    return true;
}

static size_t
argument_named(const struct call *call, const PgQuery__Node *node)
{
    const struct catalog_routine *routine = call->routine;
    const char *name = NULL;

    if (node->node_case == PG_QUERY__NODE__NODE_PARAM_REF)
        return node->param_ref->number >= 1 ? (size_t)node->param_ref->number - 1 : SIZE_MAX - 1;
    if (node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF && node->column_ref->n_fields == 1)
        name = sql_string(node->column_ref->fields[0]);
    if (call->routine->is_printed && node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
        node->column_ref->n_fields == 2 && sql_string(node->column_ref->fields[0]) &&
        strcmp(sql_string(node->column_ref->fields[0]),
               sql_last_name(call->function->funcname, call->function->n_funcname)) == 0)
        name = sql_string(node->column_ref->fields[1]);
    for (size_t i = 0; name && i < routine->argument_count; i++)
        if (strcmp(routine->argument_names[i], name) == 0)
            return i;
    return SIZE_MAX;
}

/* What is put in is not looked at again. The tree is the text's own. */
static void
substitute(void *context, const ProtobufCMessage *message)
{
    struct substitution *s = context;

    if (message->descriptor == &pg_query__node__descriptor) {
        PgQuery__Node *node = (PgQuery__Node *)(uintptr_t)message;
        size_t argument = argument_named(s->call, node);

        if (argument < s->call->routine->argument_count) {
            node->node_case = s->values[argument]->node_case;
            node->alias = s->values[argument]->alias;
            return;
        }
        s->has_other_parameter |= argument != SIZE_MAX;
        s->has_cast |=
            node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST && node->type_cast->arg &&
            argument_named(s->call, node->type_cast->arg) < s->call->routine->argument_count;
    }
    sql_each_child(message, substitute, context);
}

bool
call_substitute(const struct call *call, PgQuery__Node *const *values,
                const PgQuery__SelectStmt *query)
{
    struct substitution s = {.call = call};

    memcpy(s.values, values, call->routine->argument_count * sizeof(values[0]));
    substitute(&s, &query->base);
    return !s.has_other_parameter && !s.has_cast;
}

/* A name that is an argument's, and a column's or the table's too, can be either. */
static bool
is_ambiguous(const struct catalog_routine *routine, const struct entry *entry)
{
    for (size_t i = 0; i < routine->argument_count + routine->result_count; i++) {
        const char *name = i < routine->argument_count
                               ? routine->argument_names[i]
                               : routine->result_names[i - routine->argument_count];

        /* Columns of the result are variables in PL/pgSQL alone. */
        if (i >= routine->argument_count && !routine->is_plpgsql)
            break;
        if (name[0] && (catalog_column_number(entry->relation, name) != 0 ||
                        scope_is_system_column(name) || strcmp(entry->name, name) == 0))
            return true;
    }
    return false;
}

/* ---- the query ---- */

/* Its parts, in `body`, as if it was asked by itself; work->names are its own. */
static bool
plan_query(struct plan_work *work, const struct call *call, const PgQuery__SelectStmt *query,
           struct outputs *columns, struct plan_statement *body)
{
    struct shape shape = {.columns = columns, .takes_pins = true};
    const struct catalog_relation *table;

    shape.scope = query_columns(work, NULL, NULL, query, true, columns);
    if (!shape.scope || columns->is_open || columns->count > CALL_COLUMNS_MAX)
        return false;
    table = words_table(work, shape.scope, query);
    shape.rows = shape_rows_of(query, shape.scope);
    if (!table || shape.rows != ROWS_SINGLE || is_ambiguous(call->routine, shape.scope->entries))
        return false;
    pins_learn(work, shape.scope);
    body->most_kinds = reach_kinds(&work->names.most);
    shape_parts(work, &shape, body);
    words_select(work, shape.scope, query, body);
    for (size_t i = 0; i < body->part_count; i++)
        if (body->parts[i].relation != table->oid)
            return false;
    return !work_is_exhausted(work) && !work->has_stray && reach_fields(&work->kept) == 0 &&
           body->part_count > 0;
}

/* Plans the query in a planner's state of its own. */
bool
call_plan_text(struct plan_work *work, const struct call *call, const struct code *code,
               struct outputs *columns, struct plan_statement *body)
{
    struct plan *plan = work->plan;
    struct plan_work before = *work;
    const char *refusal = plan->refusal, *hint = plan->refusal_hint;
    uint32_t flags = plan->refusal_flags;
    struct substitution substitution;
    bool is_read = false;

    if (words_are_plain(code->query) && read_arguments(work, call, &substitution)) {
        substitute(&substitution, &code->query->base);
        build_begin(work);
        names_collect(work, &code->query->base);
        is_read = !substitution.has_other_parameter && words_runs_nothing(work) &&
                  plan_query(work, call, code->query, columns, body);
    }
    before.memory = work->memory;
    before.effort = work->effort;
    before.views = work->views;
    *work = before;
    plan->refusal = refusal;
    plan->refusal_hint = hint;
    plan->refusal_flags = flags;
    return is_read;
}

/* ---- columns ---- */

/* Which columns of the function stand in the result: -1 for the whole of it. */
struct map {
    int16_t from[CALL_COLUMNS_MAX];
    size_t count;
};

static bool
map_star(const struct call *call, struct map *map)
{
    size_t count = call_columns(call);

    if (count > COUNT_OF(map->from) - map->count)
        return false;
    for (size_t i = 0; i < count; i++)
        map->from[map->count++] = (int16_t)i;
    return true;
}

static bool
map_column(const struct call *call, const PgQuery__ColumnRef *reference, struct map *map)
{
    size_t n = reference->n_fields;
    const char *name = n > 0 ? sql_string(reference->fields[n - 1]) : NULL;

    if (n == 0 || n > 2 ||
        (n == 2 && (!sql_string(reference->fields[0]) ||
                    strcmp(sql_string(reference->fields[0]), call->name) != 0)))
        return false;
    if (!name)
        return reference->fields[n - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR &&
               map_star(call, map);
    if (map->count == COUNT_OF(map->from))
        return false;
    for (size_t i = 0; i < call_columns(call); i++)
        if (strcmp(call_column_name(call, i), name) == 0) {
            map->from[map->count++] = (int16_t)i;
            return true;
        }
    return false;
}

static bool
map_columns(const struct call *call, struct map *map)
{
    map->count = 0;
    if (!call->name) {
        map->from[map->count++] = -1;
        return true;
    }
    for (size_t i = 0; i < call->target_count; i++) {
        const PgQuery__Node *target = call->targets[i];

        if (target->node_case != PG_QUERY__NODE__NODE_RES_TARGET || !target->res_target->val ||
            target->res_target->val->node_case != PG_QUERY__NODE__NODE_COLUMN_REF ||
            !map_column(call, target->res_target->val->column_ref, map))
            return false;
    }
    return true;
}

/* Whether the columns of the query are the function's, one by one. */
static bool
is_fit(const struct call *call, const struct code *code, const struct outputs *columns)
{
    if (!code->is_returned)
        return !call->row && call->routine->result_count == 0;
    return columns->count == call_columns(call);
}

/* Which of the function's columns is the key: of the key's type, if the row's is the table's. */
static int
key_column(const struct call *call, const struct plan_part *of)
{
    bool is_there =
        of->source == SOURCE_OUTPUT && of->tuple.count == 0 && of->column < call_columns(call);

    if (call->routine->result_count > 0)
        return is_there && key_types_agree(key_type_of_oid(call->routine->result_types[of->column]),
                                           of->key_type)
                   ? (int)of->column
                   : -1;
    return is_there && call->row && call->row->oid == of->key_relation ? (int)of->column : -1;
}

static bool
map_part(struct plan_work *work, const struct call *call, const struct code *code,
         const struct map *map, const struct plan_part *of, struct plan_part *part)
{
    struct plan_column *columns = arena_new(work->keep, map->count + 1, sizeof(*columns));

    if (!columns)
        return false;
    *part = *of;
    part->is_of_call = part->is_relation_certain = true;
    part->tuple.count = 0; /* its columns are the body's */
    part->fields = part->loose_fields = 0;
    part->columns = columns;
    part->column_count = 0;
    part->source = part->pin_count > 0 ? SOURCE_PINNED : SOURCE_BOUND;
    for (size_t i = 0; code->is_returned && i < map->count; i++) {
        struct plan_column column = call_column(of, map->from[i]);

        column.column = (uint16_t)i;
        if (column.fields)
            columns[part->column_count++] = column;
        part->fields |= column.fields;
        if (map->from[i] >= 0 && map->from[i] == key_column(call, of)) {
            part->source = SOURCE_OUTPUT;
            part->column = (uint16_t)i;
        }
    }
    return true;
}

/* The key that the function returns beside what the client has asked for, hidden: "f"."id". */
static void
hide_key(struct plan_work *work, const struct call *call, const struct place *place,
         const struct plan_part *of, struct plan_part *part)
{
    const struct scope *scope = place->scope;
    int key = key_column(call, of), column;

    if (part->source != SOURCE_BOUND || key < 0 || !place->injection || !call->name || !scope ||
        !scope->entries || scope->entries->next ||
        (call->row && call->row->columns[key].number != of->key_attribute))
        return;
    column = injection_add_expression(
        place->injection, place->injection->result,
        injection_named(work, call->name, call_column_name(call, (size_t)key)));
    if (column < 0)
        return;
    part->source = SOURCE_HIDDEN;
    part->why = WHY_HIDDEN;
    part->column = (uint16_t)column;
}

/* ---- the whole ---- */

static void
read_words(const struct code *code, const struct plan_statement *body, struct plan_statement *read)
{
    const struct plan_part *part = &body->parts[body->words.part];

    read->words = body->words;
    read->words.is_certain = true;
    read->words.told = TOLD_PERHAPS;
    if (read->words.fields == 0 || !code->is_told || code->tells_more || part->pin_count != 1 ||
        part->pins[0].is_array)
        return;
    read->words.told = TOLD_BY_RAISE;
    read->words.before = code->before;
    read->words.after = code->after;
}

struct plan_statement *
call_reading(struct plan_work *work, const struct plan_statement *statement,
             const struct plan_statement *body)
{
    struct plan_statement *read = arena_new(work->keep, 1, sizeof(*read));

    if (!read)
        return NULL;
    *read = *statement;
    read->flags &= ~(uint32_t)(PLAN_OPAQUE | PLAN_CALLS | PLAN_RENAMES | PLAN_TWISTS);
    read->is_read = true;
    read->special = SPECIAL_NONE;
    read->effect = EFFECT_ROWS;
    read->twists = false;
    read->hidden_count = 0;
    read->part_count = body->part_count;
    return read;
}

void
call_read(struct plan_work *work, const PgQuery__SelectStmt *select, const struct place *place,
          struct plan_statement *statement)
{
    struct plan_statement *read, body = {.is_understood = true};
    struct call call = {0};
    struct outputs columns = {0};
    struct code code;
    struct map *map;

    if (!work->catalog || !(work->names.flags & PLAN_CALLS) || work_is_exhausted(work))
        return;
    if (!read_form(select, &call)) {
        call_read_rows(work, select, place, statement);
        return;
    }
    if (!reach_covers(&work->names.functions, &work->names.most) || /* nothing else is named */
        !call_is_alone(work) || !call_find(work, &call) ||
        !code_read(work, call.routine, call.returns_set, &code) || !code.query ||
        !call_plan_text(work, &call, &code, &columns, &body) || !is_fit(&call, &code, &columns) ||
        !call_condition_is_plain(work, &call, select->where_clause, &body))
        return;
    map = arena_new(&work->memory, 1, sizeof(*map));
    read = map && map_columns(&call, map) ? call_reading(work, statement, &body) : NULL;
    if (!read)
        return;
    read->has_columns = true;
    read->column_count = (uint16_t)map->count;
    for (size_t i = 0; i < body.part_count; i++) {
        if (!map_part(work, &call, &code, map, &body.parts[i], &read->parts[i]))
            return;
        if (read->parts[i].fields != 0)
            hide_key(work, &call, place, &body.parts[i], &read->parts[i]);
    }
    read->hidden_count = statement->hidden_count = (uint8_t)injection_count(place->injection);
    if (!select->where_clause) /* it can be looked at for anybody */
        read_words(&code, &body, read);
    statement->read = read;
}

static bool
is_plpgsql(const PgQuery__DoStmt *block)
{
    for (size_t i = 0; i < block->n_args; i++) {
        const PgQuery__DefElem *option = block->args[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM
                                             ? block->args[i]->def_elem
                                             : NULL;

        if (option && strcmp(option->defname, "language") == 0 &&
            (!sql_string(option->arg) || strcmp(sql_string(option->arg), "plpgsql") != 0))
            return false;
    }
    return true;
}

void
call_read_block(struct plan_work *work, const PgQuery__DoStmt *block, const char *text,
                struct plan_statement *statement)
{
    static const PgQuery__FuncCall nothing = PG_QUERY__FUNC_CALL__INIT;
    static const struct map no_columns;
    const struct catalog_routine routine = {.is_plpgsql = true, .body = text};
    const struct call call = {.function = &nothing, .routine = &routine};
    struct plan_statement *read, body = {.is_understood = true};
    struct outputs columns = {0};
    struct code code;

    if (!work->catalog || !text || statement->kept_fields != 0 || statement->mark.fields != 0 ||
        !is_plpgsql(block) || catalog_has_foreign_casts(work->catalog) ||
        !code_read(work, &routine, false, &code) || !code.query ||
        !call_plan_text(work, &call, &code, &columns, &body))
        return;
    read = call_reading(work, statement, &body);
    if (!read)
        return;
    for (size_t i = 0; i < body.part_count; i++)
        if (!map_part(work, &call, &code, &no_columns, &body.parts[i], &read->parts[i]))
            return;
    read_words(&code, &body, read);
    statement->read = read;
}
