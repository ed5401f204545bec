/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's way to the ledger: exposures, and the names that they use, into the worker's ring
 * (ledger/ring.h). What is in the ring outlives every process: rows may leave once recorder_put has
 * returned 0, or, where it was put with durability strict, once recorder_is_durable says so of its
 * position.
 *
 * The names of fields and kinds and the texts of statements go ahead of the first exposure that
 * needs them, once for each worker and gate process (the texts: once more where two of them fall
 * into the same place of a small table; the ledger does not mind). Owned by the worker.
 */
#ifndef PASU_GATE_RECORDER_H
#define PASU_GATE_RECORDER_H

#include "exposure/vocabulary.h"
#include "ledger/ring.h"

struct directory;

enum { RECORDER_SHAPES = 4096, RECORDER_OWED = 4096 };

struct recorder {
    struct ring *ring;           /* NULL: no ledger (tests of the relay alone) */
    struct directory *directory; /* which is told what is recorded; NULL: nobody is */
    int wake;                    /* eventfd: the keeper sleeps */
    uint32_t vocabulary;
    uint64_t shapes[RECORDER_SHAPES];
    uint8_t space[EXPOSURE_ENCODED_MAX];
    uint8_t *owed; /* entries that had no room, each behind its length; or NULL */
    size_t owed_at, owed_length, owed_size;
    uint32_t owed_ordinals[RECORDER_OWED]; /* of some that wait: they need not wait twice */
};

void recorder_init(struct recorder *recorder, struct ring *ring, int wake,
                   struct directory *directory);
void recorder_release(struct recorder *recorder);
/* Puts the exposure, and before it what it refers to: `sql` is the normalized text of its shape. 0
 * and the position behind it; PASU_E_AGAIN: the ring is full; PASU_E_RANGE: cannot be. */
PASU_MUST_USE int recorder_put(struct recorder *recorder, const struct exposure *exposure,
                               const struct vocabulary *vocabulary, const char *sql,
                               enum durability durability, uint64_t *position);
/* The same for one that is encoded already. */
PASU_MUST_USE int recorder_put_encoded(struct recorder *recorder, struct view exposure,
                                       uint64_t shape, const struct vocabulary *vocabulary,
                                       const char *sql, enum durability durability,
                                       uint64_t *position);
/* Puts an entry of the subject directory that is not recorded yet, and tells the directory. It is
 * not lost to a full ring: it waits here then, and goes before the next exposure, which cannot pass
 * it; other workers meanwhile put it themselves. 0 also where there is no ring, which the exposure
 * will say; PASU_E_NOMEM, PASU_E_AGAIN: too many wait. */
PASU_MUST_USE int recorder_put_ordinal(struct recorder *recorder, const struct ring_ordinal *head,
                                       struct view sealed);
/* Puts what waits. 0: nothing does any more; or as recorder_put. */
PASU_MUST_USE int recorder_pay(struct recorder *recorder);
/* Puts a mark; 0 and the position behind it, or as recorder_put. */
PASU_MUST_USE int recorder_put_mark(struct recorder *recorder, const struct ring_mark *mark,
                                    enum durability durability, uint64_t *position);
bool recorder_is_durable(const struct recorder *recorder, uint64_t position);

#endif
