/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory_file.h"

#include <errno.h>
#include <sys/mman.h>

enum { ROOM_FIRST = 1 << 16 };

static struct memory_file *
file_of(void *arg, int fd)
{
    struct memory_files *files = arg;

    if (fd >= 1 && fd <= MEMORY_FILES_MAX && files->files[fd - 1].is_open)
        return &files->files[fd - 1];
    errno = EBADF;
    return NULL;
}

static void
drop(struct memory_file *file)
{
    if (file->bytes)
        (void)munmap(file->bytes, file->room);
    *file = (struct memory_file){0};
}

static size_t
sum(const struct memory_files *files)
{
    size_t all = 0;

    for (size_t i = 0; i < MEMORY_FILES_MAX; i++)
        all += files->files[i].size;
    return all;
}

/* What is not written takes no memory. */
static int
grow(struct memory_file *file, size_t size)
{
    size_t room = file->room > 0 ? file->room : ROOM_FIRST;
    void *bytes;

    while (room < size)
        room *= 2;
    if (room == file->room)
        return 0;
    bytes = file->bytes ? mremap(file->bytes, file->room, room, MREMAP_MAYMOVE)
                        : mmap(NULL, room, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED)
        return -1;
    file->bytes = bytes;
    file->room = room;
    return 0;
}

/* ---- calls ---- */

static int
file_openat(void *arg, int directory PASU_UNUSED, const char *path PASU_UNUSED,
            int flags PASU_UNUSED, mode_t mode PASU_UNUSED)
{
    struct memory_files *files = arg;

    for (int i = 0; i < MEMORY_FILES_MAX; i++)
        if (!files->files[i].is_open) {
            files->files[i].is_open = true;
            return i + 1;
        }
    errno = EMFILE;
    return -1;
}

static int
file_close(void *arg, int fd)
{
    struct memory_file *file = file_of(arg, fd);

    if (!file)
        return -1;
    drop(file);
    return 0;
}

static ssize_t
file_pread(void *arg, int fd, void *bytes, size_t size, off_t offset)
{
    const struct memory_file *file = file_of(arg, fd);
    size_t at = (size_t)offset;

    if (!file)
        return -1;
    if (offset < 0 || at >= file->size)
        return 0;
    if (size > file->size - at)
        size = file->size - at;
    memcpy(bytes, file->bytes + at, size);
    return (ssize_t)size;
}

static ssize_t
file_pwrite(void *arg, int fd, const void *bytes, size_t size, off_t offset)
{
    struct memory_files *files = arg;
    struct memory_file *file = file_of(arg, fd);
    size_t at = (size_t)offset, others;

    if (!file)
        return -1;
    others = sum(files) - file->size;
    if (offset < 0 || others > files->limit || at > files->limit - others ||
        size > files->limit - others - at) {
        errno = ENOSPC;
        return -1;
    }
    if (grow(file, at + size) != 0)
        return -1;
    memcpy(file->bytes + at, bytes, size);
    if (at + size > file->size)
        file->size = at + size;
    return (ssize_t)size;
}

static int
file_fsync(void *arg PASU_UNUSED, int fd PASU_UNUSED)
{
    return 0;
}

static int
file_renameat(void *arg PASU_UNUSED, int from_directory PASU_UNUSED, const char *from PASU_UNUSED,
              int to_directory PASU_UNUSED, const char *to PASU_UNUSED)
{
    return 0;
}

static int
file_unlinkat(void *arg PASU_UNUSED, int directory PASU_UNUSED, const char *path PASU_UNUSED,
              int flags PASU_UNUSED)
{
    return 0;
}

/* ---- all of them ---- */

void
memory_files_init(struct memory_files *files, size_t limit)
{
    *files = (struct memory_files){.os = {.arg = files,
                                          .openat = file_openat,
                                          .close = file_close,
                                          .pread = file_pread,
                                          .pwrite = file_pwrite,
                                          .fsync = file_fsync,
                                          .renameat = file_renameat,
                                          .unlinkat = file_unlinkat},
                                   .limit = limit};
}

void
memory_files_release(struct memory_files *files)
{
    for (size_t i = 0; i < MEMORY_FILES_MAX; i++)
        drop(&files->files[i]);
}

uint8_t *
memory_files_take(struct memory_files *files, int fd, size_t *size)
{
    struct memory_file *file = file_of(files, fd);
    void *bytes;

    if (!file || file->size == 0)
        return NULL;
    bytes = mremap(file->bytes, file->room, file->size, 0); /* shorter: it stays where it is */
    if (bytes == MAP_FAILED)
        return NULL;
    *size = file->size;
    file->bytes = NULL;
    file->size = file->room = 0;
    return bytes;
}
