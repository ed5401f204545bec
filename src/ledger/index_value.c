/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY
#include "ledger/index_part.h"

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

/* How many bytes more than the value are stored. */
static size_t
more(const struct index *index)
{
    return index_cipher_is_there(&index->cipher) ? INDEX_CIPHER_MORE : CHECKSUM;
}

static int
check_value(const MDB_val *val, struct view key, struct view *value)
{
    uint32_t crc;

    *value = view_of(val->mv_data, val->mv_size - CHECKSUM);
    memcpy(&crc, value->bytes + value->length, sizeof(crc));
    return checksum(key, value->bytes, value->length) == crc ? 0 : PASU_E_CORRUPT;
}

/* Into *room, if there is one and it suffices, which is anew otherwise. */
static int
open_value(struct index *index, enum index_table table, const MDB_val *val, struct view key,
           struct index_value **room, struct view *value)
{
    size_t length = val->mv_size - INDEX_CIPHER_MORE;
    int result;

    *value = view_of("", 0);
    if (*room == NULL || (*room)->size < length) {
        memory_free(*room);
        *room = memory_new(1, sizeof(**room) + length);
        if (*room == NULL)
            return PASU_E_NOMEM;
        (*room)->size = length;
    }
    result = index_cipher_open(&index->cipher, table, key, view_of(val->mv_data, val->mv_size),
                               (*room)->bytes);
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
        return check_value(val, key, value);
    result = open_value(index, table, val, key, &room, value);
    if (room != NULL) {
        room->next = index->values;
        index->values = room;
    }
    return result;
}

int
index_get(struct index *index, enum index_table table, struct view key, struct view *value)
{
    MDB_val k = val_of(key), v;
    int result = index_error(mdb_get(index->txn, index->dbis[table], &k, &v));

    return result != 0 ? result : take_value(index, table, &v, key, value);
}

int
index_put(struct index *index, enum index_table table, struct view key, struct view value)
{
    MDB_val k = val_of(key), v = {value.length + more(index), NULL};
    uint32_t crc;
    /* Behind all others, pages become full; where it belongs between them, they are split. */
    int result = mdb_put(index->txn, index->dbis[table], &k, &v, MDB_RESERVE | MDB_APPEND);

    if (result == MDB_KEYEXIST) {
        v = (MDB_val){value.length + more(index), NULL};
        result = mdb_put(index->txn, index->dbis[table], &k, &v, MDB_RESERVE);
    }
    if (result != 0)
        return index_error(result);
    if (index_cipher_is_there(&index->cipher)) {
        result = index_cipher_seal(&index->cipher, table, key, value, v.mv_data);
        index_drop_values(index);
        return result;
    }
    crc = checksum(key, value.bytes, value.length);
    if (value.length > 0)
        memcpy(v.mv_data, value.bytes, value.length);
    memcpy((uint8_t *)v.mv_data + value.length, &crc, sizeof(crc));
    return 0;
}

int
index_delete(struct index *index, enum index_table table, struct view key)
{
    MDB_val k = val_of(key);
    int result = mdb_del(index->txn, index->dbis[table], &k, NULL);

    index_drop_values(index);
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

static int
walk_value(struct index_walk *walk, const MDB_val *val, struct view key, struct view *value)
{
    struct index *index = walk->index;

    *value = view_of("", 0);
    if (val->mv_size < more(index))
        return PASU_E_CORRUPT;
    if (walk->is_unchecked) {
        if (!index_cipher_is_there(&index->cipher))
            *value = view_of(val->mv_data, val->mv_size - CHECKSUM);
        return 0;
    }
    if (walk->keeps || !index_cipher_is_there(&index->cipher))
        return take_value(index, walk->table, val, key, value);
    return open_value(index, walk->table, val, key, &walk->value, value);
}

static int
walk_to(struct index_walk *walk, MDB_val *k, MDB_cursor_op op, struct view *key, struct view *value)
{
    MDB_val v;
    int result = mdb_cursor_get(walk->cursor, k, &v, op);

    if (result == MDB_NOTFOUND)
        return 0;
    if (result != 0) /* PASU_E_CORRUPT is a value that is damaged: one can go on behind it */
        return index_error(result) == PASU_E_CORRUPT ? PASU_E_IO : index_error(result);
    *key = view_of(k->mv_data, k->mv_size);
    result = walk_value(walk, &v, *key, value);
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

void
index_walk_end(struct index_walk *walk)
{
    if (walk->cursor != NULL)
        mdb_cursor_close(walk->cursor);
    memory_free(walk->value);
    walk->cursor = NULL;
    walk->value = NULL;
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
