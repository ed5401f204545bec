/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's records in order, over all its segments, as they count: what was taken from a ring
 * in one go comes once the SEGMENT_TAKEN that ends it is there, and not before.
 *
 * Beside a keeper that writes: what it appends meanwhile comes, too. Files are hostile: damage is
 * said once with its place, and reading goes on behind it; records beside it that nothing ends are
 * given all the same. Owned by one thread.
 */
#ifndef PASU_LEDGER_RECORDS_H
#define PASU_LEDGER_RECORDS_H

#include "ledger/source.h"
#include "ledger/taken.h"

/* Where a record is; of one from a ring, where its batch begins. Reading can go on there. */
struct records_place {
    uint64_t segment; /* index of its first record */
    uint64_t offset;  /* in that file */
    uint64_t index;   /* of the record there */
};

struct records {
    const struct os *os;
    const struct segment_keys *keys; /* as of segment_scan_unlock; the caller may set it */
    struct source source;
    int fd; /* of the segment that is read; -1: none */
    uint64_t first;
    struct segment_scan scan;
    size_t left; /* segments from this one on */
    /* Bytes of this segment before the place that was sought (0: none), the record there. */
    uint64_t unseen, unseen_next;
    uint64_t next, read; /* index that comes next; bytes of the segments before this one */
    bool is_at_end, is_second_look;
    bool is_empty;   /* no record of this segment was found: the next one is behind its index */
    bool is_unknown; /* how many records the damaged segment before this one had */
    struct records_place damage; /* of the last PASU_E_CORRUPT */
    struct records_place place;  /* of the last record */
    struct taken taken;
    /* A batch: whole records, given once its end is there. */
    uint8_t *batch;
    size_t batch_used, batch_at;
    uint32_t batch_count;
    struct records_place batch_place;
    bool is_giving, is_broken;
    struct segment_record held; /* comes behind the batch */
    bool is_held;
};

/* Begins with the first record that there is. PASU_E_NOMEM. */
PASU_MUST_USE int records_init(struct records *records, const struct os *os, struct source source);
void records_release(struct records *records);
/* 1: a record, borrowed until the next call; 0: the end, for now; PASU_E_CORRUPT: damage, at
 * `damage`; PASU_E_AGAIN: the source has not brought the next segment yet; PASU_E_LEDGER_KEY:
 * what is there is sealed with another key than we have; PASU_E_IO, PASU_E_NOMEM, and what else the
 * source says. */
PASU_MUST_USE int records_next(struct records *records, struct segment_record *record);
/* Goes on at a place. PASU_E_NOTFOUND: that segment is not there; as records_next. */
PASU_MUST_USE int records_seek(struct records *records, const struct records_place *place);
/* The record with this index, from where the reading is on; damage is passed over. PASU_E_NOTFOUND:
 * there is none, or `most` others come before it; the errors of records_next. */
PASU_MUST_USE int records_find(struct records *records, uint64_t index, uint64_t most,
                               struct segment_record *record);
/* Goes on with some record that is not behind this index, and near it, without reading all before.
 * Of a batch that this is in the middle of, only the rest comes. PASU_E_NOTFOUND: there is no such
 * segment. */
PASU_MUST_USE int records_seek_index(struct records *records, uint64_t index);
/* At the end: what was skipped of the newest segment may say up to where a ring was taken, which
 * whoever goes on with the rings (a bit each) has to know; then `taken` does, of these. PASU_E_IO,
 * PASU_E_NOMEM. */
PASU_MUST_USE int records_look_back(struct records *records, uint64_t rings);
/* Bytes read, and about how many there are, for progress. */
void records_progress(const struct records *records, uint64_t *done, uint64_t *all);

#endif
