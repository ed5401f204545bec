/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/chain_tail.h"

#include "ledger/pruned.h"

void
chain_tail_forged(struct chain_tail *t, uint64_t segment, const struct segment_record *record)
{
    if (t->is_forged)
        return;
    t->is_forged = true;
    t->segment = segment;
    t->offset = record->offset;
}

/* Behind a key that takes over there is a checkpoint before anything else is: it counts for nothing
 * here. */
static int
see_pruned(struct chain_tail *t, uint64_t segment, const struct segment_record *record,
           const struct note_key *key)
{
    struct pruned pruned;
    int result = t->is_there ? PASU_E_CORRUPT : pruned_read(&pruned, record);

    t->is_pruned = true;
    if (result == 0)
        result = pruned_check(&pruned, key);
    if (result == PASU_E_CORRUPT)
        chain_tail_forged(t, segment, record);
    return result == PASU_E_CORRUPT ? 0 : result;
}

/* A keeper writes of keys: at the beginning of the ledger that its first one is in use, and later
 * at most one change before it signs. */
static void
see_key(struct chain_tail *t, uint64_t segment, const struct segment_record *record,
        const struct note_key *key)
{
    const uint8_t *public = handover_public(record), *retired = handover_retired(record);

    if (public && memcmp(public, key->public, sizeof(key->public)) == 0) {
        if (t->is_there || record->index != HANDOVER_FIRST)
            chain_tail_forged(t, segment, record);
    } else if (public && !t->is_there && handover_copy(&t->key, segment, record) == 0) {
        t->is_there = true;
    } else if (retired && t->is_there && !t->is_over &&
               memcmp(retired, key->public, sizeof(key->public)) == 0) {
        t->is_over = true;
    } else {
        chain_tail_forged(t, segment, record);
    }
}

int
chain_tail_see(struct chain_tail *t, uint64_t segment, const struct segment_record *record,
               const struct note_key *key)
{
    if (record->index < t->from)
        return 0;
    if (record->type == SEGMENT_PRUNED)
        return see_pruned(t, segment, record, key);
    if (record->type == SEGMENT_KEY)
        see_key(t, segment, record, key);
    return 0;
}
