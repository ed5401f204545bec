/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY
#include "ledger/index_pieces.h"

#include "base/memory.h"

#include <errno.h>

enum {
    PAGE = 4096,
    PAGE_HEAD = 16,
    LEAF_MAX = 2038 - 8,               /* of a node, key and value: two fill a page */
    PIECE_MAX = LEAF_MAX - PIECES_KEY, /* bytes */
    PIECES = 2,
};

static MDB_val
piece_key(uint8_t bytes[PIECES_KEY], struct view key, unsigned piece)
{
    memcpy(bytes, key.bytes, PIECES_UNIT_KEY);
    bytes[PIECES_UNIT_KEY] = (uint8_t)piece;
    return (MDB_val){PIECES_KEY, bytes};
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
    uint8_t bytes[PIECES_KEY];
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
    uint8_t bytes[PIECES_KEY];
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

static int
join_piece(struct index_value **room, size_t *used, const MDB_val *piece)
{
    if (index_value_room(room, *used, *used + piece->mv_size) != 0)
        return ENOMEM;
    memcpy((*room)->bytes + *used, piece->mv_data, piece->mv_size);
    *used += piece->mv_size;
    return 0;
}

int
pieces_join(MDB_txn *txn, MDB_dbi dbi, struct view key, MDB_val *val, struct index_value **room,
            int *pieces)
{
    uint8_t bytes[PIECES_KEY];
    size_t used = 0;

    *pieces = 0;
    if (val->mv_size % PAGE != PAGE - PAGE_HEAD) /* as no first piece is */
        return 0;
    for (; *pieces < PIECES; ++*pieces) {
        MDB_val k = piece_key(bytes, key, (unsigned)*pieces), piece;
        int result = mdb_get(txn, dbi, &k, &piece);

        if (result == MDB_NOTFOUND)
            break;
        if (result == 0 && *pieces == 0 &&
            index_value_room(room, 0, val->mv_size + (size_t)PIECES * PIECE_MAX) != 0)
            result = ENOMEM;
        if (result == 0 && *pieces == 0)
            result = join_piece(room, &used, val);
        if (result == 0)
            result = join_piece(room, &used, &piece);
        if (result != 0)
            return result;
    }
    if (*pieces > 0)
        *val = (MDB_val){used, (*room)->bytes};
    return 0;
}
