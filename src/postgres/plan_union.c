/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_union.h"

#include "postgres/plan_distinct.h"
#include "postgres/plan_within.h"

/* ---- pairs ---- */

uint64_t
union_tables(const struct plan_work *work, unsigned bit)
{
    uint64_t tables = UINT64_C(1) << bit, before = 0;

    while (tables != before) {
        before = tables;
        for (unsigned i = 0; i < work->inner_count; i++)
            if (tables >> i & 1)
                tables |= work->inner[i].arms;
    }
    return tables;
}

uint64_t
union_pairs(const struct plan_work *work, unsigned bit)
{
    uint64_t pairs = UINT64_C(1) << bit, before = 0;

    while (pairs != before) {
        before = pairs;
        for (unsigned i = 0; i < work->inner_count; i++)
            if (work->inner[i].arms & pairs)
                pairs |= UINT64_C(1) << i;
    }
    return pairs;
}

static uint64_t
tables_of(const struct outputs *columns)
{
    uint64_t tables = columns->rest.tables;

    for (const struct output *o = columns->first; o; o = o->next)
        tables |= o->carry ? o->carry->tables : 0;
    return tables;
}

static void
use_table(struct plan_work *work, struct outputs *columns, uint64_t old, uint64_t new)
{
    for (struct output *o = columns->first; o && work_spend(work, 1); o = o->next) {
        if (o->keys & old)
            o->keys = (o->keys & ~old) | new;
        if (o->carry && o->carry->tables & old) {
            struct carry carry = *o->carry;

            carry.tables = (carry.tables & ~old) | new;
            o->carry = carry_keep(work, &carry);
        }
    }
}

/* Whether some of these two are rows of the same table. */
static bool
is_same_table(const struct plan_work *work, unsigned a, unsigned b)
{
    uint64_t left = union_tables(work, a), right = union_tables(work, b);

    for (unsigned i = 0; i < work->inner_count; i++)
        for (unsigned k = 0; left >> i & 1 && work->inner[i].show && k < work->inner_count; k++)
            if (right >> k & 1 && work->inner[k].show == work->inner[i].show)
                return true;
    return false;
}

/* The table of the other side that goes best with this one; 0: there is none left. */
static uint64_t
partner(const struct plan_work *work, unsigned a, uint64_t others)
{
    for (unsigned b = 0; b < work->inner_count; b++)
        if (others >> b & 1 && is_same_table(work, a, b))
            return UINT64_C(1) << b;
    return others & (~others + 1);
}

/* A pair that there is already takes the other one in. */
static bool
put_together(struct plan_work *work, struct outputs *left, struct outputs *right, uint64_t a,
             uint64_t b)
{
    uint64_t pair = 0;

    if (a != 0 && work->inner[__builtin_ctzll(a)].arms != 0)
        pair = a;
    else if (b != 0 && work->inner[__builtin_ctzll(b)].arms != 0)
        pair = b;
    else
        pair = inner_table(work, work->inner_kinds[__builtin_ctzll(a ? a : b)]);
    if (pair == 0)
        return false;
    work->inner[__builtin_ctzll(pair)].arms |= (a | b) & ~pair;
    use_table(work, left, a & ~pair, pair);
    use_table(work, right, b & ~pair, pair);
    return true;
}

/* Those whose partner is the same table first. */
static bool
put_kind_together(struct plan_work *work, struct outputs *left, struct outputs *right,
                  uint64_t sides[2])
{
    for (int pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < work->inner_count && sides[0] != 0; i++) {
            uint64_t a = UINT64_C(1) << i, b;

            if (!(sides[0] & a))
                continue;
            b = partner(work, i, sides[1]);
            if (pass == 0 && (b == 0 || !is_same_table(work, i, (unsigned)__builtin_ctzll(b))))
                continue;
            sides[0] &= ~a;
            sides[1] &= ~b;
            if (!put_together(work, left, right, a, b))
                return false;
        }
    for (unsigned i = 0; i < work->inner_count && sides[1] != 0; i++) {
        uint64_t b = sides[1] & (UINT64_C(1) << i);

        sides[1] &= ~b;
        if (b != 0 && !put_together(work, left, right, 0, b))
            return false;
    }
    return true;
}

static bool
put_side_by_side(struct plan_work *work, struct outputs *left, struct outputs *right)
{
    uint64_t tables[2] = {tables_of(left), tables_of(right)};
    uint64_t groups = within_groups(work, tables[0] | tables[1]);

    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++) {
        uint64_t of_kind = 0, sides[2];

        for (size_t i = 0; i < work->inner_count; i++)
            if (work->inner_kinds[i] == kind)
                of_kind |= UINT64_C(1) << i;
        for (size_t i = 0; i < 2; i++)
            sides[i] = tables[i] & of_kind & ~groups;
        if (!put_kind_together(work, left, right, sides))
            return false;
    }
    return true;
}

