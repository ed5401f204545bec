/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subjects that sessions have inserted through the gate, and that no count of the catalog's has in
 * it yet: an upper bound must hold for them at once, also in the transaction that inserted them.
 *
 *      session   INSERT 0 500      total += 500, open += 500
 *                its transaction's end          open -= 500
 *      poll      takes total - open, has rows counted, and then says that these are counted
 *      bound     population + total - counted
 *
 * By the command tags of statements that name a subject's table. What triggers, functions, and
 * sessions past the gate insert shows in the server's statistics, some seconds later.
 *
 * One a catalog place, for any thread; a session's own share is its worker's.
 */
#ifndef PASU_GATE_GROWTH_H
#define PASU_GATE_GROWTH_H

#include "postgres/catalog.h"
#include "postgres/plan.h"

struct growth {
    _Atomic uint64_t total[CATALOG_KINDS_MAX], open[CATALOG_KINDS_MAX], counted[CATALOG_KINDS_MAX];
};

/* Of one session's transaction. */
struct growth_share {
    bool is_any;
    uint64_t rows[CATALOG_KINDS_MAX];
};

/* A statement has succeeded with this tag. `catalog` and `statement` may be NULL. */
void growth_add(struct growth *growth, struct growth_share *share, const struct catalog *catalog,
                const struct plan_statement *statement, struct view tag);
/* The session's transaction is over. */
void growth_settle(struct growth *growth, struct growth_share *share);
/* How many more of a kind there can be than were counted. */
uint64_t growth_of(const struct growth *growth, uint8_t kind);

/* What is committed, before rows are counted: `total` of all, `fresh` of it is not counted yet. */
struct growth_sight {
    uint64_t total[CATALOG_KINDS_MAX], fresh[CATALOG_KINDS_MAX];
};
void growth_look(const struct growth *growth, struct growth_sight *sight);
/* It is counted. */
void growth_counted(struct growth *growth, const struct growth_sight *sight);

#endif
