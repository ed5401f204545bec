/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the ledger may be silent about something that happened: what every answer must say beside
 * its numbers.
 *
 *      lost      records could not be written (a full disk); how many, and why
 *      died      a keeper began without the one before it having ended
 *      stopped   pasu was stopped in order and started again
 *      damaged   bytes of the file are not what was written
 *      past      the server has counted sessions that did not come through pasu: a day's together
 */
#ifndef PASU_BREACH_GAPS_H
#define PASU_BREACH_GAPS_H

#include "breach/reconciled.h"
#include "ledger/reader.h"

enum { GAPS_MAX = 1000, GAPS_PAST_MAX = 500 };

enum gap_what { GAP_LOST, GAP_DIED, GAP_STOPPED, GAP_DAMAGED, GAP_PAST };

struct gap {
    enum gap_what what;
    int64_t from, to; /* realtime ns, of the records around it; to 0: none came after it yet */
    union {
        uint64_t records;  /* lost */
        uint64_t at_least; /* past: sessions */
    };
    int32_t error; /* lost: PASU_E_…; 0 */
    union {
        uint64_t segment; /* damaged: the file, by its first record, */
        uint64_t at_most; /* past: sessions */
    };
    union {
        uint64_t offset; /* damaged: and the byte in it */
        uint64_t place;  /* past: in reconciled.places */
    };
};

struct gaps {
    struct gap items[GAPS_MAX];
    size_t count;
    uint64_t left_out; /* beyond GAPS_MAX */
    int64_t last;      /* time of the last entry */
    size_t first_open; /* items from here on have no `to` yet */
    size_t past;       /* how many are of that kind */
    struct reconciled reconciled;
    enum { GAPS_BEGINNING, GAPS_RUNNING, GAPS_ENDED } state;
};

/* Looks at each entry, in order. */
void gaps_note(struct gaps *gaps, const struct ledger_entry *entry);
void gaps_damage(struct gaps *gaps, const struct records_place *place);
/* One that is known from elsewhere. */
void gaps_add(struct gaps *gaps, const struct gap *gap);
/* Whether the gap can concern what happened in the time from <= t < to (0: no end): a damaged place
 * does up to the time when it was recorded, however long before. */
bool gap_concerns(const struct gap *gap, int64_t from, int64_t to);
/* Whether one of them is damage at that place. */
bool gaps_have_damage(const struct gaps *gaps, const struct records_place *place);
/* "lost", "died", "stopped", "damaged", "past" */
const char *gap_what_text(enum gap_what what);

#endif