/* ---- columns ---- */

/* Of which tables a column's null need not tell. A row is of one arm: what shows nothing of a table
 * there says nothing of it. */
static struct certainty
null_of(const struct carry *carry)
{
    struct certainty none = CERTAIN_VAGUE, of;

    if (!carry)
        return none;
    of = carry->certain;
    of.vague |= ~of.shown;
    of.absent |= ~of.shown;
    return of;
}

/* Groups that a column shows a part of. */
static uint64_t
parts_of(const struct plan_work *work, const struct output *output)
{
    return output && output->carry ? within_groups(work, output->carry->tables) & ~output->groups
                                   : 0;
}

/* Of rows around it, to which both arms can refer, a row shows only what either arm does. */
static void
keep_common(struct certainty *sum, const struct carry *one, const struct carry *other)
{
    sum->shown = one && other ? one->certain.shown & other->certain.shown : 0;
    sum->strict &= sum->shown;
    sum->vague |= ~sum->shown;
    sum->absent |= ~sum->shown;
}

static void
unite(struct plan_work *work, struct output *c, const struct output *o, bool refers)
{
    struct certainty nulls[2] = {null_of(c->carry), null_of(o ? o->carry : NULL)};
    uint64_t parts = parts_of(work, c) | parts_of(work, o);
    struct carry sum = {0};

    if (c->carry)
        sum = *c->carry;
    if (o && o->carry)
        carry_add(&sum, o->carry);
    sum.certain.vague = nulls[0].vague & nulls[1].vague;
    sum.certain.absent = nulls[0].absent & nulls[1].absent;
    if (refers)
        keep_common(&sum.certain, c->carry, o ? o->carry : NULL);
    c->carry = carry_keep(work, &sum);
    c->entry = NULL;
    c->is_plain &= o && o->is_plain;
    c->is_key &= o && o->is_key;
    c->keys &= o ? o->keys : 0;
    c->groups = (c->groups | (o ? o->groups : 0)) & ~parts;
    stored_unite(&c->stored, o ? &o->stored : NULL);
    c->strict_type = o ? distinct_common_type(c->strict_type, o->strict_type) : 0;
}

void
union_columns(struct plan_work *work, struct outputs *columns, const struct outputs *other,
              bool refers)
{
    const struct output *o = other->first;

    columns->is_open |= other->is_open || columns->count != other->count;
    carry_add(&columns->rest, &other->rest);
    for (struct output *c = columns->first; c; c = c->next) {
        if (!work_spend(work, 1))
            return;
        unite(work, c, o, refers);
        o = o ? o->next : NULL;
    }
    if (columns->is_open) {
        outputs_carry(work, other, &columns->rest);
        outputs_blur(work, columns);
    }
}

/* As a mapping names it: nobody can have put together what is in it. */
static bool
is_of_mapped(const struct output *column)
{
    const struct catalog_relation *relation = column->entry ? column->entry->relation : NULL;

    return relation && relation->show_count > 0 && relation->marked_fields == 0;
}

/* A row of EXCEPT is equal to none of the right side. Where anybody can have made it up, of
 * somebody's value, too ('Kim-' || i || left(name, 0)), it tells whose values it is not, and keys
 * of rows say nothing of these. */
static bool
tells_others(struct plan_work *work, const struct outputs *left, const struct outputs *right)
{
    const struct output *l = left->first;

    if (left->is_open || right->is_open || left->count != right->count)
        return true;
    for (const struct output *r = right->first; r && l && work_spend(work, 1);
         r = r->next, l = l->next)
        if (r->carry && !carry_is_empty(r->carry) && !is_of_mapped(l))
            return true;
    return false;
}

void
union_query(struct plan_work *work, const struct scope *outer, const struct cte *ctes,
            const PgQuery__SelectStmt *select, struct outputs *columns)
{
    bool is_all = select->op == PG_QUERY__SET_OPERATION__SETOP_UNION && select->all;
    struct outputs right = {0};

    (void)query_columns(work, outer, ctes, select->larg, false, columns);
    (void)query_columns(work, outer, ctes, select->rarg, false, &right);
    if (is_all) {
        within_take_arm(work, columns);
        within_take_arm(work, &right);
    }
    columns->groups = NULL;
    if (!is_all || !put_side_by_side(work, columns, &right)) {
        outputs_widen(work, columns);
        outputs_widen(work, &right);
        columns->query = NULL;
    } else {
        columns->query = query_of_union(work, select, columns, &right);
    }
    if (!is_all)
        compare_rows(work, columns, &right, select->op != PG_QUERY__SET_OPERATION__SETOP_UNION);
    if (select->op == PG_QUERY__SET_OPERATION__SETOP_EXCEPT)
        work->tells_others |= tells_others(work, columns, &right);
    union_columns(work, columns, &right, outer != NULL);
}
