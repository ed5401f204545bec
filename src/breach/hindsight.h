/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ledger answered at an earlier time, beside what it answers now: both from one reading.
 *
 *      entries, by the time they were recorded    ──────────┬──────────────▶
 *      then: book, selection, scope                 all of these
 *      now:  those of the caller                    all of these and  these
 *                                                          as_of
 *
 * Who asked before as_of saw what was recorded until then, whenever it was shown. What is recorded
 * later can be of showings before (a batch that waited in a ring while no keeper ran) or after it.
 * The time of a record is the keeper's clock's: where that went back, a record counts by its own
 * time, not by its place.
 *
 * What was deleted by age is missing in both: what it had answered cannot be said any more.
 *
 * Nobody records when a place of the ledger was damaged, so damage between records of before as_of
 * is a gap of both: what stood there may have been known then. One thread; memory as of the two
 * readings, and of the sessions that were open then.
 */
#ifndef PASU_BREACH_HINDSIGHT_H
#define PASU_BREACH_HINDSIGHT_H

#include "breach/scope.h"

struct hindsight {
    int64_t as_of;               /* realtime ns */
    const struct selection *now; /* knows all sessions */
    struct book *book;
    struct selection selection;
    struct scope scope;
    /* Records that the question is about, made at as_of or later: of what was shown before it, when
     * the first and the last of these were made, and of what was shown since. */
    uint64_t late, after;
    int64_t late_first, late_last;
    struct map sessions;    /* that the question is about, open then → 1 where they ended since */
    uint64_t ended;         /* of them */
    struct persons *erased; /* ordinals erased since; NULL: none */
    uint64_t damaged;       /* places between records of before as_of that concern the question */
    uint64_t decoys;        /* of those named then, known as decoys since; the caller's to say */
};

/* `now` is the caller's selection over the same entries; it must outlive this, and be initialised
 * before the first entry. Release it in any case. PASU_E_NOMEM, PASU_E_CRYPTO. */
PASU_MUST_USE int hindsight_init(struct hindsight *h, int64_t as_of, const struct selection *now,
                                 const struct filter *filter, const struct os *os);
void hindsight_release(struct hindsight *h);
/* Each entry, in order, once `now` has it; deeds too, which `now` does not get. PASU_E_NOMEM. */
PASU_MUST_USE int hindsight_note(struct hindsight *h, const struct ledger_entry *entry);
/* All was read, and `now` has ended: the scope is complete. PASU_E_NOMEM. */
PASU_MUST_USE int hindsight_end(struct hindsight *h);

/* Then and now, of a kind or a field (its place in the names of now's book). */
struct hindsight_pair {
    struct interval then, now;
    enum clarity clarity_then, clarity_now; /* of a field */
    bool is_changed;
};

struct hindsight_pair hindsight_kind(const struct hindsight *h, const struct scope *now,
                                     size_t kind);
struct hindsight_pair hindsight_field(const struct hindsight *h, const struct scope *now,
                                      size_t field);
/* The persons of a kind that are named now and were not then, a new set; NULL: nobody. */
PASU_MUST_USE int hindsight_added(const struct hindsight *h, const struct scope *now, size_t kind,
                                  struct persons **added);
/* Whether the question got that gap (of now's book) since. */
bool hindsight_is_told_since(const struct hindsight *h, const struct gap *gap);
uint64_t hindsight_gaps(const struct hindsight *h);
/* Whether somebody connected past pasu (in now's book) was not known of then. */
bool hindsight_is_bypass_new(const struct hindsight *h, const struct message_bypass *bypass);
/* Whether a principal of now was not known then. */
bool hindsight_is_new(const struct hindsight *h, const char *principal);
/* How many of those that were named then were erased since. */
uint64_t hindsight_erased(const struct hindsight *h);
/* Whether there is anything to tell of the above: an answer, or what it rests on. */
bool hindsight_is_changed(const struct hindsight *h, const struct scope *now);

#endif
