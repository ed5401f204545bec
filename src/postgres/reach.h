/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far something reaches: which fields, of which kinds of subjects.
 *
 * A `reach` is a set. A `carry` is what an expression or a column carries, by how much is known:
 *
 *   direct   fields of rows of the top level's own tables, each told apart by its table and kind
 *            (places in the planner's list)
 *   inner    fields of one row of a table further inside: nobody can say whose, but a row of the
 *            result shows at most one person of each such table (`tables`: bits, one for each table
 *            and kind); of the first CARRY_OWN_MAX of these, `own` says which fields are whose
 *   bound    all else: a row can show any number of persons
 *
 * Of tables that are told apart a carry also says how sure it is (`certain`) that a value shows the
 * person: "phone = $1" is null where the phone is; "phone = $1 OR grade > 2" can be true whatever
 * the phone is; and "phone || note" null.
 */
#ifndef PASU_POSTGRES_REACH_H
#define PASU_POSTGRES_REACH_H

#include "postgres/plan.h"

struct reach {
    uint64_t fields[CATALOG_KINDS_MAX]; /* by kind */
};

enum { CARRY_OWN_MAX = 16 };

/* Sets of tables: bits of `own`, and behind them those of `direct`. */
struct certainty {
    uint32_t shown;  /* the value surely depends on what is shown of the table's row */
    uint32_t strict; /* and is null where all of that is */
    uint32_t vague; /* that it is null can come of something else; of others than `shown` it may not
                       say so */
    uint32_t absent; /* the same, but that an aggregate is null where all that it is made of is
                        counts as theirs: what then is made of a null need not show them */
    uint32_t outer;  /* that it is null can come of an outer join, beside the very row */
};
/* That it is null can come of anything. */
#define CERTAIN_VAGUE                                                                              \
    {                                                                                              \
        .vague = UINT32_MAX, .absent = UINT32_MAX                                                  \
    }
#define CERTAIN_OWN(bit)      (UINT32_C(1) << (bit))
#define CERTAIN_DIRECT(place) (UINT32_C(1) << (CARRY_OWN_MAX + (place)))

struct carry {
    struct reach bound, inner;
    uint64_t tables;
    uint64_t direct[PLAN_PARTS_MAX];
    uint64_t own[CARRY_OWN_MAX]; /* by the table's bit */
    struct certainty certain;
    uint32_t flags; /* enum plan_flag */
    bool is_text;   /* some of it is neither a number nor a time: its order tells who it is */
};

static inline void
reach_add(struct reach *into, const struct reach *from)
{
    for (size_t i = 0; i < CATALOG_KINDS_MAX; i++)
        into->fields[i] |= from->fields[i];
}

/* The fields may be of any of the kinds. */
static inline void
reach_add_all(struct reach *into, uint64_t kinds, uint64_t fields)
{
    for (size_t i = 0; i < CATALOG_KINDS_MAX; i++)
        if (kinds >> i & 1)
            into->fields[i] |= fields;
}

static inline uint64_t
reach_fields(const struct reach *reach)
{
    uint64_t fields = 0;

    for (size_t i = 0; i < CATALOG_KINDS_MAX; i++)
        fields |= reach->fields[i];
    return fields;
}

static inline uint64_t
reach_kinds(const struct reach *reach)
{
    uint64_t kinds = 0;

    for (size_t i = 0; i < CATALOG_KINDS_MAX; i++)
        if (reach->fields[i])
            kinds |= UINT64_C(1) << i;
    return kinds;
}

/* Whether all of `part` is in `whole`. */
static inline bool
reach_covers(const struct reach *whole, const struct reach *part)
{
    for (size_t i = 0; i < CATALOG_KINDS_MAX; i++)
        if (part->fields[i] & ~whole->fields[i])
            return false;
    return true;
}

static inline void
certainty_add(struct certainty *into, struct certainty from)
{
    into->shown |= from.shown;
    into->strict |= from.strict;
    into->vague |= from.vague;
    into->absent |= from.absent;
    into->outer |= from.outer;
}

static inline void
certainty_blur(struct certainty *certain)
{
    certain->vague = certain->absent = UINT32_MAX;
}

/* What is null can be made something that is not: then it surely shows only those whose null it is.
 */
static inline void
certainty_harden(struct certainty *certain)
{
    certain->shown &= ~certain->absent;
    certain->strict = 0;
}

static inline void
carry_add(struct carry *into, const struct carry *from)
{
    reach_add(&into->bound, &from->bound);
    reach_add(&into->inner, &from->inner);
    into->tables |= from->tables;
    for (size_t i = 0; i < PLAN_PARTS_MAX; i++)
        into->direct[i] |= from->direct[i];
    for (size_t i = 0; i < CARRY_OWN_MAX; i++)
        into->own[i] |= from->own[i];
    certainty_add(&into->certain, from->certain);
    into->flags |= from->flags;
    into->is_text |= from->is_text;
}

static inline bool
carry_is_empty(const struct carry *carry)
{
    uint64_t direct = 0;

    for (size_t i = 0; i < PLAN_PARTS_MAX; i++)
        direct |= carry->direct[i];
    return direct == 0 && reach_fields(&carry->bound) == 0 && reach_fields(&carry->inner) == 0;
}

/* Whether all that `part` is of is in `whole`, however much is known of it; how certain it is only
 * of tables of the top level (the others are new ones each time that they are read). */
static inline bool
carry_covers(const struct carry *whole, const struct carry *part)
{
    for (size_t i = 0; i < PLAN_PARTS_MAX; i++)
        if (part->direct[i] & ~whole->direct[i])
            return false;
    for (size_t i = 0; i < CATALOG_KINDS_MAX; i++)
        if ((part->bound.fields[i] | part->inner.fields[i]) &
            ~(whole->bound.fields[i] | whole->inner.fields[i]))
            return false;
    return (part->flags & ~whole->flags) == 0 &&
           (part->certain.shown & ~whole->certain.shown) >> CARRY_OWN_MAX == 0;
}

/* A row may now show many of what was one row's. */
static inline void
carry_widen(struct carry *carry)
{
    reach_add(&carry->bound, &carry->inner);
    memset(&carry->inner, 0, sizeof(carry->inner));
    memset(carry->own, 0, sizeof(carry->own));
    carry->certain.shown &= ~(CERTAIN_OWN(CARRY_OWN_MAX) - 1);
    carry->certain.strict &= carry->certain.shown;
    carry->tables = 0;
}

/* All that a catalog names; all there can be where there is none. */
static inline struct reach
reach_of_everything(const struct catalog *catalog)
{
    struct reach all = {{0}};

    if (catalog)
        reach_add_all(&all, catalog_all_kinds(catalog), catalog_all_fields(catalog));
    else
        reach_add_all(&all, UINT64_MAX, UINT64_MAX);
    return all;
}

/* What is in a relation at most: its mapping, kind by kind, and what else it is known to hold. */
static inline struct reach
reach_of_relation(const struct catalog_relation *relation)
{
    struct reach reach = {{0}};

    for (size_t i = 0; i < relation->show_count; i++)
        reach.fields[relation->shows[i].kind % CATALOG_KINDS_MAX] |= relation->shows[i].fields;
    if (relation->show_count == 0)
        reach_add_all(&reach, relation->kinds, relation->fields);
    reach_add_all(&reach, relation->marked_kinds, relation->marked_fields);
    return reach;
}

#endif
