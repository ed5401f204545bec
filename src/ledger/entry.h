/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entry of a record: the bytes whose hash is its leaf in the ledger's tree
 * (docs/spec/ledger.md, "The tree"). It is the record's index, time and type and its payload; of an
 * exposure, without the salt and with a commitment in the place of each list of persons, so that it
 * tells who saw which fields of how many persons, and proves the lists without showing them:
 *
 *      index time type 0 │ exposure │ part │ commitment commitment │ part │ …
 *
 * Of an opening (ledger/opening.h) the seed is left out, which would open all of the list.
 *
 * Pure. A struct entry borrows from the payload it was made of.
 */
#ifndef PASU_LEDGER_ENTRY_H
#define PASU_LEDGER_ENTRY_H

#include "exposure/exposure.h"
#include "ledger/segment_scan.h"
#include "ledger/tree.h"

enum {
    ENTRY_HEAD = 20,
    ENTRY_SALT = 16,    /* before an exposure's bytes */
    ENTRY_OPENING = 48, /* an opening's bytes before its seed */
    ENTRY_SEED = 32,
    ENTRY_PIECES = 2 + 2 * EXPOSURE_PARTS_MAX,
};

struct entry {
    uint8_t head[ENTRY_HEAD];
    struct tree_hash commitments[EXPOSURE_PARTS_MAX][2];
    const uint8_t *salt; /* of an exposure */
    struct view lists[EXPOSURE_PARTS_MAX][2];
    size_t part_count;
    struct iovec pieces[ENTRY_PIECES]; /* the entry's bytes, in order */
    size_t count;
};

/* What every entry begins with. */
void entry_head(uint8_t head[ENTRY_HEAD], const struct segment_record *record);
/* Lays it out but for the commitments, which are zero: those of `lists` that are not empty are to
 * be filled in. PASU_E_CORRUPT: an exposure whose lists do not end where it does, or without any
 * and with a salt; an opening of another length. */
PASU_MUST_USE int entry_lay(struct entry *entry, const struct segment_record *record);
/* Whether one that was laid out has a list: then an exposure's salt must be random, and else zero.
 */
bool entry_has_list(const struct entry *entry);
/* What a commitment is the hash of, before the list's bytes. */
enum { ENTRY_LIST_HEAD = 1 + ENTRY_SALT + 2 };
void entry_list_head(uint8_t head[ENTRY_LIST_HEAD], const struct entry *entry, size_t part,
                     size_t which);
/* The errors of entry_lay, and PASU_E_CRYPTO. */
PASU_MUST_USE int entry_make(struct entry *entry, struct tree_hasher *hasher,
                             const struct segment_record *record);
/* The leaf's hash of a record. */
PASU_MUST_USE int entry_leaf(struct tree_hasher *hasher, const struct segment_record *record,
                             struct tree_hash *leaf);

#endif
