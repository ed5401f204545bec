/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_words.h"

#include "postgres/plan_lineage.h"

/* ---- the query ---- */

static bool
is_plain_kind(const ProtobufCMessageDescriptor *kind)
{
    static const ProtobufCMessageDescriptor *const plain[] = {
        &pg_query__node__descriptor,
        &pg_query__select_stmt__descriptor,
        &pg_query__res_target__descriptor,
        &pg_query__range_var__descriptor,
        &pg_query__alias__descriptor,
        &pg_query__column_ref__descriptor,
        &pg_query__a__star__descriptor,
        &pg_query__a__const__descriptor,
        &pg_query__param_ref__descriptor,
        &pg_query__a__expr__descriptor,
        &pg_query__bool_expr__descriptor,
        &pg_query__null_test__descriptor,
        &pg_query__boolean_test__descriptor,
        &pg_query__type_cast__descriptor,
        &pg_query__type_name__descriptor,
        &pg_query__func_call__descriptor,
        &pg_query__coalesce_expr__descriptor,
        &pg_query__min_max_expr__descriptor,
        &pg_query__case_expr__descriptor,
        &pg_query__case_when__descriptor,
        &pg_query__row_expr__descriptor,
        &pg_query__a__array_expr__descriptor,
        &pg_query__collate_clause__descriptor,
        &pg_query__sort_by__descriptor,
        &pg_query__list__descriptor,
        &pg_query__string__descriptor,
        &pg_query__integer__descriptor,
        &pg_query__float__descriptor,
        &pg_query__boolean__descriptor,
        &pg_query__bit_string__descriptor,
        &pg_query__sqlvalue_function__descriptor,
    };

    for (size_t i = 0; i < COUNT_OF(plain); i++)
        if (plain[i] == kind)
            return true;
    return false;
}

static void
look(void *context, const ProtobufCMessage *message)
{
    bool *is_plain = context;

    *is_plain &= is_plain_kind(message->descriptor);
    if (*is_plain)
        sql_each_child(message, look, context);
}

bool
words_are_plain(const PgQuery__SelectStmt *select)
{
    bool is_plain = true;

    if (select->n_group_clause > 0 || select->n_distinct_clause > 0 || select->n_values_lists > 0 ||
        select->having_clause || select->larg || select->rarg)
        return false;
    look(&is_plain, &select->base);
    return is_plain;
}

/* ---- the table ---- */

static bool
is_own_storage(const struct catalog_relation *relation)
{
    return (relation->kind == 'r' || relation->kind == 'p') && !relation->is_guarded &&
           !relation->speaks_values && relation->marked_fields == 0;
}

static bool
is_plain_table(struct plan_work *work, const struct catalog_relation *relation)
{
    enum { CHILDREN_MAX = 4096 };
    const struct catalog_relation *tree[CHILDREN_MAX] = {relation};
    size_t count = 1;

    for (size_t i = 0; i < count; i++) {
        const struct catalog_spill *spill;
        size_t at = 0;

        if (!is_own_storage(tree[i]))
            return false;
        while ((spill = catalog_spill(work->catalog, tree[i]->oid, &at)) != NULL) {
            const struct catalog_relation *child;

            if (spill->kind != SPILL_CHILD)
                continue;
            child = catalog_relation(work->catalog, spill->to);
            if (!child || count == CHILDREN_MAX || !work_spend(work, 1))
                return false;
            tree[count++] = child;
        }
    }
    return true;
}

/* Of the only table, which can be no other that the snapshot shows. */
static const struct entry *
only_entry(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select)
{
    const struct entry *entry = scope ? scope->entries : NULL;

    if (!entry || entry->next || select->n_from_clause != 1 ||
        select->from_clause[0]->node_case != PG_QUERY__NODE__NODE_RANGE_VAR || !entry->relation ||
        !entry->is_only || entry->columns.is_open ||
        (entry->range->alias && entry->range->alias->n_colnames > 0) ||
        !is_plain_table(work, entry->relation))
        return NULL;
    return entry;
}

