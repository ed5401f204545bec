/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_within.h"

#include "postgres/plan_group.h"
#include "postgres/plan_lineage.h"
#include "postgres/plan_pool.h"

/* ---- what changes ---- */

static void
look_for_change(void *context, const ProtobufCMessage *message)
{
    static const ProtobufCMessageDescriptor *const changes[] = {
        &pg_query__insert_stmt__descriptor, &pg_query__update_stmt__descriptor,
        &pg_query__delete_stmt__descriptor, &pg_query__merge_stmt__descriptor,
        &pg_query__into_clause__descriptor};
    bool *changes_something = context;

    for (size_t i = 0; i < COUNT_OF(changes); i++)
        *changes_something |= message->descriptor == changes[i];
    if (!*changes_something)
        sql_each_child(message, look_for_change, context);
}

bool
within_only_reads(const ProtobufCMessage *query)
{
    bool changes_something = false;

    look_for_change(&changes_something, query);
    return !changes_something;
}

/* ---- what is lost ---- */

static uint64_t
groups_in(const struct plan_work *work, uint64_t tables, bool is_aggregate)
{
    uint64_t groups = 0;

    for (size_t i = 0; tables && i < work->inner_count; i++)
        if (tables >> i & 1 && work->inner[i].group &&
            (!is_aggregate || work->inner[i].is_aggregate))
            groups |= UINT64_C(1) << i;
    return groups;
}

uint64_t
within_groups(const struct plan_work *work, uint64_t tables)
{
    return groups_in(work, tables, false);
}

bool
within_has_groups(const struct plan_work *work, uint64_t tables)
{
    return groups_in(work, tables, false) != 0;
}

static uint64_t
tables_of_kind(const struct plan_work *work, uint64_t tables, unsigned kind)
{
    for (size_t i = 0; tables && i < work->inner_count; i++)
        if (work->inner_kinds[i] != kind)
            tables &= ~(UINT64_C(1) << i);
    return tables;
}

static void
lose(const struct plan_work *work, struct carry *carry, uint64_t groups)
{
    if (groups == 0)
        return;
    carry->tables &= ~groups;
    for (unsigned i = 0; i < work->inner_count; i++) {
        unsigned kind = work->inner_kinds[i];

        if (!(groups >> i & 1))
            continue;
        carry->bound.fields[kind] |= i < CARRY_OWN_MAX ? carry->own[i] : carry->inner.fields[kind];
        if (i < CARRY_OWN_MAX)
            carry->own[i] = 0;
    }
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++)
        if (tables_of_kind(work, carry->tables, kind) == 0) {
            carry->bound.fields[kind] |= carry->inner.fields[kind];
            carry->inner.fields[kind] = 0;
        }
}

void
within_lose_parts(const struct plan_work *work, struct carry *carry, uint64_t whole)
{
    lose(work, carry, groups_in(work, carry->tables, true) & ~whole);
}

uint64_t
within_blur_parts(const struct plan_work *work, struct carry *carry)
{
    uint64_t groups = groups_in(work, carry->tables, true);

    for (unsigned i = 0; i < work->inner_count && i < CARRY_OWN_MAX; i++) {
        uint32_t bit = groups >> i & 1 && !work->inner[i].is_one ? CERTAIN_OWN(i) : 0;

        carry->certain.shown &= ~bit;
        carry->certain.strict &= ~bit;
        carry->certain.vague |= bit;
        carry->certain.absent |= bit;
    }
    return groups;
}

void
within_lose(const struct plan_work *work, struct carry *carry)
{
    lose(work, carry, groups_in(work, carry->tables, false));
}

void
within_lose_all(struct plan_work *work, struct outputs *columns)
{
    for (struct output *o = columns->first; o && work_spend(work, 1); o = o->next)
        if (o->carry && within_has_groups(work, o->carry->tables)) {
            struct carry carry = *o->carry;

            within_lose(work, &carry);
            o->carry = carry_keep(work, &carry);
            o->groups = 0;
        }
}

bool
within_shows(const struct plan_work *work, const struct outputs *columns, unsigned kind)
{
    for (const struct output *o = columns->first; o; o = o->next)
        if (o->carry && tables_of_kind(work, groups_in(work, o->carry->tables, false), kind) != 0)
            return true;
    return false;
}

bool
within_is_whole(const struct plan_work *work, const struct outputs *columns, unsigned bit)
{
    for (const struct output *o = columns->first; o; o = o->next)
        if (o->carry && o->carry->tables >> bit & 1 && work->inner[bit].is_aggregate &&
            !(o->groups >> bit & 1))
            return false;
    return true;
}

/* ---- what is known ---- */

void
within_end_rows(struct plan_work *work, const struct plan_work *before)
{
    work->keeps_rows = before->keeps_rows;
    work->has_probe = before->has_probe;
    work->has_pin = before->has_pin;
    work->has_test = before->has_test;
    work->has_given = before->has_given;
    work->has_stray = before->has_stray;
    work->references = before->references;
    work->constants = before->constants;
    work->sublinks = before->sublinks;
    work->reference_depths = before->reference_depths;
}

void
within_rows(struct plan_work *work, const struct scope *scope, const PgQuery__Node *value,
            struct carry *carry)
{
    struct plan_work before = *work;

    work->keeps_rows = true;
    expression_carry(work, scope, value, carry);
    within_end_rows(work, &before);
}

