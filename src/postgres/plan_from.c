/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in FROM. */
#include "postgres/plan_document.h"
#include "postgres/plan_inline.h"
#include "postgres/plan_lineage.h"
#include "postgres/plan_view.h"
#include "postgres/plan_within.h"

/* ---- tables ---- */

static bool
is_table(const struct catalog_relation *relation)
{
    return relation->kind == 'r' || relation->kind == 'p' || relation->kind == 'f';
}

/* Each column carries all that the view can show: where its query is not understood. */
static void
fill_opaque(struct plan_work *work, struct entry *entry)
{
    struct carry all = {.bound = names_reach(work, entry->relation), .is_text = true};
    const struct carry *kept = carry_keep(work, &all);

    for (size_t i = 0; i < entry->relation->column_count; i++)
        if (!outputs_add(work, &entry->columns, entry->relation->columns[i].name, kept))
            return;
}

/* What a materialized view has may have been stored elsewhere once, and be there no more. */
static void
stored_by_view(const struct entry *entry, const struct catalog_column *column,
               struct plan_stored *stored)
{
    if (entry->relation->kind != 'v' || !stored->is_certain)
        *stored = (struct plan_stored){0};
    stored->origin = entry->relation->oid;
    stored->origin_attribute = column->number;
    stored->is_certain = entry->is_certain;
}

/* What a view's columns carry is what its query's do; the names are the view's own. */
static void
fill_view(struct plan_work *work, struct entry *entry)
{
    const struct catalog_relation *view = entry->relation;
    const PgQuery__SelectStmt *query = NULL;
    struct outputs columns = {0};
    size_t i = 0;

    if (view->speaks_values) {
        entry_fill_table(work, &(struct scope){0}, entry);
        return;
    }
    if (view->fields != 0 && !view->has_casts && work->view_depth < PLAN_VIEW_DEPTH_MAX)
        query = plan_view_query(work, view);
    if (query) {
        bool had_given = work->has_given;
        bool had_probe = work->has_probe, had_pin = work->has_pin, had_test = work->has_test;

        work->view_depth++;
        (void)query_columns(work, NULL, NULL, query, false, &columns);
        within_take(work, &columns);
        work->view_depth--;
        work->has_probe = had_probe; /* the view's conditions are not the client's */
        work->has_pin = had_pin;
        work->has_test = had_test;
        work->has_given = had_given;
    }
    if (!query || columns.is_open || columns.count != view->column_count) {
        fill_opaque(work, entry);
        return;
    }
    entry->query = inline_query(work, entry, &columns);
    outputs_copy(work, &entry->columns, &columns);
    for (struct output *o = entry->columns.first; o; o = o->next) {
        const struct catalog_column *column = &view->columns[i++];

        o->view = entry;
        o->view_attribute = column->number;
        o->name = column->name;
        stored_by_view(entry, column, &o->stored);
    }
}

static bool
has_same_columns(const struct catalog_relation *a, const struct catalog_relation *b)
{
    if (a->column_count != b->column_count)
        return false;
    for (size_t i = 0; i < a->column_count; i++)
        if (strcmp(a->columns[i].name, b->columns[i].name) != 0)
            return false;
    return true;
}

/* Whether a name without a schema can mean it: not where the role may not look into its schema. A
 * temporary one can be the session's own. */
static bool
can_be_meant(const struct plan_work *work, const struct catalog_relation *relation)
{
    return relation->persistence == 't' || work->environment->role[0] == '\0' ||
           !catalog_role_is_shut_out(work->catalog, work->environment->role, relation);
}

/* And reading all columns of it does nothing but that: those of a view are whatever its query is.
 */
static bool
may_read_whole(const struct plan_work *work, const struct catalog_relation *relation)
{
    if (strchr("rpm", relation->kind) == NULL)
        return false;
    return relation->persistence == 't' ||
           (relation->column_count > 0 &&
            catalog_role_may_read_all(work->catalog, work->environment->role, relation->oid,
                                      relation->columns[0].number));
}

/* Whether a column is in it as in the one that the name is taken for, or is not in it. */
static bool
has_like(const struct catalog_relation *relation, const struct catalog_relation *taken,
         int16_t attribute)
{
    const struct catalog_column *key = NULL;

    for (size_t i = 0; i < taken->column_count && !key; i++)
        if (taken->columns[i].number == attribute)
            key = &taken->columns[i];
    for (size_t i = 0; key && i < relation->column_count; i++)
        if (strcmp(relation->columns[i].name, key->name) == 0)
            return relation->columns[i].type == key->type;
    return key != NULL;
}

/* The type of a hidden key must not depend on what the name means: a prepared statement keeps it.
 */
