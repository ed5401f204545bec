/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the old key signs of the record by which another one takes over from it
 * (docs/spec/ledger.md, "Another key"), before there is a checkpoint that both have signed:
 *
 *      "pasu key/v1\n" │ origin │ "\n" │ the ledger's id │ the record's entry, without the
 * signature
 *
 * so that who can write files, and not sign, cannot put a key of their own to use. No origin has a
 * space: what is signed here is no note. Pure.
 */
#ifndef PASU_LEDGER_HANDOVER_SIGNATURE_H
#define PASU_LEDGER_HANDOVER_SIGNATURE_H

#include "ledger/handover.h"
#include "ledger/signing_key.h"

/* Signs the payload (handover_payload) of the record with that index and time, in the ledger with
 * that id which is called as the key is. The errors of signing_key_sign. */
PASU_MUST_USE int handover_sign(uint8_t payload[HANDOVER_SIGNED], uint64_t index, int64_t time,
                                const uint8_t id[SEGMENT_ID_SIZE], const struct signing_key *key);
/* 0: the key has signed the record. PASU_E_CORRUPT: it has not, or the record has no signature;
 * PASU_E_CRYPTO. */
PASU_MUST_USE int handover_check(const struct segment_record *record,
                                 const uint8_t id[SEGMENT_ID_SIZE], const struct note_key *key);

#endif
