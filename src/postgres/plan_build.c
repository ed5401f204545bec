/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_build.h"

#include "postgres/plan_administer.h"
#include "postgres/plan_arm.h"
#include "postgres/plan_call.h"
#include "postgres/plan_distinct.h"
#include "postgres/plan_effect.h"
#include "postgres/plan_fresh.h"
#include "postgres/plan_group.h"
#include "postgres/plan_lineage.h"
#include "postgres/plan_mark.h"
#include "postgres/plan_move.h"
#include "postgres/plan_notify.h"
#include "postgres/plan_order.h"
#include "postgres/plan_pin.h"
#include "postgres/plan_preface.h"
#include "postgres/plan_refuse.h"
#include "postgres/plan_settings.h"
#include "postgres/plan_shape.h"
#include "postgres/plan_tokens.h"
#include "postgres/plan_twist.h"
#include "postgres/plan_within.h"
#include "postgres/plan_words.h"

static void
set_most(struct plan_work *work, struct plan_statement *statement)
{
    statement->most_fields = reach_fields(&work->names.most);
    statement->most_kinds = reach_kinds(&work->names.most);
    statement->may_speak = statement->most_fields != 0;
    build_kept(statement, &work->names.kept);
}

void
build_kept(struct plan_statement *statement, const struct reach *kept)
{
    statement->kept_fields |= reach_fields(kept);
    statement->kept_kinds |= reach_kinds(kept);
}

/* Of all that it names, also where only a part of it comes to mean something. */
static void
note_tables(const struct plan_work *work, struct plan_statement *statement)
{
    statement->misses_table |= (work->names.flags & PLAN_UNKNOWN_TABLE) != 0;
    statement->has_blank |= work->names.has_blank;
    statement->may_be_blank |= statement->misses_table || work->names.has_temporary;
}

void
build_names(struct plan_work *work, const ProtobufCMessage *tree, struct plan_statement *statement)
{
    struct token_range all = {work->tokens.tokens, work->tokens.tokens + work->tokens.count};

    names_collect(work, tree);
    parameters_collect(work, tree);
    mark_parameters(work, tree, statement);
    refuse_by_names(work);
    if (work->names.flags & PLAN_STATISTICS)
        refuse_by_statistics(work, tree);
    if (work->names.flags & PLAN_OPAQUE)
        refuse_by_strings(work, work->text, all);
    statement->flags |= work->names.flags &
                        (PLAN_OPAQUE | PLAN_RENAMES | PLAN_TWISTS | PLAN_CALLS | PLAN_ADMINISTERS);
    set_most(work, statement);
    note_tables(work, statement);
    if (work->names.sets_role) {
        statement->special = SPECIAL_SET_ROLE;
        statement->name = "?";
        if (work->names.becomes)
            statement->becomes =
                arena_text(work->keep, work->names.becomes, strlen(work->names.becomes));
    }
}

void
build_filled(struct plan_work *work, const PgQuery__RangeVar *relation, const PgQuery__Node *where,
             struct plan_statement *statement)
{
    work->names = (struct names){0};
    if (where) {
        names_collect(work, &where->base);
        refuse_by_names(work);
    }
    if (!names_add_relation(work, relation->schemaname[0] ? relation->schemaname : NULL,
                            relation->relname))
        names_add_everything(work, 0);
    names_add_acts(work, relation->schemaname[0] ? relation->schemaname : NULL, relation->relname,
                   true);
    statement->flags |= work->names.flags & (PLAN_OPAQUE | PLAN_RENAMES | PLAN_TWISTS | PLAN_CALLS);
    set_most(work, statement);
}

/* ---- queries and changes ---- */

void
build_begin(struct plan_work *work)
{
    work->direct_count = 0;
    work->tables = NULL;
    work->readings = NULL;
    work->stars = NULL;
    work->inner_count = 0;
    work->has_probe = work->has_pin = work->has_test = work->has_given = false;
    work->is_assumed = false;
    work->has_lent = false;
    work->referred = NULL;
    work->collecting = 0;
    work->has_stray = false;
    work->reference_depths = 0;
    work->marks = NULL;
    work->rows_written = (struct mark_rows){.is_one = false};
    memset(&work->moved, 0, sizeof(work->moved));
    work->kept = (struct reach){{0}};
    work->may_group = work->sees_order = work->may_regroup = work->keeps_rows = false;
    work->keeps_parts = work->tells_others = false;
}

