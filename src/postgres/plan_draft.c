/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_draft.h"

#include "postgres/plan_call.h"
#include "postgres/plan_given.h"
#include "postgres/plan_union.h"
#include "postgres/plan_within.h"

static uint64_t
fields_in(const struct carry *carry, const struct share *share)
{
    if (!carry)
        return 0;
    switch (share->of) {
    case OF_DIRECT:
        return carry->direct[share->at];
    case OF_TABLE:
        return carry->own[share->at];
    case OF_REST: /* beside what is known of tables further inside */
        return carry->bound.fields[share->kind];
    case OF_BOUND:
        break;
    }
    return carry->bound.fields[share->kind] | carry->inner.fields[share->kind];
}

/* Whether fields of that table are in a column that may be another's. */
static bool
is_lent(const struct plan_work *work, const struct output *output, const struct share *share)
{
    return share->of == OF_TABLE ||
           (share->of == OF_DIRECT && output->entry != work->direct[share->at].entry);
}

/* The bit in certainties; 0: nobody is named by it. */
static uint32_t
certain_bit(const struct share *share)
{
    switch (share->of) {
    case OF_DIRECT:
        return CERTAIN_DIRECT(share->at);
    case OF_TABLE:
        return CERTAIN_OWN(share->at);
    default:
        return 0;
    }
}

void
draft_fill(struct plan_work *work, const struct outputs *columns, const struct share *share,
           struct plan_part *part)
{
    uint32_t bit = certain_bit(share);
    struct plan_column *kept;
    size_t count = 0;
    uint16_t at = 0;

    for (const struct output *o = columns->first; o; o = o->next) {
        uint64_t fields = fields_in(o->carry, share);

        part->fields |= fields;
        if (is_lent(work, o, share))
            part->loose_fields |= fields;
        count += fields != 0;
    }
    if (columns->is_open) {
        part->loose_fields |= fields_in(&columns->rest, share);
        part->fields |= part->loose_fields;
        return;
    }
    if (count == 0)
        return;
    kept = arena_new(work->keep, count, sizeof(*kept));
    if (!kept)
        return;
    part->columns = kept;
    for (const struct output *o = columns->first; o; o = o->next, at++) {
        uint64_t fields = fields_in(o->carry, share);

        if (fields)
            kept[part->column_count++] = (struct plan_column){
                .column = at,
                .is_lent = is_lent(work, o, share),
                .is_certain = !bit || o->carry->certain.shown & bit,
                .tells_null = !part->is_one &&
                              (!bit || o->carry->certain.shown & bit & ~o->carry->certain.vague),
                .is_outer = (o->carry->certain.outer & bit) != 0,
                .fields = fields,
                .stored = work->has_lent ? (struct plan_stored){0} : o->stored};
    }
}

struct plan_part
draft_part(const struct plan_work *work, size_t i)
{
    const struct direct *direct = &work->direct[i];

    return (struct plan_part){
        .kind = direct->show->kind % CATALOG_KINDS_MAX,
        .source = SOURCE_BOUND,
        .key_type = direct->show->key_type,
        .is_key_unique = direct->show->is_key_unique,
        .key_relation = direct->entry->relation->oid,
        .key_attribute = direct->show->key_column,
        .relation = direct->entry->relation->oid,
        .show = (uint16_t)(direct->show - direct->entry->relation->shows),
        .is_relation_alone = entry_is_alone(work, direct->entry->relation),
        .is_relation_certain = direct->entry->is_certain,
    };
}

struct plan_part
draft_inner_part(const struct plan_work *work, unsigned bit)
{
    const struct inner *inner = &work->inner[bit];
    const struct catalog_relation *relation = inner->entry->relation;
    bool is_called = call_is_table(work, inner->entry->range);

    return (struct plan_part){
        .kind = inner->show->kind % CATALOG_KINDS_MAX,
        .key_type = inner->show->key_type,
        .is_one_per_row = !inner->group,
        .is_array = inner->group != NULL,
        .is_one = inner->is_one,
        .is_derived = true,
        .is_key_unique = inner->show->is_key_unique,
        .key_relation = relation->oid,
        .key_attribute = inner->show->key_column,
        .relation = relation->oid,
        .show = (uint16_t)(inner->show - relation->shows),
        .is_of_call = is_called,
        .is_relation_certain = is_called || inner->entry->is_certain,
    };
}

