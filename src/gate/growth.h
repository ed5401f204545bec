/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subjects that sessions have inserted through the gate, and that no count of the catalog's has in
 * it yet: an upper bound must hold for them at once, also in the transaction that inserted them.
 *
 *      session   INSERT 0 500      total += 500, open += 500
 *                its transaction's end          open -= 500
 *      poll      takes total - open, has rows counted, and then says that these are seen
 *      bound     population + total - seen
 *
 * By the command tags of statements that name a subject's table. What triggers, functions, and
 * sessions past the gate insert shows in the server's statistics, some seconds later.
 *
 * One for all catalog places that are one database, so kinds are by their slots (exposure/kinds.h),
 * which are the same under all settings; what is seen is of a snapshot, of which a statement that
 * is underway can have an older one than the place. For any thread; a session's own share is its
 * worker's.
 */
#ifndef PASU_GATE_GROWTH_H
#define PASU_GATE_GROWTH_H

#include "postgres/catalog.h"
#include "postgres/plan.h"

struct growth {
    _Atomic uint64_t total[CATALOG_KINDS_MAX], open[CATALOG_KINDS_MAX];
};

/* Of one session's transaction. */
struct growth_share {
    bool is_any;
    uint64_t rows[CATALOG_KINDS_MAX];
};

/* A statement has succeeded with this tag. `catalog` and `statement` may be NULL; `slots` are of
 * the catalog's kinds. */
void growth_add(struct growth *growth, struct growth_share *share, const struct catalog *catalog,
                const uint8_t slots[CATALOG_KINDS_MAX], const struct plan_statement *statement,
                struct view tag);
/* The session's transaction is over. */
void growth_settle(struct growth *growth, struct growth_share *share);
/* How many more of a slot's kind there can be than are seen. */
uint64_t growth_of(const struct growth *growth, const struct catalog_seen *seen, uint8_t slot);

/* What is committed, before rows are counted: `total` of all, `fresh` of it is not seen yet. */
struct growth_sight {
    uint64_t total[CATALOG_KINDS_MAX], fresh[CATALOG_KINDS_MAX];
};
void growth_look(const struct growth *growth, const struct catalog_seen *seen,
                 struct growth_sight *sight);
/* `fresh` by the kinds that have these slots. */
void growth_fresh(const struct growth_sight *sight, const uint8_t slots[CATALOG_KINDS_MAX],
                  uint64_t fresh[CATALOG_KINDS_MAX]);
/* It is counted. */
void growth_counted(struct catalog_seen *seen, const struct growth_sight *sight);

#endif