static bool
has_like_keys(const struct catalog_relation *relation, const struct catalog_relation *taken)
{
    for (size_t i = 0; i < taken->show_count; i++)
        if (taken->shows[i].key_column != 0 &&
            !has_like(relation, taken, taken->shows[i].key_column))
            return false;
    return true;
}

/* What there is beside the one that the name is taken for. */
static void
look_around(struct plan_work *work, struct entry *entry, const char *schema, const char *name)
{
    const struct catalog_relation *relation;
    size_t at = 0, others = 0;
    bool is_whole = true;

    while ((relation = names_next_relation(work, schema, name, &at)) != NULL) {
        if (relation == entry->relation || !can_be_meant(work, relation))
            continue;
        others++;
        is_whole = is_whole && entry->relation && may_read_whole(work, relation) &&
                   has_like_keys(relation, entry->relation);
    }
    entry->is_only = entry->relation && others == 0;
    entry->is_guarded = entry->relation && others > 0 && is_whole;
}

/* Whether the text names one relation alone, once. */
static bool
is_lone(const struct plan_work *work)
{
    return work->names.named && !work->names.named->next;
}

/* Which relation a name is taken for: the only one, or the only one that holds anything. The
 * columns of the others carry nothing, but where they are not the same ones, "*" is not known. */
static void
choose_relation(struct plan_work *work, struct entry *entry, const char *schema, const char *name)
{
    const struct catalog_relation *relation, *personal = NULL;
    size_t at = 0, count = 0, personal_count = 0;
    struct carry any = {0};
    bool is_same = true;

    while ((relation = names_next_relation(work, schema, name, &at)) != NULL) {
        struct reach reach = names_reach(work, relation);

        count++;
        if (!entry->relation)
            entry->relation = relation;
        is_same &= has_same_columns(entry->relation, relation);
        if (reach_fields(&reach) == 0)
            continue;
        personal_count++;
        personal = relation;
        reach_add(&any.bound, &reach);
    }
    if (count == 0 && !names_blank(work, schema, name))
        any.bound = work->everything;
    else if (personal_count == 1)
        entry->relation = personal;
    if (count == 0 || personal_count > 1) {
        entry->relation = NULL;
        entry->columns.is_open = true;
        entry->columns.rest = any;
    }
    look_around(work, entry, schema, name);
    entry->is_guarded = entry->is_guarded && personal_count == 1;
    if (is_same || !entry->relation)
        return;
    /* Of one table alone, the number of columns tells its own from those of others. */
    work->is_assumed |= entry->is_guarded;
    entry->columns.is_open |= !entry->is_guarded || !is_lone(work);
}

struct entry *
from_table(struct plan_work *work, struct scope *scope, const PgQuery__RangeVar *range)
{
    const char *schema = range->schemaname[0] ? range->schemaname : NULL;
    const char *name = range->alias ? range->alias->aliasname : range->relname;
    struct entry *entry = scope_add(work, scope, name);

    if (!entry)
        return NULL;
    entry->range = range;
    entry->is_certain = schema && strcmp(schema, "pg_temp") != 0;
    choose_relation(work, entry, schema, range->relname);
    if (entry->relation && is_table(entry->relation))
        entry_fill_table(work, scope, entry);
    else if (entry->relation)
        fill_view(work, entry);
    if (range->alias)
        outputs_rename(work, &entry->columns, range->alias->colnames, range->alias->n_colnames);
    entry->alias_count = range->alias ? range->alias->n_colnames : 0;
    if (entry->query && entry->query->is_outermost)
        reading_note(work, scope, entry, entry->query);
    return entry;
}

static struct entry *
from_cte(struct plan_work *work, struct scope *scope, const PgQuery__RangeVar *range)
{
    const struct cte *cte = scope->ctes;
    struct entry *entry;
    uint8_t *renewed;

    while (cte && strcmp(cte->name, range->relname) != 0)
        cte = cte->outer;
    if (!cte || range->schemaname[0])
        return NULL;
    entry = scope_add(work, scope, range->alias ? range->alias->aliasname : range->relname);
    if (!entry)
        return NULL;
    outputs_copy(work, &entry->columns, &cte->columns);
    renewed = arena_new(&work->memory, PLAN_TABLES_MAX, 1);
    if (!renewed)
        return NULL;
    outputs_renew(work, &entry->columns, renewed);
    if (range->alias)
        outputs_rename(work, &entry->columns, range->alias->colnames, range->alias->n_colnames);
    entry->range = range;
    entry->renewed = renewed;
    entry->alias_count = range->alias ? range->alias->n_colnames : 0;
    if (entry->alias_count < cte->alias_count)
        entry->alias_count = cte->alias_count;
    reading_note(work, scope, entry, cte->query);
    return entry;
}