const struct catalog_relation *
words_table(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select)
{
    const struct entry *entry = only_entry(work, scope, select);

    return entry ? entry->relation : NULL;
}

/* ---- the condition ---- */

struct columns {
    struct plan_work *work;
    const struct scope *scope;
    bool is_nobody; /* all of them are columns that carry nothing */
};

static void
look_at_columns(void *context, const ProtobufCMessage *message)
{
    struct columns *columns = context;

    if (message->descriptor == &pg_query__column_ref__descriptor) {
        struct found found;

        scope_find(columns->work, columns->scope, (const PgQuery__ColumnRef *)message, &found);
        columns->is_nobody &= found.output && carry_is_empty(&found.carry);
        return;
    }
    sql_each_child(message, look_at_columns, context);
}

static bool
is_of_nobody(struct plan_work *work, const struct scope *scope, const PgQuery__Node *condition)
{
    struct columns columns = {work, scope, true};
    bool had_stray = work->has_stray;

    if (!condition)
        return false;
    look_at_columns(&columns, &condition->base);
    work->has_stray = had_stray;
    return columns.is_nobody;
}

/* ---- types ---- */

/* A type's name without a schema can be a user's. */
static void
look_at_types(void *context, const ProtobufCMessage *message)
{
    bool *is_certain = context;

    if (message->descriptor == &pg_query__type_name__descriptor) {
        const PgQuery__TypeName *type = (const PgQuery__TypeName *)message;
        const char *schema = type->n_names > 1 ? sql_string(type->names[0]) : NULL;

        *is_certain &= schema && strcmp(schema, "pg_catalog") == 0;
    }
    sql_each_child(message, look_at_types, context);
}

static bool
has_own_types(const struct plan_work *work, const PgQuery__SelectStmt *select)
{
    bool is_certain = true;

    look_at_types(&is_certain, &select->base);
    return !is_certain && catalog_has_foreign_casts(work->catalog);
}

/* ---- what is quoted ---- */

