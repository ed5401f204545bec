/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY
#include "ledger/index.h"

#include "base/crc32c.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

/* The most that the file can grow to: room in the process's addresses, not on the disk. */
#define MAP_SIZE (UINT64_C(1) << 40)

enum { CHECKSUM = 4, PATH_SIZE = 64 };

static const char name[] = "index", made_name[] = "index.new", old_name[] = "index.old";
static const char *const files[] = {"data.mdb", "lock.mdb"};
static const char *const tables[INDEX_TABLES] = {"main", "days", "months"};

struct index {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbis[INDEX_TABLES];
    bool writes;
};

static int
error_of(int error)
{
    switch (error) {
    case 0:
        return 0;
    case MDB_NOTFOUND:
    case ENOENT:
        return PASU_E_NOTFOUND;
    case ENOMEM:
        return PASU_E_NOMEM;
    case EACCES:
    case EPERM:
    case EROFS:
        return PASU_E_DENIED;
    case ENOSPC:
    case MDB_MAP_FULL:
        return PASU_E_DISKFULL;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
        return PASU_E_CORRUPT;
    default:
        return PASU_E_IO;
    }
}

/* ---- opening ---- */

static int
begin(struct index *index)
{
    unsigned flags = index->writes ? 0 : MDB_RDONLY;
    int result = mdb_txn_begin(index->env, NULL, flags, &index->txn);

    if (result != 0)
        index->txn = NULL;
    for (size_t t = 0; result == 0 && t < INDEX_TABLES; t++)
        result =
            mdb_dbi_open(index->txn, tables[t], index->writes ? MDB_CREATE : 0, &index->dbis[t]);
    /* A file without our tables is another's. */
    return result == MDB_NOTFOUND ? PASU_E_CORRUPT : error_of(result);
}

static int
open_env(struct index **made, int directory, const char *folder, unsigned flags)
{
    struct index *index = memory_new(1, sizeof(*index));
    char path[PATH_SIZE];
    int result;

    *made = NULL;
    if (index == NULL)
        return PASU_E_NOMEM;
    index->writes = (flags & MDB_RDONLY) == 0;
    snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", directory, folder);
    result = error_of(mdb_env_create(&index->env));
    if (result == 0)
        result = error_of(mdb_env_set_maxdbs(index->env, INDEX_TABLES));
    if (result == 0)
        result = error_of(mdb_env_set_mapsize(index->env, MAP_SIZE));
    if (result == 0)
        result = error_of(mdb_env_open(index->env, path, flags, 0600));
    if (result == 0)
        result = begin(index);
    if (result == 0)
        *made = index;
    else
        index_close(index);
    return result;
}

static bool
is_there(int directory)
{
    struct stat s;

    return fstatat(directory, "index/data.mdb", &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(s.st_mode);
}

int
index_open(struct index **index, int directory)
{
    *index = NULL;
    return is_there(directory) ? open_env(index, directory, name, MDB_RDONLY) : PASU_E_NOTFOUND;
}

int
index_open_to_write(struct index **index, int directory)
{
    *index = NULL;
    return is_there(directory) ? open_env(index, directory, name, 0) : PASU_E_NOTFOUND;
}

/* What an index consists of, and nothing else: a folder with other files in it stays. */
static void
remove_folder(int directory, const char *folder)
{
    for (size_t f = 0; f < COUNT_OF(files); f++) {
        char path[PATH_SIZE];

        snprintf(path, sizeof(path), "%s/%s", folder, files[f]);
        unlinkat(directory, path, 0);
    }
    unlinkat(directory, folder, AT_REMOVEDIR);
}

int
index_make(struct index **index, int directory)
{
    *index = NULL;
    remove_folder(directory, made_name);
    if (mkdirat(directory, made_name, 0700) != 0)
        return error_from_errno(errno);
    return open_env(index, directory, made_name, MDB_NOSYNC);
}

void
index_close(struct index *index)
{
    if (index == NULL)
        return;
    if (index->txn != NULL)
        mdb_txn_abort(index->txn);
    if (index->env != NULL)
        mdb_env_close(index->env);
    memory_free(index);
}

int
index_commit(struct index *index)
{
    int result = mdb_txn_commit(index->txn);

    index->txn = NULL;
    return result != 0 ? error_of(result) : begin(index);
}

int
index_replace(struct index *index, int directory)
{
    int result = error_of(mdb_txn_commit(index->txn));

    index->txn = NULL;
    if (result == 0)
        result = error_of(mdb_env_sync(index->env, 1));
    index_close(index);
    if (result != 0)
        return result;
    remove_folder(directory, old_name);
    if (renameat(directory, name, directory, old_name) != 0 && errno != ENOENT)
        return error_from_errno(errno);
    if (renameat(directory, made_name, directory, name) != 0)
        return error_from_errno(errno);
    remove_folder(directory, old_name);
    return fsync(directory) == 0 ? 0 : error_from_errno(errno);
}

void
index_discard(struct index *index, int directory)
{
    index_close(index);
    remove_folder(directory, made_name);
}

/* ---- values ---- */

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

static int
take_value(const MDB_val *val, struct view key, bool is_unchecked, struct view *value)
{
    uint32_t crc;

    if (val->mv_size < CHECKSUM)
        return PASU_E_CORRUPT;
    *value = view_of(val->mv_data, val->mv_size - CHECKSUM);
    memcpy(&crc, value->bytes + value->length, sizeof(crc));
    return is_unchecked || checksum(key, value->bytes, value->length) == crc ? 0 : PASU_E_CORRUPT;
}

int
index_get(struct index *index, enum index_table table, struct view key, struct view *value)
{
    MDB_val k = val_of(key), v;
    int result = error_of(mdb_get(index->txn, index->dbis[table], &k, &v));

    return result != 0 ? result : take_value(&v, key, false, value);
}

int
index_put(struct index *index, enum index_table table, struct view key, struct view value)
{
    MDB_val k = val_of(key), v = {value.length + CHECKSUM, NULL};
    uint32_t crc = checksum(key, value.bytes, value.length);
    /* Behind all others, pages become full; where it belongs between them, they are split. */
    int result = mdb_put(index->txn, index->dbis[table], &k, &v, MDB_RESERVE | MDB_APPEND);

    if (result == MDB_KEYEXIST) {
        v = (MDB_val){value.length + CHECKSUM, NULL};
        result = mdb_put(index->txn, index->dbis[table], &k, &v, MDB_RESERVE);
    }
    if (result != 0)
        return error_of(result);
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

    return result == MDB_NOTFOUND ? 0 : error_of(result);
}

/* ---- walks ---- */

int
index_walk_begin(struct index_walk *walk, struct index *index, enum index_table table)
{
    MDB_cursor *cursor = NULL;
    int result = error_of(mdb_cursor_open(index->txn, index->dbis[table], &cursor));

    *walk = (struct index_walk){.index = index, .table = table, .cursor = cursor};
    return result;
}

static int
walk_to(struct index_walk *walk, MDB_val *k, MDB_cursor_op op, struct view *key, struct view *value)
{
    MDB_val v;
    int result = mdb_cursor_get(walk->cursor, k, &v, op);

    if (result == MDB_NOTFOUND)
        return 0;
    if (result != 0) /* PASU_E_CORRUPT is a value that is damaged: one can go on behind it */
        return error_of(result) == PASU_E_CORRUPT ? PASU_E_IO : error_of(result);
    *key = view_of(k->mv_data, k->mv_size);
    result = take_value(&v, *key, walk->is_unchecked, value);
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
    walk->cursor = NULL;
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
