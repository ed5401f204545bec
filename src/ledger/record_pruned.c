/* SPDX-License-Identifier: Apache-2.0 */
/* The record that says that others were deleted by age, which the ledger's key signs at its place.
 * See record.h. */
#include "ledger/record_part.h"

#include "ledger/pruned.h"

static int
put(struct record_keeping *r, const struct payload_pruned *body)
{
    struct pruned pruned = {
        .index = chain_next(&r->chain), .time = os_realtime(r->log->os), .body = *body};
    uint8_t payload[PRUNED_PAYLOAD_MAX];
    struct segment_record record;
    struct iovec part;
    uint64_t index;
    int result = pruned_sign(&pruned, &r->chain.key);

    if (result == 0)
        result = pruned_record(&pruned, payload, &record);
    if (result != 0)
        return result;
    part = (struct iovec){payload, record.payload.length};
    return chain_put(&r->chain, SEGMENT_PRUNED, pruned.time, &part, 1, &index);
}

int
record_pruned(struct record_keeping *r, const struct payload_pruned *body)
{
    int result = record_ready(r);

    if (result == 0)
        result = record_begin(r, segment_room(PRUNED_PAYLOAD_MAX));
    return result == 0 ? record_commit(r, put(r, body)) : result;
}
