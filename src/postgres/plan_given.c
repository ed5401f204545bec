/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_given.h"

#include "postgres/plan_call.h"
#include "postgres/plan_group.h"
#include "postgres/plan_lineage.h"
#include "postgres/plan_pin.h"
#include "postgres/plan_within.h"

/* The part's key is that hidden column (-1: the pin), and its table what the name means. */
static bool
say_meaning(struct plan_work *work, const struct shape *shape, const struct entry *entry, int key,
            struct plan_part *part)
{
    int meaning;

    if (call_is_table(work, entry->range)) { /* the name is the function's */
        part->source = key < 0 ? SOURCE_PINNED : SOURCE_HIDDEN;
        part->why = key < 0 ? WHY_PINNED : WHY_HIDDEN;
        part->column = (uint16_t)(key < 0 ? 0 : key);
        return true;
    }
    meaning = injection_add_expression(shape->injection, shape->injection->result,
                                       injection_meaning(work, entry->range));
    if (meaning < 0)
        return false;
    part->source = SOURCE_HIDDEN;
    part->is_given = key < 0;
    part->why = part->is_given ? WHY_PINNED : WHY_HIDDEN;
    part->column = (uint16_t)(part->is_given ? meaning : key);
    part->has_origin = true;
    part->origin = (uint16_t)meaning;
    return true;
}

/* A row of UNION ALL need not be of it. */
static bool
is_arm(const struct plan_work *work, unsigned bit)
{
    for (size_t i = 0; i < work->inner_count; i++)
        if (work->inner[i].arms >> bit & 1)
            return true;
    return false;
}

/* The key that a function in FROM returns. */
static bool
use_returned(struct plan_work *work, const struct shape *shape, unsigned bit,
             struct plan_part *part)
{
    for (const struct entry *e = shape->scope->entries; e; e = e->next)
        for (const struct output *o = e->columns.first; o; o = o->next) {
            int key;

            if (!(o->keys >> bit & 1) || !o->name)
                continue;
            key = injection_add_expression(shape->injection, shape->injection->result,
                                           injection_column(work, shape->scope, e, o->name));
            if (key < 0)
                continue;
            part->source = SOURCE_HIDDEN;
            part->why = WHY_HIDDEN;
            part->column = (uint16_t)key;
            return true;
        }
    return false;
}

bool
given_inner(struct plan_work *work, const struct shape *shape, unsigned bit, struct plan_part *part)
{
    const struct inner *inner = &work->inner[bit];
    const struct direct direct = {inner->entry, inner->show};
    struct addition *result = shape->injection ? shape->injection->result : NULL;
    const struct output *outer;
    struct pins pins;
    int key;

    if (!result || !result->select || shape->rows != ROWS_SINGLE || !shape->scope || inner->group ||
        !inner->scope || inner->show->key_part_count > 0 || work->environment->asks_keys ||
        reach_fields(&work->kept) != 0 || is_arm(work, bit))
        return false;
    if (call_is_table(work, inner->entry->range) && use_returned(work, shape, bit, part))
        return true;
    outer = pins_outer(work, inner->scope, &direct, shape->scope);
    if (outer) {
        key = injection_add(work, shape->injection, shape->scope, outer->entry, outer->attribute);
        part->key_type = shape_key_type(outer, inner->show->key_type);
        return key >= 0 && say_meaning(work, shape, inner->entry, key, part);
    }
    pins = pins_of(work, inner->scope, &direct);
    part->pins = pins.pins;
    part->pin_count = pins.count;
    return shape->takes_pins && pins_are_one(&pins) &&
           say_meaning(work, shape, inner->entry, -1, part);
}

/* ---- aggregates ---- */

