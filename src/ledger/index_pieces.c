/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY
#include "ledger/index_pieces.h"

#include "base/memory.h"

#include <errno.h>

enum {
    PAGE = 4096,
    PAGE_HEAD = 16,
    LEAF_MAX = 2038 - 8,                   /* of a node, key and value: two fill a page */
    PIECE_MAX = LEAF_MAX - PIECES_KEY_MAX, /* bytes */
};

static MDB_val
piece_key(uint8_t bytes[PIECES_KEY_MAX], struct view key, unsigned piece)
{
    memcpy(bytes, key.bytes, key.length);
    bytes[key.length] = (uint8_t)piece;
    return (MDB_val){key.length + 1, bytes};
}

/* ---- writing ---- */

/* The first piece of so many bytes. */
static size_t
head_length(size_t length)
{
    size_t pages = (length + PAGE_HEAD + PAGE - 1) / PAGE, head = (pages - 1) * PAGE - PAGE_HEAD;

    return pages < 2 || length - head > (size_t)PIECES * PIECE_MAX ? length : head;
}

static void
copy_stored(const struct stored *stored, size_t from, uint8_t *to, size_t length)
{
    size_t left = from < stored->value.length ? stored->value.length - from : 0;
    size_t some = left < length ? left : length;

    if (some > 0)
        memcpy(to, stored->value.bytes + from, some);
    if (length > some)
        memcpy(to + some, stored->end.bytes + (from + some - stored->value.length), length - some);
}

/* Those bytes of it, under the key: MDB_KEYEXIST where that is not behind all others and was to be.
 */
static int
put_bytes(MDB_txn *txn, MDB_dbi dbi, MDB_val k, const struct stored *stored, size_t from,
          size_t length, unsigned flags)
{
    MDB_val v = {length, NULL};
    int result = mdb_put(txn, dbi, &k, &v, MDB_RESERVE | flags);

    if (result == 0)
        copy_stored(stored, from, v.mv_data, length);
    return result;
}

int
pieces_remove(MDB_txn *txn, MDB_dbi dbi, struct view key)
{
    uint8_t bytes[PIECES_KEY_MAX];
    int result = 0;

    for (unsigned piece = 0; piece < PIECES && result == 0; piece++) {
        MDB_val k = piece_key(bytes, key, piece);

        result = mdb_del(txn, dbi, &k, NULL);
    }
    return result == MDB_NOTFOUND ? 0 : result;
}

int
pieces_put(MDB_txn *txn, MDB_dbi dbi, struct view key, const struct stored *stored, bool is_cut)
{
    size_t length = stored->value.length + stored->end.length;
    size_t at = is_cut ? head_length(length) : length;
    const MDB_val k = {key.length, (void *)(uintptr_t)key.bytes};
    uint8_t bytes[PIECES_KEY_MAX];
    /* Behind all others, pages become full; where it belongs between them, they are split. */
    unsigned flags = MDB_APPEND;
    int result = put_bytes(txn, dbi, k, stored, 0, at, flags);

    if (result == MDB_KEYEXIST) {
        flags = 0;
        result = is_cut ? pieces_remove(txn, dbi, key) : 0;
        if (result == 0)
            result = put_bytes(txn, dbi, k, stored, 0, at, flags);
    }
    for (unsigned piece = 0; result == 0 && at < length; piece++) {
        size_t some = length - at < PIECE_MAX ? length - at : PIECE_MAX;

        result = put_bytes(txn, dbi, piece_key(bytes, key, piece), stored, at, some, flags);
        at += some;
    }
    return result;
}

/* ---- reading ---- */

int
pieces_find(MDB_txn *txn, MDB_dbi dbi, struct view key, const MDB_val *first,
            MDB_val pieces[PIECES], int *count)
{
    uint8_t bytes[PIECES_KEY_MAX];

    *count = 0;
    if (first->mv_size % PAGE != PAGE - PAGE_HEAD) /* as no first piece is */
        return 0;
    for (; *count < PIECES; ++*count) {
        MDB_val k = piece_key(bytes, key, (unsigned)*count);
        int result = mdb_get(txn, dbi, &k, &pieces[*count]);

        if (result != 0)
            return result == MDB_NOTFOUND ? 0 : result;
    }
    return 0;
}

int
pieces_put_together(const struct view *pieces, size_t count, struct index_value **room,
                    struct view *whole)
{
    size_t length = 0, at = 0;

    *whole = pieces[0];
    if (count < 2 || pieces[1].length == 0)
        return 0;
    for (size_t p = 0; p < count; p++)
        length += pieces[p].length;
    if (index_value_room(room, 0, length) != 0)
        return PASU_E_NOMEM;
    for (size_t p = 0; p < count; at += pieces[p++].length)
        if (pieces[p].length > 0)
            memcpy((*room)->bytes + at, pieces[p].bytes, pieces[p].length);
    *whole = view_of((*room)->bytes, length);
    return 0;
}

int
pieces_join(MDB_txn *txn, MDB_dbi dbi, struct view key, MDB_val *val, struct index_value **room,
            int *pieces)
{
    struct view views[1 + PIECES] = {view_of(val->mv_data, val->mv_size)}, whole;
    MDB_val found[PIECES];
    int result = pieces_find(txn, dbi, key, val, found, pieces);

    for (int p = 0; result == 0 && p < *pieces; p++)
        views[1 + p] = view_of(found[p].mv_data, found[p].mv_size);
    if (result != 0 || *pieces == 0)
        return result;
    if (pieces_put_together(views, COUNT_OF(views), room, &whole) != 0)
        return ENOMEM;
    *val = (MDB_val){whole.length, (void *)(uintptr_t)whole.bytes};
    return 0;
}
