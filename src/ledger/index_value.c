/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY
#include "ledger/index_pieces.h"

#include "base/crc32c.h"
#include "base/memory.h"

enum { CHECKSUM = 4 };

void
index_drop_values(struct index *index)
{
    while (index->values != NULL) {
        struct index_value *value = index->values;

        index->values = value->next;
        memory_free(value);
    }
}

static MDB_val
val_of(struct view v)
{
    return (MDB_val){v.length, (void *)(uintptr_t)v.bytes};
}

static uint32_t
checksum(struct view key, const void *value, size_t length)
{
    return crc32c(crc32c(0, key.bytes, key.length), value, length);
}

int
index_value_room(struct index_value **room, size_t used, size_t size)
{
    struct index_value *made;

    if (*room != NULL && (*room)->size >= size)
        return 0;
    made = memory_new(1, sizeof(*made) + size);
    if (made == NULL)
        return PASU_E_NOMEM;
    made->size = size;
    if (used > 0)
        memcpy(made->bytes, (*room)->bytes, used);
    memory_free(*room);
    *room = made;
    return 0;
}

/* It is valid as long as others. */
static void
keep(struct index *index, struct index_value *value)
{
    value->next = index->values;
    index->values = value;
}

/* Keys of values that may be long, in bytes: those of the main table that end with 8 bytes, of
 * days' units, and of months' chunks. No table has keys that are one byte longer. */
static const size_t long_keys[INDEX_TABLES] = {
    [INDEX_MAIN] = 9, [INDEX_DAYS] = 8, [INDEX_MONTHS] = 16};

static bool
is_cut(enum index_table table, struct view key)
{
    return key.length == long_keys[table];
}

/* Whether the key is of another piece than the first. */
static bool
is_piece(enum index_table table, const MDB_val *key)
{
    return key->mv_size == long_keys[table] + 1;
}

/* How many pieces there are behind the first one, or an error. */
static int
join(struct index *index, enum index_table table, struct view key, MDB_val *val,
     struct index_value **room)
{
    int pieces = 0;
    int result = is_cut(table, key)
                     ? pieces_join(index->txn, index->dbis[table], key, val, room, &pieces)
                     : 0;

    return result == 0 ? pieces : index_error(result);
}

/* How many bytes more than the value are stored. */
static size_t
more(const struct index *index)
{
    return index_cipher_is_there(&index->cipher) ? INDEX_CIPHER_MORE : CHECKSUM;
}

static int
check_value(struct view stored, struct view key, struct view *value)
{
    uint32_t crc;

    *value = view_of(stored.bytes, stored.length - CHECKSUM);
    memcpy(&crc, value->bytes + value->length, sizeof(crc));
    return checksum(key, value->bytes, value->length) == crc ? 0 : PASU_E_CORRUPT;
}

/* Into *room, if there is one and it suffices, which is anew otherwise. */
static int
open_value(struct index_cipher *cipher, enum index_table table, struct view stored, struct view key,
           struct index_value **room, struct view *value)
{
    size_t length = stored.length - INDEX_CIPHER_MORE;
    int result;

    *value = view_of("", 0);
    result = index_value_room(room, 0, length);
    if (result != 0)
        return result;
    result = index_cipher_open(cipher, (uint8_t)table, key, stored, (*room)->bytes);
    if (result == 0)
        *value = view_of((*room)->bytes, length);
    return result;
}

/* One that is valid until the index is written to. */
static int
take_value(struct index *index, enum index_table table, const MDB_val *val, struct view key,
           struct view *value)
{
    struct index_value *room = NULL;
    int result;

    if (val->mv_size < more(index))
        return PASU_E_CORRUPT;
    if (!index_cipher_is_there(&index->cipher))
        return check_value(view_of(val->mv_data, val->mv_size), key, value);
    result =
        open_value(&index->cipher, table, view_of(val->mv_data, val->mv_size), key, &room, value);
    if (room != NULL)
        keep(index, room);
    return result;
}

int
index_get(struct index *index, enum index_table table, struct view key, struct view *value)
{
    MDB_val k = val_of(key), v;
    struct index_value *joined = NULL;
    int result = index_error(mdb_get(index->txn, index->dbis[table], &k, &v));

    if (result == 0)
        result = join(index, table, key, &v, &joined);
    if (result >= 0)
        result = take_value(index, table, &v, key, value);
    if (joined != NULL && result == 0 && !index_cipher_is_there(&index->cipher))
        keep(index, joined);
    else
        memory_free(joined);
    return result;
}

static int
put(struct index *index, enum index_table table, struct view key, struct view value,
    struct view end)
{
    struct stored stored = {value, end};

