/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import_piece.h"

#include "base/memory.h"
#include "ledger/segment_scan.h"

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/crypto_hash_sha256.h>

enum { DIGEST = crypto_hash_sha256_BYTES };

static_assert((int)DIGEST == (int)PAYLOAD_DIGEST_SIZE, "what is recorded is SHA-256");

/* ---- what the ledger has ---- */

static int
add_known(struct import_pieces *p, const struct payload_imported *imported)
{
    struct import_known *known;

    if (imported->what != IMPORTED_PIECE || imported->to - imported->from > IMPORT_PIECE)
        return 0;
    if (p->known_count == p->known_space) {
        size_t space = p->known_space > 0 ? 2 * p->known_space : 1024;

        known = memory_resize(p->known, space, sizeof(*known));
        if (known == NULL)
            return PASU_E_NOMEM;
        p->known = known;
        p->known_space = space;
    }
    known = &p->known[p->known_count++];
    known->from = imported->from;
    known->length = imported->to - imported->from;
    memcpy(known->digest, imported->digest, DIGEST);
    return 0;
}

static int
read_segment(struct import_pieces *p, const struct record_keeping *r, uint64_t first)
{
    struct segment_record record;
    union payload_body body;
    struct segment_scan scan;
    int more, result = segment_scan_enter(&scan, r->log->os, r->chain.segments, first, &r->keys);

    if (result != 0)
        return result;
    while (result == 0 && (more = segment_scan_next(&scan, &record)) != 0) {
        if (more < 0)
            result = more; /* of what is damaged nobody knows whether it is there */
        else if (record.type != SEGMENT_IMPORTED)
            continue;
        else if (record.is_sealed)
            result = PASU_E_LEDGER_KEY;
        else if (payload_read(SEGMENT_IMPORTED, &body, record.payload) == 0)
            result = add_known(p, &body.imported);
    }
    segment_scan_leave(&scan);
    return result;
}

static int
compare_known(const void *a, const void *b)
{
    const struct import_known *x = a, *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    return memcmp(x->digest, y->digest, DIGEST);
}

int
import_pieces_known(struct import_pieces *p, const struct record_keeping *records)
{
    uint64_t *firsts;
    size_t count;
    int result = segment_list(records->log->os, records->chain.segments, &firsts, &count);

    if (result != 0)
        return result;
    for (size_t i = 0; i < count && result == 0; i++)
        result = read_segment(p, records, firsts[i]);
    memory_free(firsts);
    if (p->known_count > 0)
        qsort(p->known, p->known_count, sizeof(*p->known), compare_known);
    return result;
}

/* ---- pieces ---- */

/* How much of the piece the ledger has: all of it, or what stood there when it was shorter, up to
 * the last line that had an end then. */
static uint64_t
known_of(const struct import_pieces *p, uint64_t from)
{
    uint8_t digest[DIGEST];
    uint64_t had = 0, hashed = 0;
    size_t low = 0, high = p->known_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (p->known[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < p->known_count && p->known[low].from == from; low++) {
        const struct import_known *known = &p->known[low];

        if (known->length > p->length || known->length <= had)
            continue;
        if (known->length != hashed) {
            hashed = known->length;
            (void)crypto_hash_sha256(digest, p->bytes, hashed);
        }
        if (memcmp(digest, known->digest, DIGEST) == 0)
            had = hashed;
    }
    while (had > 0 && had < p->length && p->bytes[had - 1] != '\n')
        had--;
    return had;
}

static int
end_piece(struct import_pieces *p)
{
    struct import_piece *piece;

    if (p->count == p->space) {
        size_t space = p->space > 0 ? 2 * p->space : 1024;

        piece = memory_resize(p->items, space, sizeof(*piece));
        if (piece == NULL)
            return PASU_E_NOMEM;
        p->items = piece;
        p->space = space;
    }
    piece = &p->items[p->count];
    piece->length = p->length;
    piece->had = known_of(p, (uint64_t)p->count * IMPORT_PIECE);
    (void)crypto_hash_sha256(piece->digest, p->bytes, p->length);
    p->count++;
    p->length = 0;
    return 0;
}

/* The bytes of a block; they follow those before. */
int
import_pieces_take(struct import_pieces *p, const struct block *block)
{
    const uint8_t *at = block->bytes, *end = at + block->length;
    int result = 0;

    if (block->offset != (uint64_t)p->count * IMPORT_PIECE + p->length)
        return PASU_E_RANGE; /* a line was too long to be read */
    while (at < end && result == 0) {
        size_t room = IMPORT_PIECE - p->length, left = (size_t)(end - at);
        size_t take = left < room ? left : room;

        memcpy(p->bytes + p->length, at, take);
        p->length += take;
        at += take;
        if (p->length == IMPORT_PIECE)
            result = end_piece(p);
    }
    return result;
}

int
import_pieces_end(struct import_pieces *p)
{
    return p->length > 0 ? end_piece(p) : 0;
}

void
import_pieces_begin(struct import_pieces *p)
{
    p->count = p->length = 0;
}

void
import_pieces_release(struct import_pieces *p)
{
    memory_free(p->known);
    memory_free(p->items);
}
