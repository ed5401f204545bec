/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transaction's own code: what it has made that can run, or carry rows on, and that no snapshot
 * will show if it is gone before the transaction's end.
 *
 *      CREATE FUNCTION f … INSERT INTO t VALUES (NEW.name)    f fills t
 *      CREATE TRIGGER … ON customers … f()                    f is given rows of customers
 *      DROP FUNCTION f CASCADE                                and t has names in it for good
 *
 * Statements are seen one by one, with what their plans say that they make. A thing that names
 * another one gets what comes out of it and, where it is called, gives it what it has. Tables that
 * one fills hold all of that. Nobody asks whether, or in which order, anything ran: what is there
 * counts as run, as it does in a snapshot. Names are compared without their schema.
 *
 * Of one session.
 */
#ifndef PASU_POSTGRES_FRESH_H
#define PASU_POSTGRES_FRESH_H

#include "postgres/plan.h"

enum { FRESH_THINGS_MAX = 4096 };

/* A table that can have been filled. */
struct fresh_mark {
    char schema[CATALOG_NAME_SIZE], name[CATALOG_NAME_SIZE]; /* schema "": any */
    uint64_t fields, kinds;                                  /* what code can have put there */
    uint64_t told_fields, told_kinds; /* of these, what the session doubts already */
    uint64_t sent_fields, sent_kinds; /* and what everybody knows of */
    uint64_t held_fields, held_kinds; /* and what statements have written there */
};

struct fresh_thing;
struct fresh_link {
    uint16_t user, used; /* places of things: one names the other */
};

struct fresh {
    struct fresh_thing *things; /* memory_free */
    size_t thing_count;
    struct fresh_link *links; /* memory_free */
    size_t link_count, link_size;
    struct fresh_mark *marks; /* memory_free */
    size_t mark_count, mark_size;
    struct plan **plans; /* held: of the things */
    size_t plan_count;
    bool is_kept; /* some of it is committed, though no snapshot shows it yet */
    bool is_full; /* there is more than is known of: every table that is filled can hold all */
};

/* A statement of the transaction. PASU_E_NOMEM. */
PASU_MUST_USE int fresh_see(struct fresh *fresh, struct plan *plan,
                            const struct plan_statement *statement, const struct catalog *catalog);
/* Whether a statement can matter to it. */
static inline bool
fresh_is_due(const struct fresh *fresh, const struct plan_statement *statement)
{
    return fresh->thing_count > 0 || fresh->mark_count > 0 || statement->fresh ||
           statement->mark.fields;
}
static inline bool
fresh_is_empty(const struct fresh *fresh)
{
    return fresh->thing_count == 0 && fresh->mark_count == 0;
}
void fresh_clear(struct fresh *fresh);

#endif