bool
build_is_probe(const struct plan_work *work)
{
    return work->has_probe || (work->has_pin && work->has_test);
}

/* Rows of a query that the command tag counts. */
static struct mark_rows
rows_of(struct plan_work *work, const PgQuery__SelectStmt *select, const struct scope *scope,
        const struct carry *all)
{
    bool is_one = select && !work_is_exhausted(work) &&
                  (!scope || shape_rows_of(select, scope) == ROWS_SINGLE) &&
                  shape_is_one_each(work, all);

    return (struct mark_rows){.is_one = is_one, .is_counted = is_one};
}

struct reach
build_reach(struct plan_work *work, const PgQuery__Node *query, struct mark_rows *rows)
{
    bool is_select = query && query->node_case == PG_QUERY__NODE__NODE_SELECT_STMT;
    struct outputs columns = {0};
    struct carry all = {0};
    const struct scope *scope;

    build_begin(work);
    scope = statement_columns(work, NULL, NULL, query, true, &columns);
    outputs_carry(work, &columns, &all);
    *rows = rows_of(work, is_select ? query->select_stmt : NULL, scope, &all);
    return work_is_exhausted(work) ? work->names.most : carry_reach(work, &all);
}

/* Analysis that was given up, or rows that a rule makes: bound by all that is touched. */
static bool
is_beyond(const struct plan_work *work)
{
    return work_is_exhausted(work) || work->names.has_rules || work->names.is_filled;
}

/* The tables that functions fill can hold what they are given. */
static void
mark_fillers(struct plan_work *work, const struct reach *given)
{
    char persistence[] = "p";

    for (const struct filler *f = work->names.fillers; f; f = f->next) {
        const struct catalog_relation *relation;
        size_t at = 0;

        while ((relation = catalog_fill(work->catalog, f->function, &at)) != NULL) {
            struct reach own = mark_known(relation);
            PgQuery__RangeVar target = {.schemaname = (char *)(uintptr_t)relation->schema,
                                        .relname = (char *)(uintptr_t)relation->name,
                                        .relpersistence = persistence};

            if (!reach_covers(&own, given))
                mark_relation(work, &target, relation, given, NULL);
        }
    }
}

/* What functions have put elsewhere (settings, sequences, names) counts as shown by the rows that
 * come, too: there is nothing later to count it by. */
static void
show_kept(struct plan_work *work, struct outputs *columns, struct plan_statement *statement)
{
    reach_add(&work->kept, &work->names.kept);
    if (reach_fields(&work->kept) == 0)
        return;
    mark_fillers(work, &work->kept);
    build_kept(statement, &work->kept);
    statement->flags |= PLAN_OPAQUE;
    for (struct output *o = columns->first; o; o = o->next) {
        struct carry carry = o->carry ? *o->carry : (struct carry){0};

        reach_add(&carry.bound, &work->kept);
        o->carry = carry_keep(work, &carry);
    }
}

/* Of how many persons of a kind all can be that the relations hold which a name can mean, where
 * they hold nothing but what is known of their rows; UINT64_MAX: of any number. */
static uint64_t
persons_named(const struct plan_work *work, const struct named *named, unsigned kind)
{
    const char *schema = named->range->schemaname[0] ? named->range->schemaname : NULL;
    const struct catalog_relation *relation;
    uint64_t persons = 0;
    size_t at = 0;

    if (names_blank(work, schema, named->range->relname))
        return UINT64_MAX;
    while ((relation = names_next_relation(work, schema, named->range->relname, &at)) != NULL) {
        struct reach reach = names_reach(work, relation);

        if (reach.fields[kind] != 0 && relation->marked_persons == 0)
            return UINT64_MAX;
        if (reach.fields[kind] != 0)
            persons += relation->marked_persons;
    }
    return persons;
}

/* A statement that reads nothing else of a kind, and calls nothing that does. */
static void
count_persons(const struct plan_work *work, struct plan_statement *statement)
{
    enum { UNKNOWN = PLAN_OPAQUE | PLAN_UNKNOWN_TABLE | PLAN_STATISTICS | PLAN_CALLS };

    if (work->names.flags & UNKNOWN || work->names.has_rules || statement->flags & UNKNOWN)
        return;
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++) {
        uint64_t persons = 0;

        for (const struct named *n = work->names.named; n && persons < UINT32_MAX; n = n->next) {
            uint64_t more = persons_named(work, n, kind);

            persons = more == UINT64_MAX ? more : persons + more;
        }
        if (persons < UINT32_MAX)
            statement->persons_most[kind] = (uint32_t)persons;
    }
}

