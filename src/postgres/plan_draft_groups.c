/* SPDX-License-Identifier: Apache-2.0 */
/* Parts whose keys are arrays: of groups, of windows, of pools. */
#include "postgres/plan_distinct.h"
#include "postgres/plan_draft.h"
#include "postgres/plan_group.h"
#include "postgres/plan_order.h"
#include "postgres/plan_pool.h"
#include "postgres/plan_sublink.h"
#include "postgres/plan_window.h"
#include "postgres/plan_within.h"

/* ---- groups ---- */

/* The part among those behind `first` whose keys these are, made if there is none; NULL where there
 * is no room. */
static struct plan_part *
part_of_keys(struct draft *draft, size_t first, const struct plan_part *like,
             const struct group_keys *keys)
{
    struct plan_part *part = &draft->parts[first];

    for (; part < &draft->parts[draft->count]; part++)
        if (part->column == keys->keys && part->origin == (uint16_t)keys->origin)
            return part;
    if (draft->count >= PLAN_PARTS_MAX)
        return NULL;
    *part = *like;
    part->source = SOURCE_HIDDEN;
    part->why = WHY_LISTED;
    part->is_array = true;
    part->is_one = keys->is_one;
    part->is_one_per_row = false;
    part->column = (uint16_t)keys->keys;
    part->has_origin = keys->origin >= 0;
    part->origin = (uint16_t)keys->origin;
    part->fields = part->loose_fields = 0;
    part->columns = NULL;
    part->column_count = 0;
    draft->count++;
    return part;
}

static bool
add_to_part(struct plan_work *work, struct plan_part *part, const struct plan_column *column)
{
    struct plan_column *columns = arena_new(work->keep, part->column_count + 1, sizeof(*columns));

    if (!columns)
        return false;
    if (part->column_count > 0)
        memcpy(columns, part->columns, part->column_count * sizeof(*columns));
    columns[part->column_count] = *column;
    columns[part->column_count++].tells_null &= !part->is_one;
    part->columns = columns;
    part->fields |= column->fields;
    part->loose_fields |= column->is_lent ? column->fields : 0;
    return true;
}

/* What all rows of a group have alike is null in rows of grouping sets that it is not in; what is
 * made of that null says nothing of anybody. */
static bool
is_of_sets(const struct plan_work *work, const struct shape *shape,
           const struct plan_column *column)
{
    const PgQuery__Node *target = shape->groups->target_list[column->column];

    return group_has_sets(shape->groups) && group_is_alike(work, target->res_target->val);
}

static void
blur_column(const struct shape *shape, size_t direct, struct plan_column *column)
{
    const struct output *output = shape->columns->first;

    for (size_t i = 0; output && i < column->column; i++)
        output = output->next;
    column->tells_null = false;
    column->is_certain &=
        output && output->carry && output->carry->certain.strict & CERTAIN_DIRECT(direct);
}

bool
draft_groups(struct plan_work *work, const struct shape *shape, size_t direct, struct draft *draft)
{
    const struct plan_part like = draft->parts[draft->count];
    struct injection before = *shape->injection;
    struct addition result = *shape->injection->result;
    size_t first = draft->count;
    bool is_taken = like.column_count > 0;

    for (size_t i = 0; is_taken && i < like.column_count; i++) {
        struct plan_column column = like.columns[i];
        struct plan_part *part = NULL;
        struct group_keys keys;

        if (group_take(work, shape->injection, shape->scope, shape->groups, direct, column.column,
                       &keys))
            part = part_of_keys(draft, first, &like, &keys);
        if (part && is_of_sets(work, shape, &column)) {
            blur_column(shape, direct, &column);
            part->is_of_sets = true;
        }
        is_taken = part && add_to_part(work, part, &column);
    }
    if (is_taken)
        return true;
    *shape->injection->result = result;
    *shape->injection = before;
    draft->parts[first] = like;
    draft->count = first;
    return false;
}

/* ---- windows ---- */

/* Whether a column carries the bound fields of these tables of the top level, and nothing else. */
static bool
is_bound_alone(const struct plan_work *work, const struct carry *carry, const struct carry *shown)
{
    struct carry rest = *carry, due = {0};

    for (size_t i = 0; i < work->direct_count; i++)
        due.bound.fields[work->direct[i].show->kind % CATALOG_KINDS_MAX] |= shown->direct[i];
    if (memcmp(&rest.bound, &due.bound, sizeof(due.bound)) != 0)
        return false;
    rest.bound = (struct reach){{0}};
    return carry_is_empty(&rest);
}

