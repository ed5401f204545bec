/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the records of a journal file, of which nothing is believed: each record is whole, or it is
 * not handed out. A record that is not whole is the torn last one where no whole record follows,
 * and damage where one does: records are written one after the other, never before the former is
 * there.
 */
#ifndef PASU_LEDGER_JOURNAL_SCAN_H
#define PASU_LEDGER_JOURNAL_SCAN_H

#include "base/bytes.h"
#include "base/os.h"
#include "ledger/journal.h"
#include "ledger/window.h"

enum { JOURNAL_HEADER = 16, JOURNAL_HEAD = 24 };

/* magic, version 1, eight bytes that must be zero */
extern const uint8_t journal_header[JOURNAL_HEADER];

/* A record's head as it stands in the file. */
struct journal_head {
    uint32_t length; /* of the payload */
    uint32_t type;
    uint64_t time; /* realtime ns */
    uint32_t crc;
    uint32_t zero;
};

/* Of the head with crc 0, and the payload: CRC-32C for JOURNAL_RING, CRC-32 for all others. */
uint32_t journal_crc(struct journal_head head, const void *payload);

struct journal_record {
    uint64_t offset;
    uint32_t type; /* any number: a later version's may be among them */
    int64_t time;
    struct view payload; /* borrowed until the next call */
};

struct journal_scan {
    struct window file;
    const struct journal_watch *watch; /* set after init; or NULL */
    uint64_t told;                     /* how far it has heard that we are */
    uint64_t offset;                   /* behind the last record, or behind what was skipped */
    uint64_t damage;                   /* of the last PASU_E_CORRUPT */
    uint64_t searched;
};

/* Begins behind the header. PASU_E_CORRUPT where there is another one; a file in which it is not
 * complete has no records. PASU_E_NOMEM, PASU_E_IO. */
PASU_MUST_USE int journal_scan_init(struct journal_scan *scan, const struct os *os, int fd);
void journal_scan_release(struct journal_scan *scan);
/* 1: a record; 0: the end, `offset` is behind the last whole record; PASU_E_CORRUPT: damage at
 * `damage`, the next call goes on behind it; PASU_E_IO. */
PASU_MUST_USE int journal_scan_next(struct journal_scan *scan, struct journal_record *record);

#endif
