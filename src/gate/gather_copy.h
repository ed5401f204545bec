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
    uint32_t sure;                 /* of these, where it is one that depends on the person */
    uint32_t absent;               /* parts of which the row says that it is not */
    uint64_t null[PLAN_PARTS_MAX]; /* fields by part; the record's once it is known who is shown */
};

/* Whether a value that is of several persons has a null in it: an array, or JSON. */
bool gather_has_null_in(struct view value);

/* A null can be a value too where `is_either`; the bytes of a value are read where they can be of
 * several persons. */
static inline void
gather_see_fields(struct gather *g, struct gather_row *row, size_t column, struct view value,
                  bool is_either)
{
    const struct showing *s = row->showing;
    const uint64_t *fields = s->column_fields + column * s->part_count;

    for (size_t p = 0; p < s->part_count; p++) {
        if (!fields[p] || row->absent >> p & 1)
            continue;
        if (!value.bytes || is_either ||
            PASU_UNLIKELY(showing_is_grouped(&s->parts[p]) && gather_has_null_in(value)))
            row->null[p] |= fields[p];
        if (value.bytes) {
            g->clear[p] |= fields[p];
            row->shown |= 1u << p;
        }
    }
    if (value.bytes)
        row->sure |= s->sure[column];
}

/* The row's nulls are the record's, of these parts (bits). */
static inline void
gather_keep_nulls(struct gather *g, const struct showing_entry *entry, const struct gather_row *row,
                  uint32_t parts)
{
    bool is_settled = g->is_saturated;

    for (size_t p = 0; p < entry->showing->part_count; p++) {
        g->null[p] |= parts >> p & 1 ? row->null[p] : 0;
        is_settled &= g->null[p] == entry->wanted[p];
    }
    g->is_settled |= is_settled;
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
    const struct showing_entry *entry;
    const uint8_t *clean; /* up to here no row has a null, or none that is to be seen */
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

    if (!g->is_saturated || entry->only_key < 0 || (entry->has_groups && !g->is_settled))
        return false;
    run->g = g;
    run->entry = entry;
    run->clean = NULL;
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

/* Whether a row up to `row_end` of bytes up to `end` can have a null that is not in the record yet:
 * `mark` is a byte of every null. Looked for ahead, once a window. */
static inline bool
gather_run_may_be_null(struct gather_run *run, int mark, const uint8_t *at, const uint8_t *row_end,
                       const uint8_t *end)
{
    enum { WINDOW = 4096 };
    const uint8_t *limit, *found;

    if (PASU_LIKELY(run->clean >= row_end) || run->g->is_settled)
        return false;
    at = run->clean > at ? run->clean : at;
    limit = end - row_end > WINDOW ? row_end + WINDOW : end;
    found = memchr(at, mark, (size_t)(limit - at));
    run->clean = found ? found : limit;
    return run->clean < row_end;
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
