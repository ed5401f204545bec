/* SPDX-License-Identifier: Apache-2.0 */
/* A row while it is read, be it a DataRow (gather.c) or a row of a COPY (gather_copy.c), and many
 * of which only one key is read. */
#ifndef PASU_GATE_GATHER_COPY_H
#define PASU_GATE_GATHER_COPY_H

#include "gate/gather.h"

struct gather_row {
    const struct showing *showing;
    const struct copy_format *copy; /* NULL: a DataRow */
    const uint8_t *roles;
    struct view body;
    struct view keys[PLAN_PARTS_MAX];                  /* bytes NULL: null */
    struct view origins[PLAN_PARTS_MAX];               /* the same */
    struct view (*identities)[SHOWING_IDENTITIES_MAX]; /* by part, of a DataRow: all are read */
    struct view (*tuples)[CATALOG_KEY_PARTS_MAX];      /* by part: keys of several columns */
    uint32_t unread;                                   /* parts, of these: a value is not known */
    uint32_t shown;                                    /* parts of which a field is not null */
    uint32_t sure;   /* of these, where it is one that depends on the person */
    uint32_t absent; /* parts of which the row says that it is not */
};

static inline void
gather_see_fields(struct gather *g, struct gather_row *row, size_t column, bool is_null)
{
    const struct showing *s = row->showing;
    const uint64_t *fields = s->column_fields + column * s->part_count;

    for (size_t p = 0; p < s->part_count; p++) {
        if (!fields[p] || row->absent >> p & 1)
            continue;
        if (is_null) {
            g->null[p] |= fields[p];
        } else {
            g->clear[p] |= fields[p];
            row->shown |= 1u << p;
        }
    }
    if (!is_null)
        row->sure |= s->sure[column];
}

static inline void
gather_see_tuples(struct gather_row *row, size_t column, struct view value, bool is_known)
{
    const struct showing *s = row->showing;

    for (size_t p = 0; p < s->part_count; p++)
        for (size_t i = 0; i < s->parts[p].tuple; i++)
            if (s->parts[p].keys[i].column == column) {
                row->tuples[p][i] = value;
                row->unread |= is_known ? 0 : 1u << p;
            }
}

/* `is_known`: bytes NULL are a null, else it can be any value. */
static inline void
gather_see_key(struct gather_row *row, size_t column, struct view value, bool is_known)
{
    const struct showing *s = row->showing;

    if (PASU_UNLIKELY(s->has_tuples))
        gather_see_tuples(row, column, value, is_known);
    for (size_t p = 0; p < s->part_count; p++) {
        const struct showing_part *part = &s->parts[p];

        for (size_t i = 0; row->identities && i < part->identity_count; i++)
            if (part->identities[i].column == column)
                row->identities[p][i] = value;
        if (part->source != SOURCE_OUTPUT && part->source != SOURCE_HIDDEN)
            continue;
        if (part->column == column)
            row->keys[p] = value;
        if (part->has_origin && part->origin == column) { /* before what the client is shown */
            row->origins[p] = value;
            row->absent |= value.bytes ? 0 : 1u << p;
        }
    }
}

/* ---- many ---- */

/* Rows one behind the other of which nothing but the key of one part is to be read. Where the run
 * stands is put back into the gather when it ends. */
struct gather_run {
    struct gather *g;
    uint32_t *ordinals; /* the part's */
    uint64_t rows, last;
    size_t items, count;
    uint16_t kind;
    uint8_t part;
};

/* False where keys are not all that there is to read, or not all that there is to do about them. */
static inline bool
gather_run_begin(struct gather_run *run, struct gather *g, const struct showing_entry *entry,
                 const struct ordinals *ordinals)
{
    uint8_t kind;

    if (!g->is_saturated || entry->only_key < 0)
        return false;
    run->g = g;
    run->part = (uint8_t)entry->only_key;
    kind = entry->showing->parts[run->part].kind;
    if (ordinals->sealed >> kind & 1 || ordinals_are_known(ordinals, kind))
        return false;
    run->kind = ordinals->slots[kind];
    run->ordinals = g->ordinals[run->part];
    run->rows = g->rows;
    run->items = g->item_count;
    run->count = g->ordinal_counts[run->part];
    run->last = run->count > 0 ? run->ordinals[run->count - 1] : UINT64_MAX;
    return true;
}

static inline bool
gather_run_has_room(const struct gather_run *run)
{
    return run->items + 2 * PLAN_PARTS_MAX <= GATHER_ITEMS;
}

/* A row that will stand at `start`. */
static inline void
gather_run_add(struct gather_run *run, uint32_t ordinal, uint32_t start)
{
    struct gather *g = run->g;

    if (ordinal != run->last) {
        g->items[run->items] = (struct tally_item){ordinal, run->kind, 1};
        g->starts[run->items] = start;
        g->row_numbers[run->items] = (uint32_t)run->rows;
        g->parts[run->items++] = run->part;
        run->ordinals[run->count++] = ordinal;
        run->last = ordinal;
    }
    run->rows++;
}

static inline void
gather_run_end(const struct gather_run *run)
{
    run->g->rows = run->rows;
    run->g->item_count = run->items;
    run->g->ordinal_counts[run->part] = run->count;
}

/* ---- of a COPY ---- */

/* Columns 0 to `last` of a COPY's row, of the roles in `mask`. PASU_E_UPSTREAM_PROTOCOL: it is not
 * one row with as many columns. */
PASU_MUST_USE int gather_read_copy(struct gather *gather, struct gather_row *row, size_t last,
                                   uint8_t mask);
/* The fields of one that goes out, without its hidden columns. False where it cannot be read. */
bool gather_see_copy(struct gather *gather, const struct showing_entry *entry, struct view body);

#endif
