/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a segment's records in order. The file is hostile, and may be written to meanwhile.
 *
 * Records end where nothing but zeros, or the rest of a record with nothing whole behind it, is
 * left. A record that is not whole with a whole one behind it is damage: said once, with its place,
 * and reading goes on behind it. What is looked through for that is bounded: of hostile bytes, a
 * few hundred megabytes of checksums; where that is not enough, the rest of the segment is damage.
 *
 * Encrypted payloads are opened where segment_scan_unlock was given the key. Without, records are
 * read all the same, and say that they are sealed.
 */
#ifndef PASU_LEDGER_SEGMENT_SCAN_H
#define PASU_LEDGER_SEGMENT_SCAN_H

#include "ledger/segment_cipher.h"
#include "ledger/window.h"

struct segment_record {
    uint64_t offset; /* of its head, in the file */
    uint64_t index;
    int64_t time;
    uint32_t type;       /* any number: a later version's may be among them */
    struct view payload; /* borrowed until the next call */
    bool is_sealed;      /* it is encrypted, no key was given, and `payload` is empty */
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
    size_t room; /* that the last record takes up */
    const struct segment_keys *keys;
    struct segment_cipher cipher; /* with the one of the keys that is the segment's, once found */
    bool is_key_sought;           /* in all records, and none was opened */
    uint8_t *plain;               /* a payload that was opened */
};

/* Begins behind the header. PASU_E_CORRUPT where it is not that of a segment with this first index;
 * PASU_E_NOMEM, PASU_E_IO. */
PASU_MUST_USE int segment_scan_init(struct segment_scan *scan, const struct os *os, int fd,
                                    uint64_t first);
/* The same, and does not look at the header, which is as it stands in the file: for whoever has
 * something to say of one that is damaged. PASU_E_CORRUPT: it is shorter than a header. */
PASU_MUST_USE int segment_scan_open(struct segment_scan *scan, const struct os *os, int fd,
                                    uint64_t first);
/* A record of any index that is whole at this place: 1, else 0, or an error. */
PASU_MUST_USE int segment_scan_at(struct segment_scan *scan, uint64_t offset,
                                  struct segment_record *record);
void segment_scan_release(struct segment_scan *scan);
/* Once, before the first record: payloads are opened with whichever of the keys, which stay the
 * caller's and there until the release, it is. Nothing happens where the segment is not encrypted,
 * or where there are no keys (NULL, too). PASU_E_NOMEM. */
PASU_MUST_USE int segment_scan_unlock(struct segment_scan *scan, const struct segment_keys *keys);
/* Both, of the segment in the folder with that first index; close it in the place of release.
 * PASU_E_NOTFOUND: there is none. */
PASU_MUST_USE int segment_scan_enter(struct segment_scan *scan, const struct os *os, int directory,
                                     uint64_t first, const struct segment_keys *keys);
void segment_scan_leave(struct segment_scan *scan);
/* 1: a record; 0: the end, `offset` is behind the last whole record and `next` its index, the next
 * call looks there again; PASU_E_CORRUPT: damage, the next call goes on behind it;
 * PASU_E_LEDGER_KEY: a whole record that none of the keys opens, nor any other of the segment that
 * it stands among; the next call goes on behind it. PASU_E_IO, PASU_E_NOMEM. */
PASU_MUST_USE int segment_scan_next(struct segment_scan *scan, struct segment_record *record);
/* At the end: the file has been written to, its length is taken anew. PASU_E_IO. */
PASU_MUST_USE int segment_scan_renew(struct segment_scan *scan);
/* Goes to some record that is not behind this index, and near it, without reading all before: a
 * record says itself, under its checksum, which one it is, so the place is found by halving. What
 * is damaged before it is not told of. PASU_E_IO. */
PASU_MUST_USE int segment_scan_seek(struct segment_scan *scan, uint64_t index);

#endif
