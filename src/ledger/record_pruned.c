/* SPDX-License-Identifier: Apache-2.0 */
/* The record that says that others were deleted by age, which the ledger's key signs at its place.
 * See record.h. */
#include "ledger/record_part.h"

#include "ledger/entry.h"
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

int
record_pruned_check(struct record_keeping *r, const struct pruned *pruned)
{
    struct chain *c = &r->chain;
    const struct tree_source source = tile_source(&c->tiles);
    const uint64_t size = c->tiles.frontier.size;
    uint8_t payload[PRUNED_PAYLOAD_MAX];
    struct segment_record record;
    struct tree_proof proof;
    struct tree_hash leaf, root;
    int result = pruned_check(pruned, &c->key.public);

    if (result != PASU_E_CORRUPT)
        return result;
    result = pruned_record(pruned, payload, &record);
    if (result == 0)
        result = entry_leaf(&c->hasher, &record, &leaf);
    if (result == 0)
        result = tree_frontier_root(&c->tiles.frontier, &c->hasher, &root);
    if (result == 0)
        result = tree_prove_inclusion(&c->hasher, &source, pruned->index, size, &proof);
    return result == 0 ? tree_verify_inclusion(&c->hasher, &leaf, pruned->index, size, proof.hashes,
                                               proof.count, &root)
                       : result;
}