    return index_error(
        pieces_put(index->txn, index->dbis[table], key, &stored, is_cut(table, key)));
}

static int
put_sealed(struct index *index, enum index_table table, struct view key, struct view value)
{
    size_t length = value.length + INDEX_CIPHER_MORE;
    uint8_t *bytes = memory_new(1, length);
    int result = bytes == NULL
                     ? PASU_E_NOMEM
                     : index_cipher_seal(&index->cipher, (uint8_t)table, key, value, bytes);

    if (result == 0)
        result = put(index, table, key, view_of(bytes, length), VIEW(""));
    memory_free(bytes);
    return result;
}

int
index_put(struct index *index, enum index_table table, struct view key, struct view value)
{
    uint32_t crc;
    int result;

    if (index_cipher_is_there(&index->cipher)) {
        result = put_sealed(index, table, key, value);
    } else {
        crc = checksum(key, value.bytes, value.length);
        result = put(index, table, key, value, view_of(&crc, sizeof(crc)));
    }
    index_drop_values(index);
    return result;
}

int
index_delete(struct index *index, enum index_table table, struct view key)
{
    MDB_val k = val_of(key);
    int result = mdb_del(index->txn, index->dbis[table], &k, NULL);

    index_drop_values(index);
    if (result == 0 && is_cut(table, key))
        result = pieces_remove(index->txn, index->dbis[table], key);
    return result == MDB_NOTFOUND ? 0 : index_error(result);
}

/* ---- walks ---- */

int
index_walk_begin(struct index_walk *walk, struct index *index, enum index_table table)
{
    MDB_cursor *cursor = NULL;
    int result = index_error(mdb_cursor_open(index->txn, index->dbis[table], &cursor));

    *walk = (struct index_walk){.index = index, .table = table, .cursor = cursor};
    return result;
}

/* Of what was put together of its pieces, if it was. */
static int
walk_value(struct index_walk *walk, const MDB_val *val, struct view key, bool is_joined,
           struct view *value)
{
    struct index *index = walk->index;
    bool is_sealed = index_cipher_is_there(&index->cipher);

    *value = view_of("", 0);
    if (val->mv_size < more(index))
        return PASU_E_CORRUPT;
    if (walk->is_unchecked) {
        if (!is_sealed)
            *value = view_of(val->mv_data, val->mv_size - CHECKSUM);
        return 0;
    }
    if (is_sealed && !walk->keeps)
        return open_value(&index->cipher, walk->table, view_of(val->mv_data, val->mv_size), key,
                          &walk->value, value);
    if (is_joined && !is_sealed && walk->keeps) {
        keep(index, walk->joined);
        walk->joined = NULL;
    }
    return take_value(index, walk->table, val, key, value);
}

static int
walk_to(struct index_walk *walk, MDB_val *k, MDB_cursor_op op, struct view *key, struct view *value)
{
    MDB_val v;
    int result = mdb_cursor_get(walk->cursor, k, &v, op), pieces;

    while (result == 0 && is_piece(walk->table, k))
        result = mdb_cursor_get(walk->cursor, k, &v, MDB_NEXT);
    if (result == MDB_NOTFOUND)
        return 0;
    if (result != 0) /* PASU_E_CORRUPT is a value that is damaged: one can go on behind it */
        return index_error(result) == PASU_E_CORRUPT ? PASU_E_IO : index_error(result);
    *key = view_of(k->mv_data, k->mv_size);
    *value = view_of("", 0);
    if (walk->is_put_off)
        return 1;
    pieces = join(walk->index, walk->table, *key, &v, &walk->joined);
    if (pieces < 0)
        return pieces == PASU_E_CORRUPT ? PASU_E_IO : pieces;
    walk->pieces += (uint64_t)pieces;
    result = walk_value(walk, &v, *key, pieces > 0, value);
    return result != 0 ? result : 1;
}

int
index_walk_seek(struct index_walk *walk, struct view from, struct view *key, struct view *value)
{
    MDB_val k = val_of(from);

    return walk_to(walk, &k, MDB_SET_RANGE, key, value);
}

int
index_walk_next(struct index_walk *walk, struct view *key, struct view *value)
{
    MDB_val k;

    return walk_to(walk, &k, MDB_NEXT, key, value);
}

