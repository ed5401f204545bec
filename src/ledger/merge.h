/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exposures of one session and statement that came together, as one: DESIGN.md lets them share a
 * record for up to a second. What is held here came from a ring within one batch, and goes into the
 * ledger before the batch ends.
 *
 * Only what differs in whom it shows, when, and in its counts is united: the same session, shape,
 * verbs, vocabulary, flags, actor and claims, the same kinds, fields, clarity and attribution,
 * allowed by no rule, and every person named, none more than a second behind the first. The union
 * has the time of the first, all persons and misses, and the sums of statements, rows and misses.
 * Pure; owned by whoever fills it.
 */
#ifndef PASU_LEDGER_MERGE_H
#define PASU_LEDGER_MERGE_H

#include "exposure/exposure.h"

enum {
    MERGE_SLOTS = 64,
    MERGE_PARTS = 2,
    MERGE_LIST = 256, /* ordinals in one list of the union */
    /* Bytes of the longest union: head, texts and claims, parts and lists. */
    MERGE_ENCODED_MAX = 512 + MERGE_PARTS * (64 + 2 * MERGE_LIST * 4),
};

struct merged {
    struct exposure exposure; /* its lists are the ones below */
    uint32_t ordinals[MERGE_PARTS][MERGE_LIST];
    uint32_t missed[MERGE_PARTS][MERGE_LIST];
    bool is_used;
};

/* All zero holds nothing. */
struct merge {
    size_t used;
    struct merged slots[MERGE_SLOTS];
};

/* Whether one like this can share a record at all. */
bool merge_can(const struct exposure *exposure);
/* Holds it, united with what is held of the same kind: NULL. Else the one that must go first: it is
 * to be recorded and freed, and then this is to be called again. Only what merge_can says. */
struct merged *merge_hold(struct merge *merge, const struct exposure *exposure);
/* Any that is held, or NULL. */
struct merged *merge_next(struct merge *merge);
void merge_free(struct merge *merge, struct merged *merged);

#endif
