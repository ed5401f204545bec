/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that may leave masked alone: the verdict mask of rules (policy/rule.h). They were gathered,
 * counted, judged and recorded as they came, and stand, without their hidden columns, in what is to
 * go out next; here what they show of certain fields is taken from them, before any of it leaves.
 *
 *      mask_columns.c   which columns show such a field, whatever else they show; of what type they
 *                       are; and which are nothing but a column of a mapped table
 *      mask_value.c     what is left of a value: of such a column by the kind of its field
 *                       (policy/mask.h); of any other text "***"; of what is no text, null
 *      mask.c           DataRow and CopyData messages with these values
 *
 * Nulls stay null. What cannot be masked is not let through: mask_is_possible is asked when it is
 * judged, and a row that cannot be read here ends the session.
 *
 * The worker's, like all of its instruments.
 */
#ifndef PASU_GATE_MASK_H
#define PASU_GATE_MASK_H

#include "gate/showing_table.h"

struct answering;
struct encoding;
struct judgement;
struct session;

enum { MASK_TEXT_MAX = 512 /* bytes; what is longer is masked as a whole */ };

enum mask_how {
    MASK_NOT,
    MASK_NULL,    /* a type that has no value which could stand for any */
    MASK_FULLY,   /* "***" */
    MASK_BY_LOOK, /* by `look`, or the same */
};

struct mask_column {
    uint8_t how;    /* enum mask_how */
    uint8_t look;   /* enum look */
    bool is_padded; /* character(n): with spaces up to `limit` */
    uint16_t limit; /* characters that its type has room for */
};

/* All zero is one. */
struct mask {
    struct mask_column columns[SHOWING_COLUMNS_MAX]; /* of the server's row, hidden ones counted */
    uint8_t *out;                                    /* the rows, masked */
    size_t length, size;
};

void mask_release(struct mask *mask);

/* Whether rows of these columns can be masked. */
bool mask_is_possible(const struct showing_entry *entry);
/* Which fields of a part are shown by columns that show none of the masked ones. */
uint64_t mask_visible(const struct showing_entry *entry, size_t part, uint64_t masked);
/* What a session runs can put pieces of values where whole ones are, so that masks in part would
 * show one piece after the other: notes that of a statement that is done, and of the one whose
 * result begins, which need not come to its end. */
void mask_note_done(struct session *session, const struct plan_statement *statement);
void mask_note(struct session *session);
/* Sets the columns of the result under way. PASU_E_UPSTREAM_PROTOCOL: its RowDescription is none.
 */
PASU_MUST_USE int mask_columns_set(struct mask *mask, struct session *session, uint64_t masked);
/* What stands for a value in a column: in `space`; bytes NULL: null. `encoding` NULL: not known. */
struct view mask_value(const struct mask_column *column, const struct encoding *encoding,
                       struct view value, uint8_t space[MASK_TEXT_MAX]);

/* Masks the rows of the result under way that stand in what goes out, as it was judged. 0; what
 * release_batch says; PASU_E_NOMEM; PASU_E_UPSTREAM_PROTOCOL. */
PASU_MUST_USE int mask_rows(struct answering *answering, const struct judgement *judgement);

#endif