/* Types whose input functions quote all that they could not read. */
static bool
is_quoting(const PgQuery__TypeName *type)
{
    static const char *const names[] = {"int2",    "int4", "int8", "float4", "float8",
                                        "numeric", "bool", "uuid", "date"};
    const char *name = sql_last_name(type->names, type->n_names);

    if (!names_is_builtin_type(type) || type->n_array_bounds > 0 || type->n_typmods > 0 ||
        type->setof)
        return false;
    for (size_t i = 0; name && i < COUNT_OF(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool
is_text(const struct catalog_relation *relation, int16_t attribute)
{
    enum { TEXT = 25, BPCHAR = 1042, VARCHAR = 1043 };

    for (size_t i = 0; i < relation->column_count; i++)
        if (relation->columns[i].number == attribute) {
            uint32_t type = relation->columns[i].type;

            return type == TEXT || type == BPCHAR || type == VARCHAR;
        }
    return false;
}

/* "key = value", whose value the server has read before it looks at a row. */
static bool
is_bare_pin(const PgQuery__Node *condition, const struct plan_part *part)
{
    return condition->node_case == PG_QUERY__NODE__NODE_A_EXPR &&
           condition->a_expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP && part->pin_count == 1 &&
           !part->pins[0].is_array && !part->pins[0].is_cast;
}

/* SELECT column::type FROM table WHERE key = value: nothing else is there that an input function
 * could have been given. */
static bool
is_told_by_input(struct plan_work *work, const struct scope *scope,
                 const PgQuery__SelectStmt *select, const struct plan_part *part)
{
    const PgQuery__Node *target = select->n_target_list == 1 ? select->target_list[0] : NULL;
    const PgQuery__TypeCast *cast;
    struct found found;

    if (!target || target->node_case != PG_QUERY__NODE__NODE_RES_TARGET ||
        !target->res_target->val ||
        target->res_target->val->node_case != PG_QUERY__NODE__NODE_TYPE_CAST ||
        select->n_sort_clause > 0 || select->limit_count || select->limit_offset ||
        catalog_has_casts(work->catalog) || !is_bare_pin(select->where_clause, part))
        return false;
    cast = target->res_target->val->type_cast;
    if (!cast->arg || cast->arg->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || !cast->type_name ||
        !is_quoting(cast->type_name))
        return false;
    scope_find(work, scope, cast->arg->column_ref, &found);
    return found.output && found.output->entry && !carry_is_empty(&found.carry) &&
           is_text(found.output->entry->relation, found.output->attribute);
}

/* ---- the whole ---- */

bool
words_runs_nothing(const struct plan_work *work)
{
    const struct names *names = &work->names;

    return names->flags == 0 && reach_fields(&names->functions) == 0 &&
           reach_fields(&names->kept) == 0 && !names->keeps && !names->fillers &&
           !names->has_blank && !names->has_rules && !names->sets;
}

struct gathering {
    const struct plan_work *work;
    bool is_found;
};

static void
look_for_gathering(void *context, const ProtobufCMessage *message)
{
    struct gathering *g = context;

    if (message->descriptor == &pg_query__func_call__descriptor) {
        const PgQuery__FuncCall *call = (const PgQuery__FuncCall *)message;

        g->is_found |= call->over || call->agg_star || call->agg_distinct || call->agg_filter ||
                       call->n_agg_order > 0 ||
                       function_facts(g->work, call->funcname, call->n_funcname).may_aggregate;
    }
    sql_each_child(message, look_for_gathering, context);
}

uint8_t
words_persons_of_row(const struct catalog_relation *relation)
{
    uint8_t counts[CATALOG_KINDS_MAX] = {0}, most = 0;

    for (size_t i = 0; i < relation->show_count; i++) {
        uint8_t *count = &counts[relation->shows[i].kind];

        (*count)++;
        most = *count > most ? *count : most;
    }
    return most;
}

/* No aggregate, no window: what is computed with is of one row. */
static void
words_of_row(struct plan_work *work, struct scope *scope, const PgQuery__SelectStmt *select,
             struct plan_statement *statement)
{
    struct gathering gathering = {work, false};
    const struct entry *entry;

    if (work_is_exhausted(work) || !work->catalog || select->into_clause ||
        !words_runs_nothing(work) || !words_are_plain(select) || has_own_types(work, select))
        return;
    look_for_gathering(&gathering, &select->base);
    entry = gathering.is_found ? NULL : only_entry(work, scope, select);
    if (entry)
        statement->row_words = (struct plan_row_words){
            .relation = entry->relation->oid,
            .persons = words_persons_of_row(entry->relation),
            .is_certain = entry->is_certain,
        };
}

void
words_select(struct plan_work *work, struct scope *scope, const PgQuery__SelectStmt *select,
             struct plan_statement *statement)
{
    const struct plan_part *part = &statement->parts[0];
    const struct entry *entry;

    words_of_row(work, scope, select, statement);
    if (work_is_exhausted(work) || !work->catalog || statement->part_count != 1 ||
        part->pin_count == 0 || part->relation == 0 || select->into_clause ||
        statement->most_kinds != UINT64_C(1) << part->kind || !words_runs_nothing(work) ||
        !words_are_plain(select) || has_own_types(work, select))
        return;
    entry = only_entry(work, scope, select);
    if (!entry || entry->relation->oid != part->relation ||
        !is_of_nobody(work, scope, select->where_clause))
        return;
    statement->words = (struct plan_words){
        .fields = part->fields,
        .part = 0,
        .is_certain = part->is_relation_certain,
    };
    if (is_told_by_input(work, scope, select, part))
        statement->words.told = TOLD_BY_INPUT;
}