static void
finish(struct plan_work *work, const struct shape *shape, struct plan_statement *statement)
{
    if (is_beyond(work)) {
        shape_bound(work, &work->names.most, statement);
        statement->hidden_count = 0;
        if (statement->most_fields)
            statement->flags |= PLAN_OPAQUE;
    } else {
        shape_parts(work, shape, statement);
    }
    /* What shows persons is no probe, but for columns that show only whom they were matched with:
     * where nothing comes, that is an answer. */
    if (statement->part_count == 0 ? build_is_probe(work) : work->has_probe && work->has_given)
        statement->flags |= PLAN_PROBE;
    if (statement->may_return_rows)
        statement->flags |= work->names.flags & PLAN_UNKNOWN_TABLE;
    count_persons(work, statement);
    mark_statement(work, statement);
    move_statement(work, statement);
}

/* SELECT … INTO: its rows go to the new table, none comes. */
static void
put_into(struct plan_work *work, const PgQuery__SelectStmt *select, const struct scope *scope,
         const struct outputs *columns, struct plan_statement *statement)
{
    const PgQuery__IntoClause *into = select->into_clause;
    struct carry all = {0};
    struct mark_rows rows;
    struct reach reach;

    outputs_carry(work, columns, &all);
    reach = work_is_exhausted(work) ? work->names.most : carry_reach(work, &all);
    rows = rows_of(work, select, scope, &all);
    if (into->rel)
        mark_relation(work, into->rel, NULL, &reach, &rows);
    statement->special = SPECIAL_DDL;
    statement->may_return_rows = false;
}

/* SELECT pg_notify('…', (SELECT …)): what is kept is of one row of one table inside. */
static bool
is_kept_of_one(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select)
{
    const PgQuery__Node *target = select->n_target_list == 1 ? select->target_list[0] : NULL;
    const PgQuery__Node *value = target && target->node_case == PG_QUERY__NODE__NODE_RES_TARGET
                                     ? target->res_target->val
                                     : NULL;
    struct carry carry = {0};
    struct function_facts facts;

    if (!value || value->node_case != PG_QUERY__NODE__NODE_FUNC_CALL || !scope || scope->entries ||
        select->with_clause || work->names.flags != 0 || work->names.fillers ||
        reach_fields(&work->names.kept) != 0)
        return false;
    facts = function_facts(work, value->func_call->funcname, value->func_call->n_funcname);
    if (facts.class != FUNCTION_KEEPER || facts.is_user)
        return false;
    for (size_t i = 0; i < value->func_call->n_args; i++)
        expression_carry(work, scope, value->func_call->args[i], &carry);
    return !work_is_exhausted(work) && shape_is_of_one(work, &carry);
}

/* SELECT set_config('…', name, false) FROM customers WHERE id IN (7, 8): it is of no more rows of
 * one table than the statement names keys of. */
static uint16_t
kept_of_pinned(struct plan_work *work, const struct shape *shape, const PgQuery__SelectStmt *select)
{
    const struct scope *scope = shape->scope;

    if (!scope || !scope->entries || scope->entries->next || shape->rows != ROWS_SINGLE ||
        select->with_clause || !work->names.named || work->names.named->next ||
        work->names.flags != 0 || work->names.fillers || reach_fields(&work->names.kept) != 0 ||
        work_is_exhausted(work))
        return 0;
    for (size_t i = 0; i < work->direct_count; i++) {
        struct pins pins = {0};
        bool has_array = false;

        if (work->direct[i].entry == scope->entries && work->direct[i].show->is_key_unique)
            pins = pins_of(work, scope, &work->direct[i]);
        for (size_t k = 0; k < pins.count; k++)
            has_array |= pins.pins[k].is_array;
        if (pins.count > 0 && !has_array && scope->entries->is_only)
            return (uint16_t)(pins.are_parts ? 1 : pins.count);
    }
    return 0;
}

static void
build_select(struct plan_work *work, const struct build *build, const PgQuery__SelectStmt *select,
             struct plan_statement *statement)
{
    struct injection *injection = NULL;
    struct outputs columns = {0}, none = {0};
    struct shape shape = {.columns = &columns, .takes_pins = !work->environment->asks_keys};