/* ---- tables further inside ---- */

/* The tables that a bit stands for; UINT64_MAX: some of them have no share of their own. */
static uint64_t
tables_behind(const struct plan_work *work, unsigned bit)
{
    uint64_t tables = union_tables(work, bit);

    for (unsigned i = 0; i < work->inner_count; i++)
        if (tables >> i & 1 && work->inner[i].arms != 0)
            tables &= ~(UINT64_C(1) << i);
        else if (tables >> i & 1 && (!work->inner[i].entry || i >= CARRY_OWN_MAX))
            return UINT64_MAX;
    return tables;
}

/* All tables of a kind of which a result shows something. */
static uint64_t
tables_of_kind(const struct plan_work *work, const struct outputs *columns, unsigned kind)
{
    uint64_t shown = 0, tables = 0;

    for (const struct output *o = columns->first; o; o = o->next)
        if (o->carry)
            shown |= o->carry->tables;
    for (unsigned bit = 0; bit < work->inner_count; bit++)
        if (work->inner_kinds[bit] == kind && shown >> bit & 1)
            tables |= tables_behind(work, bit);
    return tables;
}

/* The server says that the key is a view's. */
bool
draft_use_view(const struct output *output, struct plan_part *part)
{
    if (!output->view->relation || !output->view->is_only)
        return false;
    part->key_relation = output->view->relation->oid;
    part->key_attribute = output->view_attribute;
    return true;
}

/* The key itself, where it is in the result; the server must say so. */
static bool
use_inner_output(const struct outputs *columns, uint64_t tables, struct plan_part *part)
{
    uint16_t at = 0;

    for (const struct output *o = columns->first; o; o = o->next, at++)
        if ((o->keys & tables) == tables) {
            part->source = SOURCE_OUTPUT;
            part->why = WHY_SHOWN;
            part->column = at;
            return !o->view || draft_use_view(o, part);
        }
    return false;
}

static bool
use_inner_hidden(struct plan_work *work, const struct shape *shape, uint64_t tables,
                 struct plan_part *part)
{
    struct taken_key taken;

    if (!shape->injection ||
        !key_take(work, shape->injection, shape->columns->query, tables, &taken))
        return false;
    part->source = SOURCE_HIDDEN;
    part->why = WHY_HIDDEN;
    part->column = (uint16_t)taken.key;
    part->has_origin = taken.origin >= 0;
    if (taken.view && !draft_use_view(taken.view, part))
        return false;
    if (taken.view && part->has_origin)
        part->relation = part->key_relation;
    if (!part->has_origin)
        return true;
    part->origin = (uint16_t)taken.origin;
    if ((!part->is_array || taken.is_united) && part->key_type < CATALOG_KEY_NUMERIC)
        part->key_type = CATALOG_KEY_INT8;
    return true;
}

/* Whether each column shows the same of both, and is as sure of it. */
static bool
is_alike(const struct outputs *columns, unsigned a, unsigned b)
{
    for (const struct output *o = columns->first; o; o = o->next) {
        const struct certainty *sure = o->carry ? &o->carry->certain : NULL;
        uint32_t differ;

        if (!o->carry)
            continue;
        differ = (sure->shown >> a ^ sure->shown >> b) | (sure->strict >> a ^ sure->strict >> b) |
                 (sure->vague >> a ^ sure->vague >> b) | (sure->absent >> a ^ sure->absent >> b);
        if (o->carry->own[a] != o->carry->own[b] || (o->carry->own[a] != 0 && differ & 1))
            return false;
    }
    return true;
}

