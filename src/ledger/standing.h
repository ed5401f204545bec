/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands until somebody ends it: legal holds, and deadlines of incidents. Each is in the
 * ledger again at the beginning of every segment and whenever a keeper starts, before anything
 * else: so whatever is pruned or killed, the newest segment that has any other record, and those
 * behind it, name all of them.
 */
#ifndef PASU_LEDGER_STANDING_H
#define PASU_LEDGER_STANDING_H

#include "ledger/segment_scan.h"
#include "ledger/segment_writer.h"

/* Hears of each record from there on, in order. */
typedef void standing_note_fn(void *arg, const struct segment_record *record);

/* Tells the records of a folder of segments that are to be known, and others. `keys` as of
 * segment_scan_unlock; `watch` hears how far it is. PASU_E_IO, PASU_E_NOMEM, PASU_E_DENIED,
 * PASU_E_LEDGER_KEY. */
PASU_MUST_USE int standing_find(standing_note_fn *note, void *arg, const struct os *os,
                                int directory, const struct segment_keys *keys,
                                const struct segment_watch *watch);

#endif