/* The columns of "*": the same columns again, as items of another list. */
static struct outputs
all_columns(struct plan_work *work, const struct entry *entry)
{
    struct outputs columns = {0};

    outputs_share(work, &columns, &entry->columns);
    for (struct output *o = columns.first; o; o = o->next) {
        o->entry = o->of->entry;
        o->attribute = o->of->attribute;
        o->is_written = o->of->is_written;
    }
    return columns;
}

/* ---- sub-selects and functions ---- */

/* An outer join can make its columns null, whatever they carry of rows that it refers to. */
static void
blur_outer(struct carry *carry)
{
    certainty_blur(&carry->certain);
    carry->certain.outer = UINT32_MAX;
}

static void
make_optional(struct plan_work *work, struct entry *entry)
{
    entry->is_optional = true;
    blur_outer(&entry->columns.rest);
    for (struct output *o = entry->columns.first; o && work_spend(work, 1); o = o->next) {
        struct carry carry;

        if (!o->carry)
            continue;
        carry = *o->carry;
        blur_outer(&carry);
        o->carry = carry_keep(work, &carry);
    }
}

static struct entry *
from_subselect(struct plan_work *work, struct scope *scope, const PgQuery__RangeSubselect *range,
               bool holds)
{
    struct outputs columns = {0};
    struct entry *entry;

    (void)statement_columns(work, range->lateral ? scope : scope->outer, scope->ctes,
                            range->subquery, false, &columns);
    within_take(work, &columns);
    entry = scope_add(work, scope, range->alias ? range->alias->aliasname : NULL);
    if (!entry)
        return NULL;
    entry->lateral = range->lateral ? range : NULL;
    outputs_copy(work, &entry->columns, &columns);
    if (range->alias)
        outputs_rename(work, &entry->columns, range->alias->colnames, range->alias->n_colnames);
    entry->alias_count = range->alias ? range->alias->n_colnames : 0;
    reading_note(work, scope, entry, columns.query);
    if (range->lateral && !holds)
        make_optional(work, entry);
    return entry;
}

static void
add_named(struct plan_work *work, struct entry *entry, const struct carry *carry,
          PgQuery__Node *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const PgQuery__Node *node = names[i];
        const char *name = sql_string(node);

        if (node && node->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF)
            name = node->column_def->colname;
        else if (node && node->node_case == PG_QUERY__NODE__NODE_RANGE_TABLE_FUNC_COL)
            name = node->range_table_func_col->colname;
        if (!outputs_add(work, &entry->columns, name, carry))
            return;
    }
}

/* No aggregate of this scope can stand in its own FROM: what looks like one does not count. */
static void
function_carry(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
               struct carry *carry)
{
    bool before = *scope->has_aggregate;

    if (node && node->node_case == PG_QUERY__NODE__NODE_LIST)
        node = node->list->n_items > 0 ? node->list->items[0] : NULL;
    compare_calls(work, scope, node, carry);
    *scope->has_aggregate = before;
}

static void
functions_carry(struct plan_work *work, const struct scope *scope,
                const PgQuery__RangeFunction *range, struct carry *carry)
{
    for (size_t i = 0; i < range->n_functions; i++)
        function_carry(work, scope, range->functions[i], carry);
}

/* Columns that are known without the function's result type. */
static bool
add_known(struct plan_work *work, struct entry *entry, const PgQuery__RangeFunction *range,
          const struct carry *carry)
{
    const PgQuery__Node *node = range->n_functions == 1 ? range->functions[0] : NULL;
    const char *const *names;
    size_t count;

    if (node && node->node_case == PG_QUERY__NODE__NODE_LIST)
        node = node->list->n_items > 0 ? node->list->items[0] : NULL;
    if (range->ordinality || range->n_coldeflist > 0 || !range->alias || !node ||
        node->node_case != PG_QUERY__NODE__NODE_FUNC_CALL)
        return false;
    count = document_rows(work, node->func_call, &names);
    for (size_t i = 0; i < count; i++)
        if (!outputs_add(work, &entry->columns, names[i], carry))
            return false;
    outputs_rename(work, &entry->columns, range->alias->colnames, range->alias->n_colnames);
    return count > 0;
}

/* How many columns a function has, and what they are called, is not known without its result type,
 * but for some of PostgreSQL's own; all of them carry what the function does. */
