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
    HANDOVER_SIGNED = HANDOVER_PAYLOAD + NOTE_SIGNATURE_SIZE,
};

enum handover_state { HANDOVER_IN_USE = 1, HANDOVER_RETIRED = 2 };

/* The payload of a `key` record, without the signature that one has by which a key takes over from
 * another one that is there (ledger/handover_signature.h). */
void handover_payload(uint8_t payload[HANDOVER_PAYLOAD], enum handover_state state,
                      const uint8_t public[NOTE_KEY_SIZE]);
/* The public key that a record says is in use from it on, borrowed; NULL: it says no such thing. */
const uint8_t *handover_public(const struct segment_record *record);
/* The same of one that says that a key is retired. */
const uint8_t *handover_retired(const struct segment_record *record);
/* Whether one that puts a key to use has a signature, of whomever. */
bool handover_is_signed(const struct segment_record *record);

/* The name of the checkpoint with which the key of a record took over. */
void handover_name(char name[HANDOVER_NAME_SIZE], uint64_t record);
/* Indexes of the records whose checkpoints are in the folder, rising: memory_free. PASU_E_RANGE:
 * more than HANDOVERS_MAX; PASU_E_NOMEM, PASU_E_DENIED, PASU_E_IO. */
PASU_MUST_USE int handover_list(const struct os *os, int directory, uint64_t **records,
                                size_t *count);
/* Index of the record of the key that signs a checkpoint of this size. As handover_list. */
PASU_MUST_USE int handover_find(const struct os *os, int directory, uint64_t size,
                                uint64_t *record);
/* A record with what it says copied; it shows itself, and is not to be copied again. */
struct handover_record {
    struct segment_record record; /* its payload is that below */
    uint64_t segment;             /* in the one with this first record; not of one carried over */
    uint8_t payload[SEGMENT_ID_SIZE + 1 + NOTE_NAME_MAX];
};
_Static_assert((int)SEGMENT_ID_SIZE + 1 + (int)NOTE_NAME_MAX >= (int)HANDOVER_SIGNED, "of both");

/* Copies one of that segment. PASU_E_LEDGER_KEY: what it says is not known; PASU_E_CORRUPT: it says
 * more than there is room for. */
PASU_MUST_USE int handover_copy(struct handover_record *found, uint64_t segment,
                                const struct segment_record *record);
/* The record with this index, in the folder of the segments, or carried over where it was deleted
 * by age (`below`: as of prologue_copy). PASU_E_CORRUPT: it is damaged; PASU_E_NOTFOUND: all
 * segments that there are begin behind it; PASU_E_IO, PASU_E_NOMEM; the errors of handover_copy. */
PASU_MUST_USE int handover_load(struct handover_record *found, const struct os *os, int segments,
                                const struct segment_keys *keys, uint64_t index, uint64_t below);
/* The key that one of them puts to use. PASU_E_CORRUPT: it does not, too. */
PASU_MUST_USE int handover_read(const struct os *os, int segments, const struct segment_keys *keys,
                                uint64_t record, uint64_t below, struct view origin,
                                struct note_key *key);
/* The ledger's id, as its first record has it. PASU_E_CORRUPT: it has none, too. */
PASU_MUST_USE int handover_ledger(const struct os *os, int segments,
                                  const struct segment_keys *keys, uint8_t id[SEGMENT_ID_SIZE]);

#endif
