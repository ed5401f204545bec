/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_pool.h"

#include "postgres/plan_distinct.h"
#include "postgres/plan_group_shown.h"
#include "postgres/plan_union.h"
#include "postgres/plan_within.h"

uint64_t
pool_tables(const struct plan_work *work, const struct carry *carry)
{
    uint64_t tables = 0;

    for (size_t i = 0; i < PLAN_PARTS_MAX; i++)
        if (carry->direct[i] != 0)
            return 0;
    if (reach_fields(&carry->bound) != 0 || within_has_groups(work, carry->tables))
        return 0;
    for (unsigned i = 0; i < work->inner_count; i++)
        if (carry->tables >> i & 1)
            tables |= union_tables(work, i);
    for (unsigned i = 0; i < work->inner_count; i++) {
        if (!(tables >> i & 1))
            continue;
        if (work->inner[i].arms != 0)
            tables &= ~(UINT64_C(1) << i);
        else if (!work->inner[i].entry || !work->inner[i].show || i >= CARRY_OWN_MAX)
            return 0;
    }
    return tables;
}

const struct entry *
pool_entry(const struct plan_work *work, const struct scope *scope, unsigned bit)
{
    uint64_t pairs = union_pairs(work, bit);

    for (const struct entry *e = scope->entries; e; e = e->next) {
        if (e->relation && e->tables >> bit & 1)
            return e;
        for (const struct output *o = e->columns.first; o && (e->query || e->relation); o = o->next)
            if (o->carry && o->carry->tables & pairs)
                return e;
    }
    return NULL;
}

bool
pool_rows(struct plan_work *work, const struct scope *scope, const PgQuery__SelectStmt *select,
          unsigned bit, const PgQuery__Node *value, struct pool *pool)
{
    struct shown shown = {.work = work,
                          .scope = scope,
                          .entry = pool_entry(work, scope, bit),
                          .show = work->inner[bit].show,
                          .place = bit,
                          .is_inner = true,
                          .is_pooled = true,
                          .select = select};

    if (!shown.entry || shown.entry->columns.is_open || shown.show->key_part_count > 0 ||
        shown.show->key_type == CATALOG_KEY_NONE || !shown_add(&shown, value))
        return false;
    *pool = (struct pool){scope, UINT64_C(1) << bit, shown.rows, shown.peak,
                          (select->n_group_clause == 0 && select->n_distinct_clause == 0) ||
                              distinct_is_ordered(select)};
    return true;
}
