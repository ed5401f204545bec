/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder on a disk that can lose what was not synced, and an operating system on it whose Nth
 * call fails. Of each file the last synced state is kept; disk_cut_power leaves of every page the
 * old or the new content, as a coin falls, and of the names that were given since their folders
 * were synced, the first ones.
 */
#ifndef PASU_TEST_DISK_H
#define PASU_TEST_DISK_H

#include "base/error.h"
#include "base/memory.h"
#include "base/os.h"
#include "random.h"
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DISK_FILES = 4096, DISK_NAMES = 512, DISK_PAGE = 512, DISK_RESERVED = 8192 };

/* What is on the disk of a file, and which bytes the kernel holds for newer. */
struct disk_file {
    ino_t inode; /* 0: none */
    uint8_t *bytes, *is_dirty;
    size_t length, size;
};

/* A name that was given in a folder which was not synced since; and what had it before. */
struct disk_name {
    ino_t folder;
    int fd;                  /* of the folder */
    char name[64], from[64]; /* that it had in the same folder before; empty: none */
    bool is_directory, has_old;
};

struct disk {
    char path[64], old_path[72]; /* the second one of what is replaced */
    int directory;
    struct os os;
    int calls_left;    /* that succeed before one fails; -1: none fails */
    int calls;         /* made */
    bool is_partial;   /* a write that fails leaves half of its bytes */
    bool is_dead;      /* and after it all fail: the process was killed there */
    bool is_recording; /* what is on the disk */
    bool is_unordered; /* of names, any may be lost, not only the last ones */
    struct disk_file files[DISK_FILES];
    struct disk_name names[DISK_NAMES];
    size_t name_count;
    int old; /* a folder for what is replaced */
    int64_t time;
};

static inline bool
disk_fails(struct disk *d)
{
    d->calls++;
    errno = EIO;
    if (d->calls_left == 0 && d->is_dead)
        return true;
    return d->calls_left >= 0 && d->calls_left-- == 0;
}

/* With room for what is written up to `length`. */
static inline struct disk_file *
disk_file_of(struct disk *d, int fd, size_t length)
{
    struct disk_file *file = d->files;
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    while (file->inode != 0 && file->inode != st.st_ino)
        assert_true(++file < d->files + DISK_FILES);
    file->inode = st.st_ino;
    if (length > file->size) {
        file->bytes = memory_resize(file->bytes, length, 1);
        file->is_dirty = memory_resize(file->is_dirty, length, 1);
        assert_true(file->bytes && file->is_dirty);
        memset(file->bytes + file->size, 0, length - file->size);
        memset(file->is_dirty + file->size, 0, length - file->size);
        file->size = length;
    }
    return file;
}

static inline size_t
disk_length(int fd)
{
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    return (size_t)st.st_size;
}

static inline ino_t
disk_inode(int fd)
{
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    return st.st_ino;
}