/* Those of these tables that can share a key with one of them: no row is of two of them. */
static uint64_t
mates_of(const struct plan_work *work, const struct outputs *columns, unsigned bit, uint64_t tables)
{
    uint64_t pair = union_pairs(work, bit), mates = UINT64_C(1) << bit;

    for (unsigned i = bit + 1; i < CARRY_OWN_MAX; i++)
        if (tables >> i & 1 && (pair & union_pairs(work, i)) != 0 && !work->inner[i].group &&
            !work->inner[i].is_in_view && !work->inner[bit].is_in_view && !work->inner[bit].group &&
            work->inner[i].show == work->inner[bit].show &&
            work->inner[i].entry->is_certain == work->inner[bit].entry->is_certain &&
            is_alike(columns, bit, i))
            mates |= UINT64_C(1) << i;
    return mates;
}

/* The part of one of them, and of those that it shares its key with. */
static bool
draft_table(struct plan_work *work, const struct shape *shape, uint64_t tables, struct draft *draft)
{
    unsigned bit = (unsigned)__builtin_ctzll(tables);
    struct plan_part *part = &draft->parts[draft->count], plain;

    *part = draft_inner_part(work, bit);
    draft_fill(work, shape->columns, &(struct share){.of = OF_TABLE, .at = bit}, part);
    if (part->fields == 0)
        return true;
    if (draft->count >= PLAN_PARTS_MAX || part->key_type == CATALOG_KEY_NONE)
        return false;
    if (!within_is_whole(work, shape->columns, bit))
        return false;
    plain = *part;
    if ((work->environment->asks_keys || !use_inner_output(shape->columns, tables, part)) &&
        !use_inner_hidden(work, shape, tables, part)) {
        *part = plain;
        if (!given_inner(work, shape, bit, part))
            return false;
    }
    draft->count++;
    return true;
}

/* All of a kind, or none: what is left would be bound by all of them. */
static bool
draft_kind(struct plan_work *work, const struct shape *shape, unsigned kind, struct draft *draft)
{
    uint64_t tables = tables_of_kind(work, shape->columns, kind);

    if (tables == 0 || tables == UINT64_MAX)
        return false;
    for (unsigned bit = 0; bit < CARRY_OWN_MAX; bit++) {
        uint64_t mates;

        if (!(tables >> bit & 1))
            continue;
        mates = mates_of(work, shape->columns, bit, tables);
        if (!draft_table(work, shape, mates, draft))
            return false;
        tables &= ~mates;
    }
    draft->known |= UINT64_C(1) << kind;
    return true;
}

/* Kind by kind. False where columns were added in vain. */
static bool
draft_kinds(struct plan_work *work, const struct shape *shape, struct draft *draft)
{
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++) {
        size_t numbers = shape->injection ? shape->injection->numbers : 0;
        struct draft tried = *draft;

        if (draft_kind(work, shape, kind, &tried))
            *draft = tried;
        else if (shape->injection && shape->injection->numbers != numbers)
            return false;
    }
    return !shape->injection || key_guard(work, shape->injection);
}

/* False where nothing was drafted, or (`needs_groups`) not all groups further inside were. */
static bool
try_inner(struct plan_work *work, const struct shape *shape, bool needs_groups, struct draft *draft)
{
    struct injection *injection = shape->injection, before;
    struct draft draft_before = *draft;
    struct addition result;
    bool is_tried;

    if (injection) {
        before = *injection;
        result = *injection->result;
    }
    is_tried = draft_kinds(work, shape, draft);
    for (unsigned kind = 0; is_tried && needs_groups && kind < CATALOG_KINDS_MAX; kind++)
        is_tried = draft->known >> kind & 1 || !within_shows(work, shape->columns, kind);
    if (is_tried)
        return true;
    *draft = draft_before;
    if (injection) {
        *injection = before;
        *injection->result = result;
    }
    return false;
}

void
draft_inner(struct plan_work *work, const struct shape *shape, struct draft *draft)
{
    bool has_groups = false;

    if (!shape->columns->query || shape->columns->is_open)
        return;
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++)
        has_groups |= within_shows(work, shape->columns, kind);
    if (try_inner(work, shape, has_groups, draft) || !has_groups)
        return;
    within_lose_all(work, shape->columns);
    (void)try_inner(work, shape, false, draft);
}
