/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a batch of rows shows, gathered row by row: persons for the tally in the order of the rows,
 * the same persons by part for the record, and which fields were clear, null, or each in some row.
 *
 * One gather a worker, emptied for each record (a record is of one statement). It remembers where
 * in the outgoing bytes each row begins, so that a batch can be cut before the row that a budget
 * does not allow. Rows are hostile: a row that is not what its RowDescription says is
 * PASU_E_UPSTREAM_PROTOCOL.
 */
#ifndef PASU_GATE_GATHER_H
#define PASU_GATE_GATHER_H

#include "exposure/tally.h"
#include "gate/identity_view.h"
#include "gate/ordinals.h"
#include "gate/showing_table.h"
#include "postgres/exchange.h"

enum { GATHER_ITEMS = EXPOSURE_ORDINALS_MAX, GATHER_LOST = 4096 };

/* Of a person whose kind can be another's, too. */
enum gather_fate {
    GATHER_OWN,    /* of its own kind */
    GATHER_OTHER,  /* the item has been made the other person's */
    GATHER_EITHER, /* it is not known which */
};

struct gather {
    struct tally_item items[GATHER_ITEMS];
    uint32_t starts[GATHER_ITEMS];      /* of the item's row, in the outgoing bytes */
    uint32_t row_numbers[GATHER_ITEMS]; /* of the item's row, from 0 */
    uint8_t parts[GATHER_ITEMS];        /* the item's part */
    size_t item_count;
    uint32_t ordinals[PLAN_PARTS_MAX][GATHER_ITEMS];
    size_t ordinal_counts[PLAN_PARTS_MAX];
    uint64_t clear[PLAN_PARTS_MAX], null[PLAN_PARTS_MAX];
    uint64_t unattributed[PLAN_PARTS_MAX]; /* rows with fields of the part and no key */
    /* Of these, rows with more keys than there is room for, and how many those are, at most. */
    uint64_t crowded[PLAN_PARTS_MAX], crowd[PLAN_PARTS_MAX];
    uint64_t rows;
    uint32_t first_row; /* where the first row begins; valid when rows > 0 */
    bool is_saturated;  /* every field has been seen clear: keys and nulls are left to read */
    bool is_settled;    /* every field has been seen null as well: only keys are */
    bool is_unread;     /* a row is too long to be read */
    struct gather_lost {
        uint32_t row; /* number, from 0 */
        uint8_t part;
    } lost[GATHER_LOST]; /* the first of those rows that `unattributed` counts */
    size_t lost_count;
    bool is_doubtful; /* names may mean others than was planned: a row that says its table does not
                         say which of its columns is the key */
    /* Values that say whose they are: asked all together, once the batch is gathered. */
    const struct identity_view *identity; /* borrowed of the result; NULL: none */
    const struct identity_watch *watch;
    uint8_t identified; /* bits of parts whose columns are in it */
    uint8_t whole;      /* of these, whose rows show somebody also where the value is null */
    int8_t columns[PLAN_PARTS_MAX][SHOWING_IDENTITIES_MAX]; /* of the view; -1: is not asked */
    struct identity_question questions[GATHER_ITEMS];
    struct gather_asked {
        uint32_t start, row; /* as an item's */
        uint8_t part;
        int8_t column; /* of the view */
    } asked[GATHER_ITEMS];
    size_t asked_count;
    /* Of the row in hand: keys without escapes. */
    uint8_t copied[PLAN_PARTS_MAX + PLAN_HIDDEN_MAX][KEY_TEXT_MAX];
    /* Of items whose kind can be another's: what to ask, and what came of it. */
    struct known_question others[GATHER_ITEMS];
    uint8_t fates[GATHER_ITEMS]; /* enum gather_fate */
    /* Keys that the statement gives, of parts of which rows do not have them: bits of those that
     * are known. */
    uint32_t given[PLAN_PARTS_MAX];
    struct known_question given_others[PLAN_PARTS_MAX];
    uint8_t given_known;
    uint32_t origins[PLAN_PARTS_MAX]; /* of the part's last row; 0: none was of the right table */
    /* Parts of whose keys all came with this batch's first row (gate/shadow.h): bits; of these,
     * whose persons are in the items; and how many persons each can show. */
    uint8_t shadowed, shadow_named;
    uint64_t shadow_most[PLAN_PARTS_MAX];
};

void gather_clear(struct gather *gather);
/* Whether another row of so many bytes may be added, however many parts it has; of arrays of keys,
 * as many as the bytes can hold, but for a first row: what has no room there is not read. */
static inline bool
gather_has_room(const struct gather *gather, const struct showing_entry *entry, size_t length)
{
    size_t most = 2 * PLAN_PARTS_MAX + (entry->has_arrays ? length / 2 : 0);

    if (gather->asked_count + SHOWING_IDENTITIES_MAX * PLAN_PARTS_MAX > GATHER_ITEMS)
        return false;
    return gather->item_count + most <= GATHER_ITEMS || (gather->rows == 0 && entry->has_arrays);
}
/* Where beside the parts' own the persons of a part are whom the rows need not show; -1: there is
 * no room, and such a row is one without a key. */
static inline int
gather_perhaps(const struct showing *showing, size_t part)
{
    size_t place = part + showing->part_count;

    return showing->parts[part].needs_value && place < PLAN_PARTS_MAX ? (int)place : -1;
}
/* Reads the body of a DataRow, or where the entry is one of a COPY that of a CopyData, which will
 * stand at `start` in the outgoing bytes. 0; PASU_E_UPSTREAM_PROTOCOL; the errors of ordinal_of. */