int
index_walk_stored(struct index_walk *walk, struct index_stored *stored)
{
    struct index *index = walk->index;
    MDB_val k, v, pieces[PIECES];
    int count = 0, result = mdb_cursor_get(walk->cursor, &k, &v, MDB_GET_CURRENT);

    *stored = (struct index_stored){.table = walk->table};
    if (result == 0 && k.mv_size <= sizeof(stored->key) &&
        is_cut(walk->table, view_of(k.mv_data, k.mv_size)))
        result = pieces_find(index->txn, index->dbis[walk->table], view_of(k.mv_data, k.mv_size),
                             &v, pieces, &count);
    if (result != 0 || k.mv_size > sizeof(stored->key))
        return PASU_E_IO;
    memcpy(stored->key, k.mv_data, k.mv_size);
    stored->key_length = k.mv_size;
    stored->pieces[0] = view_of(v.mv_data, v.mv_size);
    for (int p = 0; p < count; p++)
        stored->pieces[1 + p] = view_of(pieces[p].mv_data, pieces[p].mv_size);
    return 0;
}

void
index_walk_end(struct index_walk *walk)
{
    if (walk->cursor != NULL)
        mdb_cursor_close(walk->cursor);
    memory_free(walk->value);
    memory_free(walk->joined);
    walk->cursor = NULL;
    walk->value = walk->joined = NULL;
}

/* ---- by any thread ---- */

_Static_assert(INDEX_PIECES == 1 + PIECES, "a value has so many");

int
index_room_init(struct index_room *room, const struct index *index)
{
    *room = (struct index_room){0};
    if (!index_cipher_is_there(&index->cipher))
        return 0;
    room->cipher = memory_new(1, sizeof(*room->cipher));
    return room->cipher != NULL ? index_cipher_copy(room->cipher, &index->cipher) : PASU_E_NOMEM;
}

void
index_room_release(struct index_room *room)
{
    if (room->cipher != NULL)
        index_cipher_release(room->cipher);
    memory_free(room->cipher);
    memory_free(room->joined);
    memory_free(room->opened);
    *room = (struct index_room){0};
}

int
index_stored_open(const struct index_stored *stored, struct index_room *room, struct view *value)
{
    struct view key = view_of(stored->key, stored->key_length), whole;
    size_t end = room->cipher != NULL ? (size_t)INDEX_CIPHER_MORE : CHECKSUM;
    int result = pieces_put_together(stored->pieces, INDEX_PIECES, &room->joined, &whole);

    *value = view_of("", 0);
    if (result != 0)
        return result;
    if (whole.length < end)
        return PASU_E_CORRUPT;
    return room->cipher != NULL
               ? open_value(room->cipher, stored->table, whole, key, &room->opened, value)
               : check_value(whole, key, value);
}

/* ---- all of it ---- */

/* That the key which a walk has come to is behind the one before, and is found. */
static int
verify_key(struct index *index, enum index_table table, struct view before, struct view key)
{
    size_t common = before.length < key.length ? before.length : key.length;
    int order = common > 0 ? memcmp(before.bytes, key.bytes, common) : 0;
    MDB_val k = val_of(key), v;

    if (order > 0 || (order == 0 && before.length >= key.length && before.bytes != NULL))
        return PASU_E_CORRUPT;
    return mdb_get(index->txn, index->dbis[table], &k, &v) == 0 ? 0 : PASU_E_CORRUPT;
}

static int
verify_table(struct index *index, enum index_table table)
{
    uint8_t last[INDEX_KEY_MAX];
    struct view before = {0}, key, value, from = {0};
    struct index_walk walk;
    MDB_stat stat;
    uint64_t count = 0;
    int next = 0, result = index_error(mdb_stat(index->txn, index->dbis[table], &stat));

    if (result == 0)
        result = index_walk_begin(&walk, index, table);
    if (result != 0)
        return result;
    from = view_of("", 1);
    while (result == 0 && (next = count == 0 ? index_walk_seek(&walk, from, &key, &value)
                                             : index_walk_next(&walk, &key, &value)) == 1) {
        result =
            key.length <= sizeof(last) ? verify_key(index, table, before, key) : PASU_E_CORRUPT;
        if (result == 0)
            memcpy(last, key.bytes, key.length);
        before = view_of(last, key.length);
        count++;
    }
    count += walk.pieces;
    index_walk_end(&walk);
    if (result != 0 || next < 0)
        return PASU_E_CORRUPT;
    return count == stat.ms_entries ? 0 : PASU_E_CORRUPT;
}

int
index_verify(struct index *index)
{
    int result = 0;

    for (int t = 0; t < INDEX_TABLES && result == 0; t++)
        result = verify_table(index, (enum index_table)t);
    return result;
}

uint64_t
index_size(struct index *index)
{
    MDB_envinfo info;
    MDB_stat stat;

    if (mdb_env_info(index->env, &info) != 0 || mdb_env_stat(index->env, &stat) != 0)
        return 0;
    return (uint64_t)(info.me_last_pgno + 1) * stat.ms_psize;
}