static bool
draft_window(struct plan_work *work, const struct shape *shape, const struct output *output,
             size_t item, struct draft *draft)
{
    size_t first = draft->count;
    struct carry shown = {0};
    const PgQuery__FuncCall *call = window_call(work, shape->scope, shape->windows, item, &shown);

    if (!call || !output->carry || !is_bound_alone(work, output->carry, &shown))
        return false;
    for (size_t i = 0; i < work->direct_count; i++) {
        const struct plan_part like = draft_part(work, i);
        const struct plan_column column = {.column = (uint16_t)item,
                                           .is_lent = true,
                                           .is_certain =
                                               (shown.certain.shown & CERTAIN_DIRECT(i)) != 0,
                                           .fields = shown.direct[i]};
        struct plan_part *part;
        struct group_keys keys;

        if (shown.direct[i] == 0)
            continue;
        if (!window_take(work, shape->injection, shape->scope, shape->windows, call, i, &keys))
            return false;
        part = part_of_keys(draft, first, &like, &keys);
        if (!part || !add_to_part(work, part, &column))
            return false;
    }
    return draft->count > first;
}

void
draft_windows(struct plan_work *work, const struct shape *shape, struct draft *draft)
{
    size_t item = 0;

    if (!shape->windows || !shape->injection || shape->columns->is_open ||
        shape->columns->count != shape->windows->n_target_list || work->environment->asks_keys)
        return;
    for (struct output *o = shape->columns->first; o; o = o->next, item++) {
        struct injection before = *shape->injection;
        struct addition result = *shape->injection->result;
        struct draft draft_before = *draft;

        if (draft_window(work, shape, o, item, draft)) {
            shape->columns->rest.flags |= o->carry->flags;
            o->carry = NULL;
            continue;
        }
        *draft = draft_before;
        *shape->injection->result = result;
        *shape->injection = before;
    }
}

/* ---- groups of rows that come out of queries ---- */

static bool
draft_pool(struct plan_work *work, const struct shape *shape, unsigned bit, size_t item,
           const struct carry *rows, size_t first, struct draft *draft)
{
    const PgQuery__ResTarget *target = shape->groups->target_list[item]->res_target;
    uint32_t sure = rows->certain.shown & CERTAIN_OWN(bit);
    const struct plan_column column = {.column = (uint16_t)item,
                                       .is_lent = true,
                                       .is_certain = sure != 0,
                                       .tells_null = (sure & ~rows->certain.vague) != 0,
                                       .fields = rows->own[bit]};
    struct plan_part like = draft_inner_part(work, bit), *part;
    struct group_keys keys = {.keys = -1};
    struct taken_key taken;
    struct pool pool;

    if (!pool_rows(work, shape->scope, shape->groups, bit, target->val, &pool) ||
        !key_take_pool(work, shape->injection, &pool, &taken))
        return false;
    if (taken.is_united && like.key_type < CATALOG_KEY_NUMERIC)
        like.key_type = CATALOG_KEY_INT8;
    if (taken.view && !draft_use_view(taken.view, &like))
        return false;
    if (taken.view)
        like.relation = like.key_relation;
    keys.keys = taken.key;
    keys.origin = taken.origin;
    keys.is_one = pool.peak.value != NULL;
    part = part_of_keys(draft, first, &like, &keys);
    return part && add_to_part(work, part, &column);
}

/* What of a column is bound because its rows are groups of these. */
static bool
is_bound_by(const struct plan_work *work, const struct carry *carry, const struct carry *rows,
            uint64_t tables)
{
    struct reach due = {{0}};

    for (unsigned bit = 0; bit < CARRY_OWN_MAX; bit++)
        if (tables >> bit & 1)
            due.fields[work->inner_kinds[bit]] |= rows->own[bit];
    return carry->tables == 0 && memcmp(&carry->bound, &due, sizeof(due)) == 0;
}