/* One that is null where there is no row. */
static bool
is_null_of_none(const struct plan_work *work, const PgQuery__Node *target)
{
    static const char *const names[] = {"max",        "min",       "sum",      "avg",
                                        "string_agg", "array_agg", "json_agg", "jsonb_agg"};
    const PgQuery__FuncCall *call;
    struct function_facts facts;

    if (target->node_case != PG_QUERY__NODE__NODE_RES_TARGET || !target->res_target->val ||
        target->res_target->val->node_case != PG_QUERY__NODE__NODE_FUNC_CALL)
        return false;
    call = target->res_target->val->func_call;
    facts = function_facts(work, call->funcname, call->n_funcname);
    for (size_t i = 0; facts.name && i < COUNT_OF(names); i++)
        if (strcmp(names[i], facts.name) == 0)
            return facts.is_known && !facts.is_user && !call->agg_filter && !call->over;
    return false;
}

bool
given_direct(struct plan_work *work, const struct shape *shape, size_t direct,
             struct plan_part *part)
{
    struct plan_part given = *part;
    struct plan_column *columns;

    if (shape->rows != ROWS_ANY || part->pin_count != 1 || part->pins[0].is_array ||
        part->are_pins_parts || work->environment->asks_keys)
        return false;
    columns = arena_new(work->keep, part->column_count, sizeof(*columns));
    if (!columns)
        return false;
    for (size_t i = 0; i < part->column_count; i++) {
        columns[i] = part->columns[i];
        columns[i].tells_null = false;
        columns[i].is_certain &=
            is_null_of_none(work, shape->groups->target_list[columns[i].column]);
        if (!columns[i].is_certain && columns[i].stored.relation != 0) /* the value may say it */
            return false;
    }
    given.columns = columns;
    if (!say_meaning(work, shape, work->direct[direct].entry, -1, &given))
        return false;
    *part = given;
    return true;
}

bool
given_is_of_one(struct plan_work *work, const struct scope *scope, const struct entry *entry)
{
    for (size_t i = 0; entry->relation && i < entry->relation->show_count; i++) {
        const struct direct direct = {entry, &entry->relation->shows[i]};
        struct pins pins = pins_of(work, scope, &direct);
        bool is_one = pins_are_one(&pins);

        for (const struct scope *s = scope->outer; s && !is_one; s = s->outer)
            is_one = pins_outer(work, scope, &direct, s) != NULL;
        if (!is_one)
            return false;
    }
    return entry->relation != NULL;
}

/* What it shows of its tables' rows, each of which is known by its bit; nothing of other queries'.
 */
static bool
is_of_tables(const struct outputs *columns, uint64_t tables)
{
    for (const struct output *o = columns->first; o; o = o->next)
        if (o->carry && (o->carry->tables & ~tables) != 0)
            return false;
    return !columns->is_open;
}

bool
given_columns(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select,
              struct outputs *columns)
{
    struct plan_work before = *work;
    struct outputs rows = {0};
    uint64_t tables = 0;
    size_t i = 0;

    if (work->environment->asks_keys || scope->is_top || columns->is_open ||
        columns->count != select->n_target_list)
        return false;
    for (const struct entry *e = scope->entries; e; e = e->next) {
        if (!given_is_of_one(work, scope, e))
            return false;
        tables |= e->tables;
    }
    if (tables == 0 || tables >= UINT64_C(1) << CARRY_OWN_MAX)
        return false;
    work->keeps_rows = true;
    target_columns(work, scope, select->target_list, select->n_target_list, &rows);
    within_end_rows(work, &before);
    if (rows.count != columns->count || !is_of_tables(&rows, tables))
        return false;
    for (struct output *o = columns->first, *r = rows.first; o && r;
         o = o->next, r = r->next, i++) {
        struct carry carry = {0};

        if (!r->carry || r->carry->tables == 0)
            continue;
        if (o->carry && !carry_covers(r->carry, o->carry))
            return false;
        carry = *r->carry;
        if (!is_null_of_none(work, select->target_list[i]) &&
            !group_is_alike(work, select->target_list[i]))
            carry.certain.shown = 0;
        certainty_blur(&carry.certain);
        r->carry = carry_keep(work, &carry);
    }
    for (struct output *o = columns->first, *r = rows.first; o && r; o = o->next, r = r->next)
        if (r->carry && r->carry->tables != 0)
            o->carry = r->carry;
    return true;
}
