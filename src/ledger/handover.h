/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a ledger's key is handed over to another one (docs/spec/ledger.md, "Another key"): the record
 * that names the new key, and the checkpoint that both have signed, which is kept in the ledger's
 * folder as `checkpoint.<index of that record, 20 digits>`.
 *
 * Those files tell where the record of the key in use is, without all records being read. Files are
 * hostile; what is found is to be checked against the records and the signatures.
 */
#ifndef PASU_LEDGER_HANDOVER_H
#define PASU_LEDGER_HANDOVER_H

#include "ledger/note_key.h"
#include "ledger/segment_scan.h"

enum {
    HANDOVER_NAME_SIZE = 32,
    HANDOVER_NOTE_MAX = 4096,
    HANDOVERS_MAX = 1000, /* one a month for 80 years */
    HANDOVER_FIRST = 1,   /* index of the record of a ledger's first key */
    HANDOVER_PAYLOAD = 2 + NOTE_KEY_SIZE,
};

enum handover_state { HANDOVER_IN_USE = 1, HANDOVER_RETIRED = 2 };

/* The payload of a `key` record. */
void handover_payload(uint8_t payload[HANDOVER_PAYLOAD], enum handover_state state,
                      const uint8_t public[NOTE_KEY_SIZE]);
/* The public key that a record says is in use from it on, borrowed; NULL: it says no such thing. */
const uint8_t *handover_public(const struct segment_record *record);

/* The name of the checkpoint with which the key of a record took over. */
void handover_name(char name[HANDOVER_NAME_SIZE], uint64_t record);
/* Indexes of the records whose checkpoints are in the folder, rising: memory_free. PASU_E_RANGE:
 * more than HANDOVERS_MAX; PASU_E_NOMEM, PASU_E_DENIED, PASU_E_IO. */
PASU_MUST_USE int handover_list(const struct os *os, int directory, uint64_t **records,
                                size_t *count);
/* Index of the record of the key that signs a checkpoint of this size. As handover_list. */
PASU_MUST_USE int handover_find(const struct os *os, int directory, uint64_t size,
                                uint64_t *record);
/* The key that the record with this index puts to use, in the folder of the segments, or carried
 * over where it was deleted by age (`below`: as of prologue_copy). PASU_E_CORRUPT: it does not, or
 * is damaged; PASU_E_NOTFOUND: all segments that there are begin behind it; PASU_E_LEDGER_KEY;
 * PASU_E_IO, PASU_E_NOMEM. */
PASU_MUST_USE int handover_read(const struct os *os, int segments, const struct segment_keys *keys,
                                uint64_t record, uint64_t below, struct view origin,
                                struct note_key *key);

#endif
