/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When controls were last proven to do what they are for, by the ledger's records of tests
 * (SEGMENT_TRIED, ledger/trials.h). Segments are read from the newest one back, until all that is
 * asked for has been found. Records of the gate's rings are not needed for that.
 *
 * Files are hostile: of a record that is damaged nothing is known.
 */
#ifndef PASU_LEDGER_PROVEN_H
#define PASU_LEDGER_PROVEN_H

#include "ledger/payload.h"
#include "ledger/segment_scan.h"

struct proven {
    uint8_t control; /* enum trial_control: what is asked for, with */
    char gateway[GATEWAY_NAME_SIZE];
    char what[TRIAL_WHAT_SIZE];
    int64_t at; /* realtime ns; 0: never, as far as the ledger goes */
};

/* 0, PASU_E_LEDGER_KEY, PASU_E_IO, PASU_E_NOMEM, PASU_E_DENIED. */
PASU_MUST_USE int proven_find(struct proven *items, size_t count, const struct os *os, int segments,
                              const struct segment_keys *keys);

#endif