/* Before the folder gets the name. */
static inline void
disk_note_name(struct disk *d, int folder, const char *path, bool is_directory)
{
    const char *slash = strrchr(path, '/');
    struct disk_name *name = &d->names[d->name_count];
    char parent[256] = ".", kept[24];

    if (!d->is_recording)
        return;
    assert_true(d->name_count < DISK_NAMES);
    if (slash)
        snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
    *name = (struct disk_name){.fd = openat(folder, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                               .is_directory = is_directory};
    d->name_count++;
    if (name->fd < 0)
        return; /* the call will fail, too */
    name->folder = disk_inode(name->fd);
    snprintf(name->name, sizeof(name->name), "%s", slash ? slash + 1 : path);
    snprintf(kept, sizeof(kept), "%zu", d->name_count - 1);
    unlinkat(d->old, kept, 0);
    name->has_old = linkat(name->fd, name->name, d->old, kept, 0) == 0;
}

/* The last one was given by renaming, within the same folder. */
static inline void
disk_note_from(struct disk *d, const char *path)
{
    snprintf(d->names[d->name_count - 1].from, sizeof(d->names[0].from), "%s", path);
}

/* It has not got it. */
static inline void
disk_drop_name(struct disk *d)
{
    if (d->is_recording && d->names[--d->name_count].fd >= 0)
        close(d->names[d->name_count].fd);
}

static inline void
disk_forget_name(struct disk *d, size_t number)
{
    char from[24], to[24];

    close(d->names[number].fd);
    for (size_t i = number + 1; i < d->name_count; i++) {
        snprintf(from, sizeof(from), "%zu", i);
        snprintf(to, sizeof(to), "%zu", i - 1);
        unlinkat(d->old, to, 0);
        if (d->names[i].has_old)
            assert_int_equal(renameat(d->old, from, d->old, to), 0);
        d->names[i - 1] = d->names[i];
    }
    d->name_count--;
}

/* The folder is on the disk; and, where names reach it in order, all that was given before. */
static inline void
disk_sync_names(struct disk *d, int folder)
{
    ino_t inode = disk_inode(folder);
    size_t last = d->name_count;

    while (last > 0 && d->names[last - 1].folder != inode)
        last--;
    for (size_t i = last; i-- > 0;)
        if (!d->is_unordered || d->names[i].folder == inode)
            disk_forget_name(d, i);
}

static inline int
disk_openat(void *arg, int directory, const char *path, int flags, mode_t mode)
{
    bool is_new = flags & O_CREAT && faccessat(directory, path, F_OK, 0) != 0;
    /* What is written is read when it is synced. */
    int way = (flags & O_ACCMODE) == O_WRONLY ? (flags & ~O_ACCMODE) | O_RDWR : flags;
    int fd;

    if (is_new)
        disk_note_name(arg, directory, path, false);
    fd = disk_fails(arg) ? -1 : openat(directory, path, way, mode);
    if (fd < 0 && is_new)
        disk_drop_name(arg);
    if (fd >= 0 && is_new) { /* it may have the number of one that is gone */
        struct disk_file *file = disk_file_of(arg, fd, 0);

        file->length = 0;
        if (file->size > 0) {
            memset(file->bytes, 0, file->size);
            memset(file->is_dirty, 0, file->size);
        }
    }
    return fd;
}

static inline int
disk_close(void *arg PASU_UNUSED, int fd)
{
    return close(fd);
}

static inline ssize_t
disk_pread(void *arg, int fd, void *bytes, size_t size, off_t offset)
{
    return disk_fails(arg) ? -1 : pread(fd, bytes, size, offset);
}

static inline ssize_t
disk_pwrite(void *arg, int fd, const void *bytes, size_t size, off_t offset)
{
    struct disk *d = arg;
    bool has_failed = disk_fails(d);

    if (has_failed && !d->is_partial) {
        errno = ENOSPC;
        return -1;
    }
    size = has_failed ? size / 2 : size;
    if (d->is_recording)
        memset(disk_file_of(d, fd, (size_t)offset + size)->is_dirty + offset, 1, size);
    assert_int_equal(pwrite(fd, bytes, size, offset), size);
    errno = ENOSPC;
    return has_failed ? -1 : (ssize_t)size;
}

static inline int
disk_ftruncate(void *arg, int fd, off_t size)
{
    return disk_fails(arg) ? -1 : ftruncate(fd, size);
}

static inline int
disk_fallocate(void *arg, int fd, off_t offset, off_t length PASU_UNUSED)
{
    return disk_fails(arg) ? -1 : posix_fallocate(fd, offset, DISK_RESERVED);
}

/* After one that fails the kernel holds for clean what it could not write. */
static inline void
disk_sync_file(struct disk *d, int fd, bool has_failed)
{
    size_t length = disk_length(fd);
    struct disk_file *file = disk_file_of(d, fd, length);

    for (size_t at = 0, end; at < length; at = end) {
        for (end = at + 1; end < length && file->is_dirty[end] == file->is_dirty[at];)
            end++;
        if (file->is_dirty[at] && !has_failed)
            assert_int_equal(pread(fd, &file->bytes[at], end - at, (off_t)at), end - at);
    }
    memset(file->is_dirty, 0, length);
    if (!has_failed && length < file->length)
        memset(file->bytes + length, 0, file->length - length);
    if (!has_failed)
        file->length = length;
}

static inline int
disk_fsync(void *arg, int fd)
{
    struct disk *d = arg;
    bool has_failed = disk_fails(d);
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    if (d->is_recording && S_ISREG(st.st_mode))
        disk_sync_file(d, fd, has_failed);
    else if (d->is_recording && !has_failed)
        disk_sync_names(d, fd);
    errno = EIO;
    return has_failed ? -1 : 0;
}

static inline int
disk_renameat(void *arg, int from, const char *name, int to, const char *other)
{
    int result;

    disk_note_name(arg, to, other, false);
    result = disk_fails(arg) ? -1 : renameat(from, name, to, other);
    if (result != 0)
        disk_drop_name(arg);
    else if (((struct disk *)arg)->is_recording && from == to && !strchr(name, '/') &&
             !strchr(other, '/'))
        disk_note_from(arg, name);
    return result;
}

static inline int
disk_mkdirat(void *arg, int directory, const char *path, mode_t mode)
{
    int result;

    disk_note_name(arg, directory, path, true);
    result = disk_fails(arg) ? -1 : mkdirat(directory, path, mode);
    if (result != 0)
        disk_drop_name(arg);
    return result;
}

static inline int
disk_linkat(void *arg, int from, const char *name, int to, const char *other, int flags)
{
    int result;

    disk_note_name(arg, to, other, false);
    result = disk_fails(arg) ? -1 : linkat(from, name, to, other, flags);
    if (result != 0)
        disk_drop_name(arg);
    return result;
}

/* The name goes; lost with the power, that is undone. */
static inline int
disk_unlinkat(void *arg, int directory, const char *path, int flags)
{
    int result;

    disk_note_name(arg, directory, path, false);
    result = disk_fails(arg) ? -1 : unlinkat(directory, path, flags);
    if (result != 0)
        disk_drop_name(arg);
    return result;
}

static inline int64_t
disk_realtime(void *arg)
{
    return ((struct disk *)arg)->time;
}

static inline int
disk_random(void *arg, void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)i;
    return disk_fails(arg) ? PASU_E_CRYPTO : 0;
}