    statement->may_return_rows = true;
    build_begin(work);
    if (build->injections) {
        work->may_group = within_only_reads(&select->base);
        work->sees_order = order_is_seen(work, select) ||
                           (work->is_declaring && select->n_sort_clause == 0); /* FETCH 3 */
        work->may_regroup = !build->may_go_back && order_is_kept(work, select);
    }
    shape.scope = query_columns(work, NULL, NULL, select, true, &columns);
    shape.rows = shape_rows_of(select, shape.scope);
    work->has_strict_columns = select->larg && !columns.is_open && !work->tells_others;
    for (const struct output *o = columns.first; o; o = o->next)
        work->has_strict_columns &= o->strict_type != 0;
    if (shape.scope)
        pins_learn(work, shape.scope);
    if (group_can(work, select, shape.scope))
        shape.groups = select;
    if (build->injections && (shape.rows == ROWS_SINGLE || columns.query || shape.groups) &&
        !is_beyond(work) &&
        (!distinct_is_on(select) || distinct_is_decided(work, select, shape.scope)))
        injection = injection_begin(work, select, shape.groups != NULL);
    shape.injection = injection;
    if (injection && shape.rows == ROWS_SINGLE && select->n_distinct_clause == 0)
        shape.windows = select;
    show_kept(work, &columns, statement);
    if (select->into_clause) {
        put_into(work, select, shape.scope, &columns, statement);
        shape.columns = &none;
    }
    finish(work, &shape, statement);
    if (statement->kept_fields != 0)
        statement->kept_most =
            is_kept_of_one(work, shape.scope, select) ? 1 : kept_of_pinned(work, &shape, select);
    words_select(work, shape.scope, select, statement);
    call_read(work, select, &(struct place){shape.scope, injection, &columns}, statement);
    call_read_within(work, select, &injection, build->injections != NULL, statement);
    if (injection_count(injection) > 0 && statement->hidden_count > 0)
        injections_append(work, build->injections, injection);
    preface_query(work, select, statement);
}

static size_t
count_returning(const PgQuery__Node *node)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_INSERT_STMT:
        return node->insert_stmt->n_returning_list;
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
        return node->update_stmt->n_returning_list;
    case PG_QUERY__NODE__NODE_DELETE_STMT:
        return node->delete_stmt->n_returning_list;
    default:
        return 0;
    }
}

/* Nothing but rows of that one table. */
static uint32_t
deleted_from(const struct scope *scope, const PgQuery__Node *node)
{
    const struct entry *target = scope ? scope->entries : NULL;

    if (node->node_case != PG_QUERY__NODE__NODE_DELETE_STMT || node->delete_stmt->with_clause ||
        !target || !target->is_only || !target->relation)
        return 0;
    return target->relation->oid;
}

static bool
is_key_column(const struct catalog_relation *relation, const char *name)
{
    for (size_t i = 0; i < relation->column_count; i++) {
        const struct catalog_column *column = &relation->columns[i];

        if (strcmp(column->name, name) != 0)
            continue;
        for (size_t k = 0; k < relation->show_count; k++)
            if (relation->shows[k].key_column == column->number)
                return true;
    }
    return false;
}

/* Rows of that one table, by values of its own row and the client's, beside the keys. */
static uint32_t
changed_in(const struct scope *scope, const PgQuery__Node *node)
{
    const struct entry *target = scope ? scope->entries : NULL;
    const PgQuery__UpdateStmt *update;

    if (node->node_case != PG_QUERY__NODE__NODE_UPDATE_STMT || !target || !target->is_only ||
        !target->relation)
        return 0;
    update = node->update_stmt;
    if (update->with_clause || update->n_from_clause > 0)
        return 0;
    for (size_t i = 0; i < update->n_target_list; i++)
        if (update->target_list[i]->node_case != PG_QUERY__NODE__NODE_RES_TARGET ||
            is_key_column(target->relation, update->target_list[i]->res_target->name))
            return 0;
    return target->relation->oid;
}

static uint32_t
target_of(const struct scope *scope, const PgQuery__Node *node)
{
    const struct entry *target = scope ? scope->entries : NULL;

    if (node->node_case == PG_QUERY__NODE__NODE_DELETE_STMT || !target || !target->is_only ||
        !target->relation || target->relation->has_rules ||
        (target->relation->kind != 'r' && target->relation->kind != 'p'))
        return 0;
    return target->relation->oid;
}

