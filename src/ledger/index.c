/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY
#include "ledger/index.h"

#include "base/crc32c.h"
#include "base/memory.h"
#include "ledger/index_pieces.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The most that the file can grow to: room in the process's addresses, not on the disk. */
#define MAP_SIZE (UINT64_C(1) << 40)

enum { CHECKSUM = 4, PATH_SIZE = 64 };

static const char folder_name[] = "index", name[] = "now", made_name[] = "new", old_name[] = "old";
static const char *const files[] = {"data.mdb", "lock.mdb"};
static const char *const tables[INDEX_TABLES] = {"main", "days", "months"};

struct index {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbis[INDEX_TABLES];
    struct index_joined joined; /* the last value that was got of several pieces */
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

/* What the file should have in bytes, and has; the library reads what it is told is there, and
 * would be ended by a signal. */
static int
get_sizes(struct index *index, uint64_t *due, uint64_t *there)
{
    struct stat s;
    mdb_filehandle_t fd;

    *due = index_size(index);
    if (mdb_env_get_fd(index->env, &fd) != 0 || fstat(fd, &s) != 0)
        return PASU_E_IO;
    *there = (uint64_t)s.st_size;
    return 0;
}

static int
check_size(struct index *index)
{
    uint64_t due, there;
    int result = get_sizes(index, &due, &there);

    return result == 0 && there < due ? PASU_E_CORRUPT : result;
}

/* Pages at the end that were not needed after all are not written. */
static int
fill(struct index *index)
{
    mdb_filehandle_t fd;
    uint64_t due, there;
    int result = get_sizes(index, &due, &there);

    if (result != 0 || there >= due)
        return result;
    if (mdb_env_get_fd(index->env, &fd) != 0)
        return PASU_E_IO;
    return ftruncate(fd, (off_t)due) == 0 ? 0 : error_from_errno(errno);
}

static int
commit(struct index *index)
{
    int result = mdb_txn_commit(index->txn);

    index->txn = NULL;
    return result != 0 ? error_of(result) : fill(index);
}

/* The environment in this folder, whose files are those that it has now, whatever it is called
 * then. */
static int
open_env(struct index **made, int folder, unsigned flags)
{
    struct index *index = memory_new(1, sizeof(*index));
    char path[PATH_SIZE];
    int result;

    *made = NULL;
    if (index == NULL)
        return PASU_E_NOMEM;
    index->writes = (flags & MDB_RDONLY) == 0;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", folder);
    result = error_of(mdb_env_create(&index->env));
    if (result == 0)
        result = error_of(mdb_env_set_maxdbs(index->env, INDEX_TABLES));
    if (result == 0)
        result = error_of(mdb_env_set_mapsize(index->env, MAP_SIZE));
    if (result == 0)
        result = error_of(mdb_env_open(index->env, path, flags, 0600));
    if (result == 0)
        result = check_size(index);
    if (result == 0)
        result = begin(index);
    if (result == 0)
        *made = index;
    else
        index_close(index);
    return result;
}

static int
open_folder(int directory, const char *folder)
{
    int fd = openat(directory, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0)
        return fd;
    return errno == ENOENT ? PASU_E_NOTFOUND : error_from_errno(errno);
}

static int
open_there(struct index **index, int directory, const char *folder, unsigned flags)
{
    struct stat s;
    int fd = open_folder(directory, folder), result;

    *index = NULL;
    if (fd < 0)
        return fd;
    result = fstatat(fd, files[0], &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(s.st_mode)
                 ? open_env(index, fd, flags)
                 : PASU_E_NOTFOUND;
    close(fd);
    return result;
}

int
index_open(struct index **index, int directory)
{
    return open_there(index, directory, "index/now", MDB_RDONLY);
}

/* What a reader that was killed has left would keep pages from being used again. */
int
index_open_to_write(struct index **index, int folder)
{
    int dead, result = open_there(index, folder, name, 0);

    if (result == 0 && (result = error_of(mdb_reader_check((*index)->env, &dead))) != 0) {
        index_close(*index);
        *index = NULL;
    }
    return result;
}

/* What an index consists of, and nothing else: a folder with other files in it stays. */
static void
remove_files(int directory, const char *folder)
{
    for (size_t f = 0; f < COUNT_OF(files); f++) {
        char path[PATH_SIZE];

        snprintf(path, sizeof(path), "%s/%s", folder, files[f]);
        unlinkat(directory, path, 0);
    }
}

static void
remove_folder(int directory, const char *folder)
{
    remove_files(directory, folder);
    unlinkat(directory, folder, AT_REMOVEDIR);
}

/* A command of root's makes what is the owner's of the folder around it, so that the guard can go
 * on with it. Nobody else has been able to write into what root has just made. */
static int
give(int around, int fd)
{
    struct stat outer, s;

    if (geteuid() != 0)
        return 0;
    if (fstat(around, &outer) != 0 || fstat(fd, &s) != 0)
        return PASU_E_IO;
    if (s.st_uid != 0 || outer.st_uid == 0)
        return 0;
    for (size_t f = 0; f < COUNT_OF(files); f++)
        if (fchownat(fd, files[f], outer.st_uid, outer.st_gid, AT_SYMLINK_NOFOLLOW) != 0 &&
            errno != ENOENT)
            return error_from_errno(errno);
    return fchown(fd, outer.st_uid, outer.st_gid) == 0 ? 0 : error_from_errno(errno);
}

int
index_folder(int directory)
{
    bool is_new = mkdirat(directory, folder_name, 0700) == 0;
    int fd, result;

    if (!is_new && errno != EEXIST)
        return error_from_errno(errno);
    fd = open_folder(directory, folder_name);
    if (fd < 0 || !is_new)
        return fd;
    result = give(directory, fd);
    if (result == 0)
        return fd;
    close(fd);
    return result;
}

int
index_lock(int folder, bool waits)
{
    int result;

    do
        result = flock(folder, waits ? LOCK_EX : LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    if (result == 0)
        return 0;
    return errno == EWOULDBLOCK ? PASU_E_AGAIN : error_from_errno(errno);
}

void
index_unlock(int folder)
{
    flock(folder, LOCK_UN);
}

int
index_make(struct index **index, int folder)
{
    int fd, result;

    *index = NULL;
    remove_folder(folder, made_name);
    if (mkdirat(folder, made_name, 0700) != 0)
        return error_from_errno(errno);
    fd = open_folder(folder, made_name);
    if (fd < 0)
        return fd;
    result = open_env(index, fd, MDB_NOSYNC);
    if (result == 0 && (result = give(folder, fd)) != 0) {
        index_close(*index);
        *index = NULL;
    }
    close(fd);
    return result;
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
    memory_free(index->joined.bytes);
    memory_free(index);
}

int
index_commit(struct index *index)
{
    int result = commit(index);

    return result != 0 ? result : begin(index);
}

int
index_replace(struct index *index, int folder)
{
    int result = commit(index);

    if (result == 0)
        result = error_of(mdb_env_sync(index->env, 1));
    index_close(index);
    if (result != 0)
        return result;
    remove_folder(folder, old_name);
    if (renameat(folder, name, folder, old_name) != 0 && errno != ENOENT)
        return error_from_errno(errno);
    if (renameat(folder, made_name, folder, name) != 0)
        return error_from_errno(errno);
    remove_folder(folder, old_name);
    remove_files(folder, "."); /* of versions that had no folder in the folder */
    return fsync(folder) == 0 ? 0 : error_from_errno(errno);
}

void
index_discard(struct index *index, int folder)
{
    index_close(index);
    remove_folder(folder, made_name);
}

void
index_remove(int folder)
{
    remove_folder(folder, name);
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

/* Values of days can be in pieces. */
static bool
is_cut(enum index_table table, struct view key)
{
    return table == INDEX_DAYS && key.length == PIECES_UNIT_KEY;
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

/* ---- values ---- */

static int
get(struct index *index, enum index_table table, struct view key, bool is_unchecked,
    struct view *value)
{
    MDB_val k = val_of(key), v;
    int pieces, result = mdb_get(index->txn, index->dbis[table], &k, &v);

    if (result == 0 && is_cut(table, key))
        result = pieces_join(index->txn, index->dbis[table], key, &v, &index->joined, &pieces);
    return result != 0 ? error_of(result) : take_value(&v, key, is_unchecked, value);
}

int
index_get(struct index *index, enum index_table table, struct view key, struct view *value)
{
    return get(index, table, key, false, value);
}

int
index_put(struct index *index, enum index_table table, struct view key, struct view value)
{
    const struct written written = {value, checksum(key, value.bytes, value.length)};

    return error_of(pieces_put(index->txn, index->dbis[table], key, &written, is_cut(table, key)));
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
    int result = mdb_cursor_get(walk->cursor, k, &v, op), pieces = 0;

    while (result == 0 && walk->table == INDEX_DAYS && k->mv_size == PIECES_KEY)
        result = mdb_cursor_get(walk->cursor, k, &v, MDB_NEXT);
    if (result == MDB_NOTFOUND)
        return 0;
    if (result == 0 && is_cut(walk->table, view_of(k->mv_data, k->mv_size)))
        result = pieces_join(walk->index->txn, walk->index->dbis[walk->table],
                             view_of(k->mv_data, k->mv_size), &v, &walk->joined, &pieces);
    if (result != 0) /* PASU_E_CORRUPT is a value that is damaged: one can go on behind it */
        return error_of(result) == PASU_E_CORRUPT ? PASU_E_IO : error_of(result);
    *key = view_of(k->mv_data, k->mv_size);
    walk->pieces += (uint64_t)pieces;
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
    memory_free(walk->joined.bytes);
    walk->joined = (struct index_joined){0};
}

/* ---- all of it ---- */

/* That the key which a walk has come to is behind the one before, and is found. */
static int
verify_key(struct index *index, enum index_table table, struct view before, struct view key)
{
    size_t common = before.length < key.length ? before.length : key.length;
    int order = common > 0 ? memcmp(before.bytes, key.bytes, common) : 0;
    struct view value;

    if (order > 0 || (order == 0 && before.length >= key.length && before.bytes != NULL))
        return PASU_E_CORRUPT;
    return get(index, table, key, true, &value) == 0 ? 0 : PASU_E_CORRUPT;
}

static int
verify_table(struct index *index, enum index_table table)
{
    uint8_t last[INDEX_KEY_MAX];
    struct view before = {0}, key, value, from = {0};
    struct index_walk walk;
    MDB_stat stat;
    uint64_t count = 0;
    int next = 0, result = error_of(mdb_stat(index->txn, index->dbis[table], &stat));

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
