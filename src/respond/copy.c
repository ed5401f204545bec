/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FRESH ".new"

void
copy_in(struct copy *c, int directory, const char *name)
{
    c->directory = directory;
    snprintf(c->name, sizeof(c->name), "%s", name);
    snprintf(c->fresh, sizeof(c->fresh), "%.*s" FRESH, (int)(NAME_MAX + 1 - sizeof(FRESH)), name);
}

int
copy_open(struct copy *c, const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    int length = slash ? (int)(slash - path) : 0, directory;

    c->directory = -1;
    if (*name == '\0' || strlen(name) > NAME_MAX - strlen(FRESH) || length >= PATH_MAX)
        return PASU_E_RANGE;
    snprintf(folder, sizeof(folder), "%.*s", length, path);
    directory = open(length > 0 ? folder : slash ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return error_from_errno(errno);
    copy_in(c, directory, name);
    return 0;
}

void
copy_close(struct copy *c)
{
    if (c->directory >= 0)
        close(c->directory);
    c->directory = -1;
}

int
copy_write(const struct copy *c, const struct os *os, struct view bytes)
{
    int fd = os->openat(os->arg, c->directory, c->fresh,
                        O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
    int result;

    if (fd < 0)
        return error_from_errno(errno);
    result = os_write_all(os, fd, bytes.bytes, bytes.length, 0);
    if (result == 0 && os->fdatasync(os->arg, fd) != 0)
        result = error_from_errno(errno);
    os->close(os->arg, fd);
    if (result == 0 && (os->renameat(os->arg, c->directory, c->fresh, c->directory, c->name) != 0 ||
                        os->fsync(os->arg, c->directory) != 0))
        result = error_from_errno(errno);
    return result;
}