static void
build_change(struct plan_work *work, const struct build *build, const PgQuery__Node *node,
             struct plan_statement *statement)
{
    struct injection *injection = NULL;
    struct outputs columns = {0};
    struct shape shape = {.columns = &columns, .rows = ROWS_SINGLE};

    statement->may_return_rows = count_returning(node) > 0 || work->names.has_rules;
    build_begin(work);
    shape.scope = change_columns(work, NULL, NULL, node, true, &columns);
    /* Conditions speak of the rows as they were, and what comes back of a row that nobody has
     * written is as it was. */
    if (work_is_exhausted(work))
        move_everything(work);
    shape.takes_pins = shape.scope && node->node_case != PG_QUERY__NODE__NODE_INSERT_STMT;
    if (!shape.scope)
        shape.rows = ROWS_ANY;
    statement->deletes_from = deleted_from(shape.scope, node);
    statement->changes = changed_in(shape.scope, node);
    statement->target = target_of(shape.scope, node);
    if (build->injections && columns.query && !is_beyond(work))
        injection =
            injection_begin_change(work, columns.query->targets, columns.query->target_count);
    shape.injection = injection;
    show_kept(work, &columns, statement);
    finish(work, &shape, statement);
    if (injection_count(injection) > 0 && statement->hidden_count > 0)
        injections_append(work, build->injections, injection);
}

/* MERGE returns no rows. */
static void
build_merge(struct plan_work *work, const PgQuery__MergeStmt *merge,
            struct plan_statement *statement)
{
    build_begin(work);
    change_merge(work, merge);
    mark_statement(work, statement);
    move_statement(work, statement);
}

void
build_query(struct plan_work *work, const struct build *build, const PgQuery__Node *node,
            struct plan_statement *statement)
{
    bool is_select = node->node_case == PG_QUERY__NODE__NODE_SELECT_STMT;

    work->statement = &node->base;
    build_names(work, &node->base, statement);
    if (statement->most_fields == 0 && !work->names.has_rules && !work->statistics) {
        statement->flags &= PLAN_CALLS | PLAN_ADMINISTERS;
        statement->may_return_rows =
            is_select ? !node->select_stmt->into_clause : count_returning(node) > 0;
        if (is_select && node->select_stmt->into_clause)
            statement->special = SPECIAL_DDL;
    } else if (is_select) {
        build_select(work, build, node->select_stmt, statement);
    } else if (node->node_case == PG_QUERY__NODE__NODE_MERGE_STMT) {
        build_merge(work, node->merge_stmt, statement);
    } else {
        build_change(work, build, node, statement);
    }
}

/* ---- any statement ---- */

static bool
is_query(const PgQuery__Node *node)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
    case PG_QUERY__NODE__NODE_INSERT_STMT:
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
    case PG_QUERY__NODE__NODE_DELETE_STMT:
    case PG_QUERY__NODE__NODE_MERGE_STMT:
        return true;
    default:
        return false;
    }
}

void
build_statement(struct plan_work *work, const struct build *build, const PgQuery__Node *node,
                struct plan_statement *statement)
{
    refuse_by_kind(work, node);
    if (is_query(node)) {
        build_query(work, build, node, statement);
    } else if (!build_special(work, build, node, statement)) {
        /* DDL and all the rest: no rows, but errors that can show values. */
        build_names(work, &node->base, statement);
        statement->special = SPECIAL_DDL;
    }
    settings_statement(work, node, statement);
    notify_read(work, node, statement);
    statement->twists = twist_of(work, node, statement);
    arm_statement(work, node, statement);
    fresh_statement(work, build, node, statement);
    if (statement->special == SPECIAL_DDL || node->node_case == PG_QUERY__NODE__NODE_COMMENT_STMT)
        arm_events(work, statement);
    effect_of(work, node, statement);
    administer_statement(work, node, statement);
}

void
build_unparsed(struct plan_work *work, bool is_scanned, uint32_t flags,
               struct plan_statement *statement)
{
    if (is_scanned) {
        tokens_of_statement(work);
    } else {
        work->names = (struct names){0};
        names_add_everything(work, 0);
        refuse_by_bytes(work);
    }
    set_most(work, statement);
    shape_bound(work, &work->names.most, statement);
    statement->is_understood = false;
    statement->hidden_count = work->environment->hidden_count;
    statement->may_return_rows = true;
    statement->twists = twist_of_words(work, is_scanned, statement);
    statement->flags = flags | PLAN_UNPARSED | PLAN_RENAMES | work->names.flags;
    administer_unparsed(work, statement);
}
