/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/chain_tail.h"

#include "ledger/handover.h"
#include "ledger/pruned.h"

/* Behind a key that takes over there is a checkpoint before anything else is: it counts for nothing
 * here. */
static int
see_pruned(struct chain_tail *t, uint64_t segment, const struct segment_record *record,
           const struct note_key *key)
{
    bool is_changed = t->is_there && memcmp(t->public, key->public, sizeof(t->public)) != 0;
    struct pruned pruned;
    int result = is_changed ? PASU_E_CORRUPT : pruned_read(&pruned, record);

    t->is_pruned = true;
    if (result == 0)
        result = pruned_check(&pruned, key);
    if (result == PASU_E_CORRUPT && !t->is_forged) {
        t->is_forged = true;
        t->segment = segment;
        t->offset = record->offset;
    }
    return result == PASU_E_CORRUPT ? 0 : result;
}

int
chain_tail_see(struct chain_tail *t, uint64_t segment, const struct segment_record *record,
               const struct note_key *key)
{
    const uint8_t *public = handover_public(record);

    if (record->index < t->from)
        return 0;
    if (record->type == SEGMENT_PRUNED)
        return see_pruned(t, segment, record, key);
    if (public) {
        memcpy(t->public, public, sizeof(t->public));
        t->record = record->index;
        t->is_there = true;
    }
    return 0;
}
