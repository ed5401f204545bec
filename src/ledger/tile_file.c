/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/tile_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define NEW_NAME "tile/.new"

void
tile_path(char path[TILE_PATH_SIZE], unsigned level, uint64_t index, unsigned width)
{
    enum { GROUPS_MAX = 7 };
    unsigned groups[GROUPS_MAX], count = 0;
    size_t used;

    do {
        groups[count++] = (unsigned)(index % 1000);
        index /= 1000;
    } while (index > 0);
    used = (size_t)snprintf(path, TILE_PATH_SIZE, "tile/%u", level);
    while (count-- > 0)
        used += (size_t)snprintf(path + used, TILE_PATH_SIZE - used, count > 0 ? "/x%03u" : "/%03u",
                                 groups[count]);
    if (width < TILE_WIDTH)
        snprintf(path + used, TILE_PATH_SIZE - used, ".p/%u", width);
}

static int
sync_folder(const struct tile_folder *f, const char *path)
{
    const struct os *os = f->os;
    int fd = os->openat(os->arg, f->directory, path, O_RDONLY | O_DIRECTORY, 0), result = 0;

    if (fd < 0)
        return error_from_errno(errno);
    if (os->fsync(os->arg, fd) != 0)
        result = error_from_errno(errno);
    os->close(os->arg, fd);
    return result;
}

/* The folder of a file; "." where it is the store's own. */
static void
cut_name(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash)
        *slash = '\0';
    else
        memcpy(path, ".", sizeof("."));
}

static int
sync_parent(const struct tile_folder *f, const char *path)
{
    char folder[TILE_PATH_SIZE];

    if (!f->is_durable)
        return 0;
    memcpy(folder, path, strlen(path) + 1);
    cut_name(folder);
    return sync_folder(f, folder);
}

static int
make_folders(const struct tile_folder *f, const char *path)
{
    const struct os *os = f->os;
    char folder[TILE_PATH_SIZE];
    int result = 0;

    for (const char *slash = strchr(path, '/'); slash && result == 0;
         slash = strchr(slash + 1, '/')) {
        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = '\0';
        if (os->mkdirat(os->arg, f->directory, folder, 0700) != 0 && errno != EEXIST)
            return error_from_errno(errno);
        /* Also where it was there: who made it may have failed before this. */
        result = sync_parent(f, folder);
    }
    return result;
}

static int
open_new(const struct tile_folder *f)
{
    enum { FLAGS = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK };
    const struct os *os = f->os;
    int fd = os->openat(os->arg, f->directory, NEW_NAME, FLAGS, 0600), result;

    if (fd < 0 && errno == ENOENT) {
        result = make_folders(f, NEW_NAME);
        if (result != 0)
            return result;
        fd = os->openat(os->arg, f->directory, NEW_NAME, FLAGS, 0600);
    }
    return fd < 0 ? error_from_errno(errno) : fd;
}

static int
write_new(const struct tile_folder *f, const struct tree_hash *hashes, unsigned width)
{
    const struct os *os = f->os;
    size_t length = width * sizeof(*hashes);
    int fd = open_new(f), result = 0;
    ssize_t n;

    if (fd < 0)
        return fd;
    n = os->pwrite(os->arg, fd, hashes, length, 0);
    if (n != (ssize_t)length)
        result = n < 0 ? error_from_errno(errno) : PASU_E_DISKFULL;
    else if (f->is_durable && os->fsync(os->arg, fd) != 0)
        result = error_from_errno(errno);
    if (os->close(os->arg, fd) != 0 && result == 0)
        result = error_from_errno(errno);
    return result;
}

int
tile_write(const struct tile_folder *f, unsigned level, uint64_t index, unsigned width,
           const struct tree_hash *hashes)
{
    const struct os *os = f->os;
    char path[TILE_PATH_SIZE];
    int result = write_new(f, hashes, width);

    if (result != 0)
        return result;
    tile_path(path, level, index, width);
    if (os->renameat(os->arg, f->directory, NEW_NAME, f->directory, path) == 0)
        return sync_parent(f, path);
    if (errno != ENOENT)
        return error_from_errno(errno);
    result = make_folders(f, path);
    if (result != 0)
        return result;
    if (os->renameat(os->arg, f->directory, NEW_NAME, f->directory, path) != 0)
        return error_from_errno(errno);
    return sync_parent(f, path);
}

void
tile_remove_partial(const struct tile_folder *f, unsigned level, uint64_t index)
{
    char path[TILE_PATH_SIZE];
    struct dirent *entry;
    DIR *names;
    int fd;

    tile_path(path, level, index, 1);
    cut_name(path);
    fd = openat(f->directory, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    names = fd >= 0 ? fdopendir(fd) : NULL;
    if (!names) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(names)) != NULL)
        if (entry->d_name[0] != '.' && unlinkat(fd, entry->d_name, 0) != 0) {
            /* it stays, and so does its folder */
        }
    closedir(names);
    if (unlinkat(f->directory, path, AT_REMOVEDIR) != 0) {
        /* as said */
    }
}

int
tile_read(const struct tile_folder *f, unsigned level, uint64_t index, unsigned width,
          struct tree_hash *hashes)
{
    const struct os *os = f->os;
    size_t length = width * sizeof(*hashes);
    char path[TILE_PATH_SIZE], beyond;
    ssize_t n, more = 0;
    int fd, result = 0;

    tile_path(path, level, index, width);
    fd = os->openat(os->arg, f->directory, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return errno == ELOOP ? PASU_E_CORRUPT : error_from_errno(errno);
    n = os->pread(os->arg, fd, hashes, length, 0);
    if (n == (ssize_t)length)
        more = os->pread(os->arg, fd, &beyond, 1, (off_t)length);
    if (n < 0 || more < 0)
        result = error_from_errno(errno);
    else if (n != (ssize_t)length || more != 0)
        result = PASU_E_CORRUPT;
    os->close(os->arg, fd);
    return result;
}
