/* SPDX-License-Identifier: Apache-2.0 */
/* A row while it is read, be it a DataRow (gather.c) or a row of a COPY (gather_copy.c). */
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

/* Columns 0 to `last` of a COPY's row, of the roles in `mask`. PASU_E_UPSTREAM_PROTOCOL: it is not
 * one row with as many columns. */
PASU_MUST_USE int gather_read_copy(struct gather *gather, struct gather_row *row, size_t last,
                                   uint8_t mask);
/* The fields of one that goes out, without its hidden columns. False where it cannot be read. */
bool gather_see_copy(struct gather *gather, const struct showing_entry *entry, struct view body);

#endif
