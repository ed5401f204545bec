/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a segment's records in order. The file is hostile, and may be written to meanwhile.
 *
 * Records end where nothing but zeros, or the rest of a record with nothing whole behind it, is
 * left. A record that is not whole with a whole one behind it is damage: said once, with its place,
 * and reading goes on behind it. What is looked through for that is bounded: of hostile bytes, a
 * few hundred megabytes of checksums; where that is not enough, the rest of the segment is damage.
 */
#ifndef PASU_LEDGER_SEGMENT_SCAN_H
#define PASU_LEDGER_SEGMENT_SCAN_H

#include "ledger/segment.h"
#include "ledger/window.h"

struct segment_record {
    uint64_t offset; /* of its head, in the file */
    uint64_t index;
    int64_t time;
    uint32_t type;       /* any number: a later version's may be among them */
    struct view payload; /* borrowed until the next call */
};

struct segment_scan {
    struct window file;
    struct segment_header header;
    uint32_t seed;
    uint64_t offset; /* behind the last record, or behind what was skipped */
    uint64_t next;   /* index that a record there must have */
    uint64_t damage; /* of the last PASU_E_CORRUPT: where it begins */
    bool is_torn;    /* at the end: the rest of a record is there, not only room that is free */
    uint64_t searched;
};

/* Begins behind the header. PASU_E_CORRUPT where it is not that of a segment with this first index;
 * PASU_E_NOMEM, PASU_E_IO. */
PASU_MUST_USE int segment_scan_init(struct segment_scan *scan, const struct os *os, int fd,
                                    uint64_t first);
void segment_scan_release(struct segment_scan *scan);
/* 1: a record; 0: the end, `offset` is behind the last whole record and `next` its index, the next
 * call looks there again; PASU_E_CORRUPT: damage, the next call goes on behind it; PASU_E_IO. */
PASU_MUST_USE int segment_scan_next(struct segment_scan *scan, struct segment_record *record);
/* Goes to some record that is not behind this index, and near it, without reading all before: a
 * record says itself, under its checksum, which one it is, so the place is found by halving. What
 * is damaged before it is not told of. PASU_E_IO. */
PASU_MUST_USE int segment_scan_seek(struct segment_scan *scan, uint64_t index);

#endif
