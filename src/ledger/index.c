/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY
#include "ledger/index_part.h"

#include "base/memory.h"
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The most that the file can grow to: room in the process's addresses, not on the disk. */
#define MAP_SIZE (UINT64_C(1) << 40)

enum { PATH_SIZE = 64, TABLE_CIPHER = INDEX_TABLES };

static const char folder_name[] = "index", name[] = "now", made_name[] = "new", old_name[] = "old";
static const char *const files[] = {"data.mdb", "lock.mdb"};
static const char *const tables[INDEX_TABLES] = {"main", "days", "months"};
/* The table of an encrypted index that has its salt, and under the same key nothing, sealed. */
static const char cipher_name[] = "cipher", salt_name[] = "salt";

int
index_error(int error)
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
    case EDQUOT:
    case EFBIG:
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
    return result == MDB_NOTFOUND ? PASU_E_CORRUPT : index_error(result);
}

/* ---- whether it is encrypted ---- */

/* Salt, and nothing, sealed. */
enum { CIPHER_SIZE = INDEX_SALT_SIZE + INDEX_CIPHER_MORE };

static int
try_key(struct index_cipher *cipher, const uint8_t key[SEGMENT_KEY_SIZE], struct view stored)
{
    uint8_t nothing[1];
    int result = index_cipher_init(cipher, key, stored.bytes);

    if (result != 0)
        return result;
    result = index_cipher_open(cipher, TABLE_CIPHER, VIEW(salt_name),
                               view_of(stored.bytes + INDEX_SALT_SIZE, INDEX_CIPHER_MORE), nothing);
    if (result != 0)
        index_cipher_release(cipher);
    return result == PASU_E_CORRUPT ? PASU_E_LEDGER_KEY : result;
}

/* Which of the keys it is; only the first one of who writes. */
static int
find_cipher(struct index *index, const struct segment_keys *keys)
{
    size_t count = keys == NULL ? 0 : index->writes && keys->count > 1 ? 1 : keys->count;
    MDB_val k = {sizeof(salt_name) - 1, (void *)(uintptr_t)salt_name}, v;
    MDB_dbi dbi;
    int result = mdb_dbi_open(index->txn, cipher_name, 0, &dbi);

    if (result == MDB_NOTFOUND)
        return index->writes && count > 0 ? PASU_E_LEDGER_KEY : 0;
    if (result == 0)
        result = mdb_get(index->txn, dbi, &k, &v);
    if (result != 0)
        return result == MDB_NOTFOUND ? PASU_E_CORRUPT : index_error(result);
    if (v.mv_size != CIPHER_SIZE)
        return PASU_E_CORRUPT;
    result = PASU_E_LEDGER_KEY;
    for (size_t i = 0; result == PASU_E_LEDGER_KEY && i < count; i++)
        result = try_key(&index->cipher, keys->keys[i], view_of(v.mv_data, v.mv_size));
    return result;
}

static int
make_cipher(struct index *index, const struct segment_keys *keys)
{
    uint8_t stored[CIPHER_SIZE];
    MDB_val k = {sizeof(salt_name) - 1, (void *)(uintptr_t)salt_name}, v = {sizeof(stored), stored};
    MDB_dbi dbi;
    int result;

    if (keys == NULL || keys->count == 0)
        return 0;
    if (os_real.random(os_real.arg, stored, INDEX_SALT_SIZE) != 0)
        return PASU_E_CRYPTO;
    result = index_cipher_init(&index->cipher, keys->keys[0], stored);
    if (result == 0)
        result = index_cipher_seal(&index->cipher, TABLE_CIPHER, VIEW(salt_name), VIEW(""),
                                   stored + INDEX_SALT_SIZE);
    if (result == 0)
        result = index_error(mdb_dbi_open(index->txn, cipher_name, MDB_CREATE, &dbi));
    return result == 0 ? index_error(mdb_put(index->txn, dbi, &k, &v, 0)) : result;
}

/* ---- its files ---- */

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

    index_drop_values(index);
    index->txn = NULL;
    return result != 0 ? index_error(result) : fill(index);
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
    result = index_error(mdb_env_create(&index->env));
    if (result == 0)
        result = index_error(mdb_env_set_maxdbs(index->env, INDEX_TABLES + 1));
    if (result == 0)
        result = index_error(mdb_env_set_mapsize(index->env, MAP_SIZE));
    if (result == 0)
        result = index_error(mdb_env_open(index->env, path, flags, 0600));
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
open_there(struct index **index, int directory, const char *folder, unsigned flags,
           const struct segment_keys *keys)
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
    if (result == 0 && (result = find_cipher(*index, keys)) != 0) {
        index_close(*index);
        *index = NULL;
    }
    return result;
}

int
index_open(struct index **index, int directory, const struct segment_keys *keys)
{
    return open_there(index, directory, "index/now", MDB_RDONLY, keys);
}

/* What a reader that was killed has left would keep pages from being used again. */
int
index_open_to_write(struct index **index, int folder, const struct segment_keys *keys)
{
    int dead, result = open_there(index, folder, name, 0, keys);

    if (result == 0 && (result = index_error(mdb_reader_check((*index)->env, &dead))) != 0) {
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
index_make(struct index **index, int folder, const struct segment_keys *keys)
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
    if (result == 0 &&
        ((result = give(folder, fd)) != 0 || (result = make_cipher(*index, keys)) != 0)) {
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
    index_cipher_release(&index->cipher);
    index_drop_values(index);
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
        result = index_error(mdb_env_sync(index->env, 1));
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
