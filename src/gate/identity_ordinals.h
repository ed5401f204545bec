/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ordinals of the persons in an identity index whose keys do not stand for themselves: texts,
 * uuids, sealed ones. Each gets one of the subject directory while their table is read, which goes
 * into a ring of this thread's own, so that the ledger can tell who it is before anything names it.
 * Where the ring is full, the reading waits for the keeper. One thread.
 */
#ifndef PASU_GATE_IDENTITY_ORDINALS_H
#define PASU_GATE_IDENTITY_ORDINALS_H

#include "gate/identity_bell.h"
#include "gate/ordinals.h"
#include "gate/recorder.h"

struct identity_ordinals {
    struct ordinals ordinals;
    struct recorder recorder;
    const struct os *os;
    struct identity_bell *bell; /* while waiting for the keeper */
    const _Atomic bool *is_stopping;
    uint8_t key_type; /* enum catalog_key_type: of the table that is being read */
};

/* `ring` is nobody else's; all are borrowed. */
void identity_ordinals_init(struct identity_ordinals *ordinals, struct ring *ring, int wake,
                            struct directory *directory, const struct os *os,
                            struct identity_bell *bell, const _Atomic bool *is_stopping);
void identity_ordinals_release(struct identity_ordinals *ordinals);
/* Rows of a table follow whose key is of that type, and sealed or not. */
void identity_ordinals_begin(struct identity_ordinals *ordinals, enum catalog_key_type type,
                             bool is_sealed);
/* An identity_ordinal_fn (exposure/identity_rows.h): PASU_E_NOMEM; PASU_E_AGAIN: the keeper takes
 * nothing, or the gate stops; PASU_E_RANGE: the directory is full. */
PASU_MUST_USE int identity_ordinals_get(void *ordinals, struct view key, uint32_t *ordinal);
/* All that were given are in the ring: before an index that has them is used. The same errors. */
PASU_MUST_USE int identity_ordinals_settle(struct identity_ordinals *ordinals);

#endif