typedef void disk_visit(struct disk *d, int folder, const char *name, void *arg);

/* All that is in the folder and below it: what is in a folder first. */
static inline void
disk_each(struct disk *d, int folder, disk_visit *file, disk_visit *directory, void *arg)
{
    DIR *names = fdopendir(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct dirent *entry;

    assert_non_null(names);
    while ((entry = readdir(names)) != NULL) {
        int below;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        below = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (below < 0) {
            file(d, folder, entry->d_name, arg);
            continue;
        }
        disk_each(d, below, file, directory, arg);
        close(below);
        if (directory)
            directory(d, folder, entry->d_name, arg);
    }
    closedir(names);
}

static inline void
disk_sync_visited(struct disk *d, int folder, const char *name, void *arg PASU_UNUSED)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);

    disk_sync_file(d, fd, false);
    close(fd);
}

static inline int
disk_syncfs(void *arg, int fd PASU_UNUSED)
{
    struct disk *d = arg;

    if (disk_fails(d))
        return -1;
    if (!d->is_recording)
        return 0;
    disk_each(d, d->directory, disk_sync_visited, NULL, NULL);
    while (d->name_count > 0)
        disk_forget_name(d, d->name_count - 1);
    return 0;
}

/* All of the file is on the disk. */
static inline void
disk_record_visited(struct disk *d, int folder, const char *name, void *arg PASU_UNUSED)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    size_t length = disk_length(fd);
    struct disk_file *file = disk_file_of(d, fd, length);

    file->length = 0;
    memset(file->is_dirty, 1, length);
    disk_sync_file(d, fd, false);
    close(fd);
}