/* A column's, all or none. */
static bool
draft_pools_of(struct plan_work *work, const struct shape *shape, struct output *output,
               size_t item, size_t first, struct draft *draft)
{
    const PgQuery__Node *target = shape->groups->target_list[item];
    struct carry rows = {0}, rest;
    uint64_t tables;

    if (!output->carry || reach_fields(&output->carry->bound) == 0 ||
        target->node_case != PG_QUERY__NODE__NODE_RES_TARGET || !target->res_target->val)
        return false;
    within_rows(work, shape->scope, target->res_target->val, &rows);
    memset(rows.direct, 0, sizeof(rows.direct));
    tables = pool_tables(work, &rows);
    if (tables == 0 || !is_bound_by(work, output->carry, &rows, tables))
        return false;
    for (unsigned bit = 0; bit < CARRY_OWN_MAX; bit++)
        if (tables >> bit & 1 && rows.own[bit] != 0 &&
            !draft_pool(work, shape, bit, item, &rows, first, draft))
            return false;
    if (!key_guard(work, shape->injection))
        return false;
    rest = *output->carry;
    rest.bound = (struct reach){{0}};
    shape->columns->rest.flags |= rest.flags;
    output->carry = carry_keep(work, &rest);
    return true;
}

void
draft_pools(struct plan_work *work, const struct shape *shape, struct draft *draft)
{
    size_t first = draft->count, item = 0;

    if (!shape->groups || !shape->injection || !shape->scope || shape->columns->is_open ||
        shape->columns->count != shape->groups->n_target_list || work->environment->asks_keys ||
        (distinct_is(shape->groups) && order_has_cut(shape->groups)))
        return;
    for (struct output *o = shape->columns->first; o; o = o->next, item++) {
        struct draft before = *draft;
        struct injection_mark mark;

        if (!injection_remember(work, shape->injection, &mark))
            return;
        if (!draft_pools_of(work, shape, o, item, first, draft)) {
            *draft = before;
            injection_go_back(shape->injection, &mark);
        }
    }
}

/* ---- queries in the list of targets ---- */

/* Whether a column carries these tables' fields, and nothing else but of the top level's. */
static bool
is_of_rows(const struct plan_work *work, const struct carry *carry, const struct sublink *sublink)
{
    struct reach due = {{0}}, is = carry->bound;

    reach_add(&is, &carry->inner);
    for (unsigned bit = 0; bit < CARRY_OWN_MAX; bit++)
        if (sublink->tables >> bit & 1)
            due.fields[work->inner_kinds[bit]] |= sublink->rows.own[bit];
    return memcmp(&is, &due, sizeof(due)) == 0;
}

static bool
draft_sublink(struct plan_work *work, const struct shape *shape, struct output *output, size_t item,
              size_t first, struct draft *draft)
{
    const PgQuery__Node *target = shape->windows->target_list[item];
    struct sublink sublink;
    struct carry rest;

    if (!output->carry || target->node_case != PG_QUERY__NODE__NODE_RES_TARGET ||
        !sublink_read(work, shape->scope, target->res_target->val, &sublink) ||
        !is_of_rows(work, output->carry, &sublink))
        return false;
    for (unsigned bit = 0; bit < CARRY_OWN_MAX; bit++) {
        uint32_t sure = sublink.rows.certain.shown & CERTAIN_OWN(bit);
        const struct plan_column column = {.column = (uint16_t)item,
                                           .is_lent = true,
                                           .is_certain = sure != 0,
                                           .fields = sublink.rows.own[bit]};
        struct plan_part like, *part;
        struct group_keys keys = {.keys = -1};
        int columns[2];

        if (!(sublink.tables >> bit & 1) || column.fields == 0)
            continue;
        if (!sublink_take(work, shape->injection, &sublink, bit, columns))
            return false;
        like = draft_inner_part(work, bit);
        keys.keys = columns[0];
        keys.origin = columns[1];
        part = part_of_keys(draft, first, &like, &keys);
        if (!part || !add_to_part(work, part, &column))
            return false;
    }
    rest = (struct carry){.flags = output->carry->flags, .is_text = output->carry->is_text};
    memcpy(rest.direct, output->carry->direct, sizeof(rest.direct));
    certainty_blur(&rest.certain);
    shape->columns->rest.flags |= rest.flags;
    output->carry = carry_keep(work, &rest);
    return true;
}

void
draft_sublinks(struct plan_work *work, const struct shape *shape, struct draft *draft)
{
    size_t first = draft->count, item = 0;

    if (!shape->windows || !shape->injection || !shape->scope || shape->columns->is_open ||
        shape->columns->count != shape->windows->n_target_list || work->environment->asks_keys)
        return;
    for (struct output *o = shape->columns->first; o; o = o->next, item++) {
        struct injection before = *shape->injection;
        struct addition result = *shape->injection->result;
        struct draft draft_before = *draft;

        if (draft_sublink(work, shape, o, item, first, draft))
            continue;
        *draft = draft_before;
        *shape->injection->result = result;
        *shape->injection = before;
    }
}
