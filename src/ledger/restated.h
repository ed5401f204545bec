/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said again at the beginning of each segment, and whenever a keeper starts, before
 * anything else: the legal holds, the decoys, and the deadlines of incidents. So, whatever is
 * pruned or killed, the newest segment that has any other record, and those behind it, name all of
 * them; nothing older need be read.
 */
#ifndef PASU_LEDGER_RESTATED_H
#define PASU_LEDGER_RESTATED_H

#include "ledger/segment_scan.h"
#include "ledger/segment_writer.h"

/* Hears each record of these segments, in order. */
typedef void restated_fn(void *arg, const struct segment_record *record);

/* Of a folder of segments. `keys` as of segment_scan_unlock; `watch` hears how far it is.
 * PASU_E_IO, PASU_E_NOMEM, PASU_E_DENIED, PASU_E_LEDGER_KEY. */
PASU_MUST_USE int restated_each(const struct os *os, int directory, const struct segment_keys *keys,
                                const struct segment_watch *watch, restated_fn *see, void *arg);

#endif
