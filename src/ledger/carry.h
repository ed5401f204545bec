/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What later records refer to of those that are to be deleted: whose ledger it is and the keys that
 * signed, whether a keeper ran, up to where the rings were taken, the sessions that still ran, the
 * vocabularies and texts that their exposures name by number, and the marks in force. Made by
 * looking at each record in order; of a ledger that was pruned before, after what was carried over
 * then (ledger/prologue.h).
 *
 * What a gate names by number it has said since it began: sessions, vocabularies and texts that are
 * older than the run of the supervisor before the last are let go (struct payload_carried.age), and
 * a session an hour after its end, as breach/sessions.h does. Entries of the directory, and that
 * they were erased, are not here: each is written again on its own, once (ledger/prune.c).
 *
 * Memory: that of what is kept. Plain values, owned by the keeper's only thread.
 */
#ifndef PASU_LEDGER_CARRY_H
#define PASU_LEDGER_CARRY_H

#include "ledger/payload.h"

enum { CARRY_PAYLOAD_MAX = SEGMENT_PAYLOAD_MAX - 24 }; /* what fits into a SEGMENT_CARRIED */

struct carry_item;

struct carry {
    struct carry_item *items; /* in the order in which they came */
    size_t count, size;
    uint32_t *slots; /* places of items by type and number, 1-based; linear probing */
    size_t slot_count;
    int64_t until; /* realtime ns: the latest record that was looked at */
};

/* All zero is an empty one. */
void carry_release(struct carry *carry);
/* What was carried over before. PASU_E_NOMEM. */
PASU_MUST_USE int carry_restore(struct carry *carry, const struct payload_carried *carried);
/* What is carried so far of what a record of this type names by number: a session, a text. NULL:
 * nothing is; until the next call. */
const struct payload_carried *carry_get(const struct carry *carry, uint16_t type, uint64_t number);
/* The next record that is to be deleted. PASU_E_NOMEM. */
PASU_MUST_USE int carry_take(struct carry *carry, const struct segment_record *record);
/* Gives all that is to be carried over, by rising index, each borrowed for the call. What `put`
 * answers other than 0 ends it. */
PASU_MUST_USE int carry_each(struct carry *carry,
                             int (*put)(void *arg, const struct payload_carried *carried),
                             void *arg);

#endif
