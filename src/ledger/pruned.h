/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a SEGMENT_PRUNED says: which records were deleted by age, and what stands for them
 * (docs/spec/ledger.md, "Deletion by age"). The ledger's key signs it, at its place:
 *
 *      "pasu pruned/v1\n" │ origin │ "\n" │ the record's entry, without the signature
 *
 * so that who can write files, and not sign, cannot say that something was deleted. No origin has a
 * space: what is signed here is no note. Plain values.
 */
#ifndef PASU_LEDGER_PRUNED_H
#define PASU_LEDGER_PRUNED_H

#include "ledger/payload.h"
#include "ledger/segment_scan.h"
#include "ledger/signing_key.h"

struct pruned {
    uint64_t index; /* of the record */
    int64_t time;   /* realtime ns: the same */
    struct payload_pruned body;
    uint8_t frontier[TREE_HEIGHTS * TREE_HASH_SIZE]; /* which the body's view shows */
};

/* Of a record of this type. PASU_E_CORRUPT: no keeper writes it so. The signature is not looked at.
 * What has been copied shows what it was copied from: pruned_settle. */
PASU_MUST_USE int pruned_read(struct pruned *pruned, const struct segment_record *record);
void pruned_settle(struct pruned *pruned);
/* The tree over the records that were deleted. */
void pruned_frontier(const struct pruned *pruned, struct tree_frontier *frontier);
/* Its record, with the payload in as many bytes as it may have. */
enum { PRUNED_PAYLOAD_MAX = 40 + PAYLOAD_SIGNATURE_SIZE + TREE_HEIGHTS * TREE_HASH_SIZE };
PASU_MUST_USE int pruned_record(const struct pruned *pruned, uint8_t payload[PRUNED_PAYLOAD_MAX],
                                struct segment_record *record);

/* Signs it as the record with that index and time, of the ledger that is called as the key is.
 * PASU_E_RANGE: what has no payload; the errors of signing_key_sign. */
PASU_MUST_USE int pruned_sign(struct pruned *pruned, const struct signing_key *key);
/* 0: the key has signed it. PASU_E_CORRUPT: it has not; PASU_E_CRYPTO. */
PASU_MUST_USE int pruned_check(const struct pruned *pruned, const struct note_key *key);

#endif