/* Whether what is written of both is the same. */
static bool
is_same_group(const struct inner *inner, const struct group_within *within)
{
    const struct pool *a = inner->pool, *b = within->pool;

    if (!a || !b)
        return !a && !b && strcmp(inner->keys, within->keys) == 0;
    if (a->scope != b->scope || a->table != b->table || a->rows.count != b->rows.count ||
        strcmp(a->rows.filter ? a->rows.filter : "", b->rows.filter ? b->rows.filter : "") != 0 ||
        strcmp(a->peak.value ? a->peak.value : "", b->peak.value ? b->peak.value : "") != 0 ||
        a->peak.is_max != b->peak.is_max)
        return false;
    for (size_t i = 0; i < a->rows.count; i++)
        if (strcmp(a->rows.values[i], b->rows.values[i]) != 0)
            return false;
    return true;
}

/* The bit of a group, made if there is none; -1 where there is no room. */
static int
bit_of_group(struct plan_work *work, const struct query *query, unsigned table,
             const struct group_within *within)
{
    struct inner *inner = work->inner;
    const struct inner of = work->inner[table];

    for (size_t i = 0; i < work->inner_count && i < CARRY_OWN_MAX; i++)
        if (inner[i].group == query && inner[i].entry == of.entry && inner[i].show == of.show &&
            inner[i].is_aggregate == within->is_aggregate && is_same_group(&inner[i], within))
            return (int)i;
    if (work->inner_count >= CARRY_OWN_MAX ||
        inner_table(work, of.show->kind % CATALOG_KINDS_MAX) == 0)
        return -1;
    inner[work->inner_count - 1] = (struct inner){.entry = of.entry,
                                                  .show = of.show,
                                                  .group = query,
                                                  .keys = within->keys,
                                                  .origin = within->origin,
                                                  .pool = within->pool,
                                                  .is_aggregate = within->is_aggregate,
                                                  .is_one = within->is_one};
    return (int)work->inner_count - 1;
}

/* Whether the keys of these tables are columns: then a group is of one person of each. */
static bool
has_keys(const struct outputs *columns, uint64_t tables)
{
    uint64_t keys = 0;

    for (const struct output *o = columns->first; o; o = o->next)
        keys |= o->keys;
    return (tables & ~keys) == 0;
}

/* How sure it is that a value of a group shows those whose keys it has: as sure as of its rows one
 * by one. An aggregate is null where it has no value of a row, and then there are no keys. */
static void
certify(struct certainty *certain, unsigned bit, const struct certainty *rows, unsigned table,
        bool is_aggregate)
{
    certain->shown |= (rows->shown >> table & 1) << bit;
    certain->strict |= (rows->strict >> table & 1) << bit;
    if (is_aggregate || !(rows->vague >> table & 1))
        certain->vague &= ~CERTAIN_OWN(bit);
    if (is_aggregate || !(rows->absent >> table & 1))
        certain->absent &= ~CERTAIN_OWN(bit);
}

static bool
take_column(struct plan_work *work, const struct query *query, const PgQuery__Node *target,
            const struct outputs *columns, struct output *output)
{
    const PgQuery__Node *value =
        target->node_case == PG_QUERY__NODE__NODE_RES_TARGET ? target->res_target->val : NULL;
    struct carry rows = {0}, carry = {.tables = 0};
    uint64_t tables;

    if (!value)
        return false;
    within_rows(work, query->scope, value, &rows);
    tables = pool_tables(work, &rows);
    if (tables == 0 || !carry_covers(&rows, output->carry))
        return false;
    if (group_is_alike(work, value) && has_keys(columns, rows.tables)) {
        output->carry = carry_keep(work, &rows);
        return true;
    }
    if (query->is_fixed)
        return false;
    carry.flags = output->carry->flags | rows.flags;
    carry.is_text = output->carry->is_text;
    certainty_blur(&carry.certain);
    for (unsigned i = 0; i < CARRY_OWN_MAX; i++) {
        struct group_within within;
        int bit;

        if (!(tables >> i & 1))
            continue;
        if (!group_within(work, query, i, target, &within))
            return false;
        bit = bit_of_group(work, query, i, &within);
        if (bit < 0)
            return false;
        carry.tables |= UINT64_C(1) << bit;
        certify(&carry.certain, (unsigned)bit, &rows.certain, i, within.is_aggregate);
        carry.own[bit] |= rows.own[i];
        carry.inner.fields[work->inner_kinds[bit]] |= rows.own[i];
    }
    if (!carry_covers(&carry, output->carry))
        return false;
    output->carry = carry_keep(work, &carry);
    output->groups = carry.tables;
    return true;
}

void
within_take(struct plan_work *work, struct outputs *columns)
{
    const struct query *query = columns->groups;
    struct output *output = columns->first;

    columns->groups = NULL;
    if (!query || columns->is_open || columns->count != query->target_count)
        return;
    for (size_t i = 0; i < query->target_count && output; i++, output = output->next)
        if (output->carry && work_spend(work, 1) &&
            take_column(work, query, query->targets[i], columns, output))
            columns->query = query;
}

void
within_take_arm(struct plan_work *work, struct outputs *columns)
{
    const struct query *query = columns->groups;

    within_take(work, columns);
    if (query && !query->is_fixed && !columns->query && !columns->is_open &&
        columns->count == query->target_count)
        columns->query = query;
}