PASU_MUST_USE int gather_row(struct gather *gather, const struct showing_entry *entry,
                             struct ordinals *ordinals, struct view body, uint32_t start);
/* The rows of a bulk result: reads whole DataRow messages one after the other as long as every
 * field has been seen clear, and the one key that there is to read is a number in text form, and
 * there is room. `start` is where the first one will stand. Bytes used; what follows, gather_row
 * reads. */
PASU_MUST_USE size_t gather_rows(struct gather *gather, const struct showing_entry *entry,
                                 const struct ordinals *ordinals, struct view bytes,
                                 uint32_t start);
/* The same where that key is the first column, and hidden: rows are written without it to `out`,
 * which may lie before them, *written bytes. */
PASU_MUST_USE size_t gather_hidden_rows(struct gather *gather, const struct showing_entry *entry,
                                        const struct ordinals *ordinals, struct view bytes,
                                        uint8_t *out, uint32_t start, size_t *written);
/* The same of CopyData messages that have a row each, in text or CSV form. */
PASU_MUST_USE size_t gather_copies(struct gather *gather, const struct showing_entry *entry,
                                   const struct ordinals *ordinals, struct view bytes,
                                   uint32_t start);
/* A row that is too long to be read: somebody of each part may be in it. */
void gather_unread_row(struct gather *gather, const struct showing_entry *entry, uint32_t start);
/* Adds persons that the statement pins, as shown by the row at `start`; of one alone, `asked` of
 * the ordinals is what the index is to be asked. */
void gather_pinned(struct gather *gather, const struct showing *showing, size_t part,
                   const struct ordinals *ordinals, const uint32_t *pinned, size_t count,
                   uint32_t start);
/* The same; where rows say whether they show the person (is_given), it is one, when they do. */
static inline void
gather_pins(struct gather *gather, const struct showing *showing, size_t part,
            const struct ordinals *ordinals, const uint32_t *pinned, size_t count, uint32_t start)
{
    if (!showing->parts[part].is_given) {
        gather_pinned(gather, showing, part, ordinals, pinned, count, start);
    } else if (count == 1) {
        gather->given[part] = pinned[0];
        gather->given_others[part] = ordinals->asked;
        gather->given_known |= (uint8_t)(1u << part);
    }
}
/* The result whose rows come has its persons' values looked up in this view of the identity index;
 * NULL: they are not. Both are borrowed until another one is said. `showing` NULL: of a COPY, whose
 * rows have no values to look up but their keys'. */
void gather_identify(struct gather *gather, const struct showing *showing,
                     const struct identity_view *view, const struct identity_watch *watch);
/* A value of the part by which the row at `start` says whose it is; bytes NULL: null. */
void gather_ask(struct gather *gather, const struct ordinals *ordinals, size_t part,
                size_t identity, struct view value, uint32_t start);
/* All that was asked is looked up: items of those who are found, and rows without a key of the
 * others. Before anything is counted. */
void gather_look_up(struct gather *gather, const struct showing *showing,
                    const struct ordinals *ordinals);
/* A person of a part; `number`: the row's. */
void gather_add(struct gather *gather, size_t part, uint16_t kind, uint32_t ordinal, uint32_t start,
                uint64_t number);
/* The same of a person whose key the ordinals have read last, or of whom `asked` is set there. */
void gather_add_person(struct gather *gather, size_t part, uint8_t kind,
                       const struct ordinals *ordinals, uint32_t ordinal, uint32_t start,
                       uint64_t number);
/* Of the items whose kind can be another's, whom they are: once, before anything is counted, and
 * behind gather_look_up. Those of whom it is not known stay as they are. */
void gather_know(struct gather *gather, const struct showing *showing,
                 const struct ordinals *ordinals);
/* Whether the keys of whom these can be are texts. */
bool gather_are_texts(const struct gather *gather, const struct known_kind *kind);
/* How many items a part of such a kind has of one fate, and their ordinals (NULL: not wanted). */
size_t gather_with_fate(const struct gather *gather, size_t part, enum gather_fate fate,
                        uint32_t *ordinals);
/* A row of which a part shows nobody knows whom. */
void gather_lose(struct gather *gather, size_t part, uint32_t number);
/* Takes back all items from `taken` on, and the rows that they begin: what is left is what the rows
 * before showed. `bytes` are the outgoing ones, in which the rows begin. */
void gather_cut(struct gather *gather, const struct showing_entry *entry, const uint8_t *bytes,
                size_t taken);

/* What gather_split has set apart. */
struct gather_rest {
    size_t from, items; /* of all that there were */
    uint64_t rows, unattributed[PLAN_PARTS_MAX];
    uint64_t clear[PLAN_PARTS_MAX], null[PLAN_PARTS_MAX];
    size_t ordinal_counts[PLAN_PARTS_MAX], ordinals_before[PLAN_PARTS_MAX];
};
/* As gather_cut, and what it takes back is in `rest`: once the gather's are recorded, it gets them
 * by gather_take_rest. Of them the fields are those of all. */
void gather_split(struct gather *gather, const struct showing_entry *entry, const uint8_t *bytes,
                  size_t from, struct gather_rest *rest);
void gather_take_rest(struct gather *gather, const struct gather_rest *rest);

#endif