static struct entry *
from_function(struct plan_work *work, struct scope *scope, const PgQuery__RangeFunction *range,
              bool holds)
{
    struct carry carry = {0};
    struct entry *entry;

    functions_carry(work, scope, range, &carry);
    if (names_has_foreign_column(work, range->coldeflist, range->n_coldeflist))
        reach_add(&carry.bound, &work->everything);
    entry = scope_add(work, scope, range->alias ? range->alias->aliasname : NULL);
    if (!entry)
        return NULL;
    entry->function = range;
    if (range->n_coldeflist > 0 && !range->ordinality) {
        add_named(work, entry, carry_keep(work, &carry), range->coldeflist, range->n_coldeflist);
    } else if (!add_known(work, entry, range, carry_keep(work, &carry))) {
        entry->columns.is_open = true;
        entry->columns.rest = carry;
    }
    if (!holds)
        make_optional(work, entry);
    return entry;
}

static void
look_again(struct plan_work *work, const struct scope *scope, struct entry *entry)
{
    struct outputs columns = {0};
    const struct output *new;

    (void)statement_columns(work, scope, scope->ctes, entry->lateral->subquery, false, &columns);
    new = columns.first;
    for (struct output *o = entry->columns.first; o && new; o = o->next, new = new->next) {
        struct carry carry;

        if (!new->carry)
            continue;
        carry = *new->carry;
        if (entry->is_optional)
            blur_outer(&carry);
        compare_give(work, scope, entry, o, &carry);
    }
}

void
from_look_again(struct plan_work *work, const struct scope *scope)
{
    for (struct entry *e = scope->entries; e && work_spend(work, 1); e = e->next) {
        struct carry carry = {0};

        if (e->lateral)
            look_again(work, scope, e);
        if (e->function)
            functions_carry(work, scope, e->function, &carry);
        if (e->is_optional)
            blur_outer(&carry);
        if (!carry_is_empty(&carry))
            compare_give(work, scope, e, NULL, &carry);
    }
}

static struct entry *
from_xml_table(struct plan_work *work, struct scope *scope, const PgQuery__RangeTableFunc *range)
{
    struct carry carry = {0};
    struct entry *entry;

    expression_carry(work, scope, range->docexpr, &carry);
    expression_carry(work, scope, range->rowexpr, &carry);
    for (size_t i = 0; i < range->n_columns; i++) {
        const PgQuery__Node *column = range->columns[i];

        if (column && column->node_case == PG_QUERY__NODE__NODE_RANGE_TABLE_FUNC_COL) {
            expression_carry(work, scope, column->range_table_func_col->colexpr, &carry);
            expression_carry(work, scope, column->range_table_func_col->coldefexpr, &carry);
        }
    }
    if (names_has_foreign_column(work, range->columns, range->n_columns))
        reach_add(&carry.bound, &work->everything);
    entry = scope_add(work, scope, range->alias ? range->alias->aliasname : NULL);
    if (entry)
        add_named(work, entry, carry_keep(work, &carry), range->columns, range->n_columns);
    return entry;
}

/* Something that the grammar has and we do not know. */
static struct entry *
from_unknown(struct plan_work *work, struct scope *scope)
{
    struct entry *entry = scope_add(work, scope, NULL);

    if (entry) {
        entry->columns.is_open = true;
        entry->columns.rest.bound = work->names.most;
    }
    return entry;
}

struct outputs
from_item(struct plan_work *work, struct scope *scope, const PgQuery__Node *node, bool holds)
{
    struct entry *entry = NULL;

    if (!node || !work_spend(work, 1))
        return (struct outputs){.is_open = true};
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_JOIN_EXPR:
        return from_join(work, scope, node->join_expr, holds);
    case PG_QUERY__NODE__NODE_RANGE_TABLE_SAMPLE:
        expression_judge_all(work, scope, node->range_table_sample->args,
                             node->range_table_sample->n_args);
        return from_item(work, scope, node->range_table_sample->relation, holds);
    case PG_QUERY__NODE__NODE_RANGE_VAR:
        entry = from_cte(work, scope, node->range_var);
        if (!entry)
            entry = from_table(work, scope, node->range_var);
        break;
    case PG_QUERY__NODE__NODE_RANGE_SUBSELECT:
        entry = from_subselect(work, scope, node->range_subselect, holds);
        break;
    case PG_QUERY__NODE__NODE_RANGE_FUNCTION:
        entry = from_function(work, scope, node->range_function, holds);
        break;
    case PG_QUERY__NODE__NODE_RANGE_TABLE_FUNC:
        entry = from_xml_table(work, scope, node->range_table_func);
        break;
    default:
        entry = from_unknown(work, scope);
    }
    return entry ? all_columns(work, entry) : (struct outputs){.is_open = true};
}