static inline int
disk_make(void **state)
{
    static struct disk disk;
    struct disk *d = &disk;

    *d = (struct disk){.calls_left = -1, .time = INT64_C(1767225600000000000), .os = os_real};
    snprintf(d->path, sizeof(d->path), "/tmp/pasu-disk-XXXXXX");
    if (!mkdtemp(d->path))
        return -1;
    d->directory = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(d->old_path, sizeof(d->old_path), "%.60s.old", d->path);
    if (mkdir(d->old_path, 0700) != 0)
        return -1;
    d->old = open(d->old_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    d->os.arg = d;
    d->os.openat = disk_openat;
    d->os.close = disk_close;
    d->os.pread = disk_pread;
    d->os.pwrite = disk_pwrite;
    d->os.ftruncate = disk_ftruncate;
    d->os.fallocate = disk_fallocate;
    d->os.fdatasync = disk_fsync;
    d->os.fsync = disk_fsync;
    d->os.renameat = disk_renameat;
    d->os.mkdirat = disk_mkdirat;
    d->os.linkat = disk_linkat;
    d->os.unlinkat = disk_unlinkat;
    d->os.syncfs = disk_syncfs;
    d->os.realtime = disk_realtime;
    d->os.random = disk_random;
    *state = d;
    return d->directory < 0;
}

static inline void
disk_lose_pages(struct disk *d, int folder, const char *name, void *arg)
{
    struct random *random = arg;
    int fd = openat(folder, name, O_RDWR | O_CLOEXEC);
    size_t length = disk_length(fd);
    struct disk_file *file = disk_file_of(d, fd, length);

    for (size_t at = 0; at < length; at += DISK_PAGE) {
        size_t n = length - at < DISK_PAGE ? length - at : (size_t)DISK_PAGE;

        if (random_below(random, 2))
            assert_int_equal(pwrite(fd, file->bytes + at, n, (off_t)at), n);
    }
    if (length > file->length && random_below(random, 2))
        assert_int_equal(ftruncate(fd, (off_t)file->length), 0);
    close(fd);
}

static inline void
disk_unlink(struct disk *d PASU_UNUSED, int folder, const char *name, void *arg PASU_UNUSED)
{
    assert_int_equal(unlinkat(folder, name, 0), 0);
}

static inline void
disk_rmdir(struct disk *d PASU_UNUSED, int folder, const char *name, void *arg PASU_UNUSED)
{
    assert_int_equal(unlinkat(folder, name, AT_REMOVEDIR), 0);
}

static inline void
disk_lose_name(struct disk *d, size_t number)
{
    struct disk_name *name = &d->names[number];
    char kept[24];
    int below;

    snprintf(kept, sizeof(kept), "%zu", number);
    if (name->is_directory) {
        below = openat(name->fd, name->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (below < 0)
            return; /* it has been removed */
        disk_each(d, below, disk_unlink, disk_rmdir, NULL);
        close(below);
        assert_int_equal(unlinkat(name->fd, name->name, AT_REMOVEDIR), 0);
    } else {
        if (name->from[0] != '\0') {
            unlinkat(name->fd, name->from, 0);
            assert_true(linkat(name->fd, name->name, name->fd, name->from, 0) == 0 ||
                        errno == ENOENT);
        }
        assert_true(unlinkat(name->fd, name->name, 0) == 0 || errno == ENOENT);
    }
    if (name->has_old)
        assert_int_equal(linkat(d->old, kept, name->fd, name->name, 0), 0);
}

/* Whether the same name was given again. */
static inline bool
disk_has_later(const struct disk *d, size_t number)
{
    for (size_t i = number + 1; i < d->name_count; i++)
        if (d->names[i].folder == d->names[number].folder &&
            strcmp(d->names[i].name, d->names[number].name) == 0)
            return true;
    return false;
}

/* Nobody may have a file open. What was synced is there; of the rest, each page or not, and of the
 * names as many as come first, or any. */
static inline void
disk_cut_power(struct disk *d, struct random *random)
{
    size_t stay = random_below(random, (uint32_t)d->name_count + 1);

    disk_each(d, d->directory, disk_lose_pages, NULL, random);
    while (d->name_count > 0) {
        size_t last = d->name_count - 1;

        if (d->is_unordered ? random_below(random, 2) && !disk_has_later(d, last) : last >= stay)
            disk_lose_name(d, last);
        close(d->names[--d->name_count].fd);
    }
}

static inline void
disk_forget(struct disk *d)
{
    for (size_t i = 0; i < DISK_FILES; i++) {
        memory_free(d->files[i].bytes);
        memory_free(d->files[i].is_dirty);
    }
    memset(d->files, 0, sizeof(d->files));
}

static inline void
disk_clear(struct disk *d)
{
    disk_each(d, d->old, disk_unlink, disk_rmdir, NULL);
    while (d->name_count > 0)
        close(d->names[--d->name_count].fd);
    disk_each(d, d->directory, disk_unlink, disk_rmdir, NULL);
    disk_forget(d);
}

static inline int
disk_remove(void **state)
{
    struct disk *d = *state;

    disk_clear(d);
    close(d->directory);
    close(d->old);
    return rmdir(d->old_path) != 0 || rmdir(d->path) != 0;
}

#endif
