/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The showings that a worker has made, by statement and RowDescription: the same statement answers
 * with the same columns nearly always, and then its showing is there already.
 *
 * A direct-mapped table: a new one takes the place of what falls to the same spot; who still reads
 * a result by the former one holds it. Owned by the worker.
 */
#ifndef PASU_GATE_SHOWING_TABLE_H
#define PASU_GATE_SHOWING_TABLE_H

#include "postgres/showing.h"

enum { SHOWING_TABLE_SIZE = 2048 };

struct showing_entry {
    uint32_t holders;
    bool is_named;     /* made of showing_new_named */
    struct plan *plan; /* held: the statement is in it */
    const struct plan_statement *statement;
    size_t body_length; /* of the description's first part */
    struct view
        description; /* the body of the RowDescription, and what Bind says of formats; owned */
    struct showing *showing;
    const struct copy_format *copy; /* rows of a COPY: how they are written (the plan's) */
    bool needs_values;              /* whom a row shows depends on what is null in it */
    bool is_keys_alone; /* of such a row: its other columns cannot be told apart, and count as clear
                         */
    uint8_t *roles;     /* of each column: SHOWING_ROLE_…; in the same block */
    uint64_t wanted[PLAN_PARTS_MAX]; /* all fields that the part's columns can show */
    uint16_t last_key;               /* the highest column that is a key */
    bool has_arrays;                 /* of keys */
    bool has_groups; /* a value can be of several persons, and hold nulls that are not a row's */
    int8_t only_key; /* the part whose key is the only one that rows have, and a number; else -1 */
};

/* Whether one value can be of several of the part's persons, also of some whose own is null: arrays
 * of keys that are asked for beside it leave those out. */
static inline bool
showing_is_grouped(const struct showing_part *part)
{
    return (part->is_array && part->source == SOURCE_OUTPUT) || part->source == SOURCE_PINNED ||
           part->source == SOURCE_SHADOW;
}

enum { SHOWING_ROLE_KEY = 1, SHOWING_ROLE_FIELDS = 2 };

struct showing_table {
    struct showing_entry *entries[SHOWING_TABLE_SIZE];
    struct row_column columns[SHOWING_COLUMNS_MAX]; /* while one is made */
};

void showing_table_release(struct showing_table *table);
/* Lets go of those whose plans' catalogs are superseded. */
void showing_table_sweep(struct showing_table *table);
/*
 * The showing for a statement of `plan` and the body of a RowDescription (empty: nothing is known
 * of the columns), with the format codes that a Bind asked for (empty: those of the body count).
 * `is_named`: see showing_new_named.
 * Held: showing_entry_release it. PASU_E_NOMEM; PASU_E_MALFORMED where the body is no
 * RowDescription.
 */
PASU_MUST_USE int showing_table_get(struct showing_table *table, struct plan *plan,
                                    const struct plan_statement *statement, struct view body,
                                    struct view results, bool is_named,
                                    struct showing_entry **entry);
/* For a COPY's rows: `formats` are the codes that CopyOutResponse has, two bytes a column. It is in
 * no table. PASU_E_NOMEM; PASU_E_RANGE: more columns than there can be. */
PASU_MUST_USE int showing_entry_copy(struct showing_table *table, struct plan *plan,
                                     const struct plan_statement *statement, struct view formats,
                                     struct showing_entry **entry);
void showing_entry_release(struct showing_entry *entry); /* NULL is allowed */

/* The columns of a RowDescription. PASU_E_MALFORMED; PASU_E_RANGE: more than `size`. */
PASU_MUST_USE int showing_read_columns(struct row_column *columns, size_t size, struct view body,
                                       struct view results, size_t *count);

#endif
