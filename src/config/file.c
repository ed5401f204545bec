/* SPDX-License-Identifier: Apache-2.0 */
#include "config/file.h"

#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

static int
fail(struct file *file, int code, const char *error, const char *hint)
{
    file->error = error;
    file->hint = hint;
    return code;
}

static int
fail_errno(struct file *file)
{
    int number = errno;
    const char *hint = number == ENOENT
                           ? "look at the path; relative ones begin at the folder of the "
                             "configuration file"
                       : number == EACCES ? "give the account that runs pasu the right to read it"
                                          : "look at the path";

    return fail(file, error_from_errno(number), strerror(number), hint);
}

static int
read_all(struct file *file, struct store *store, int fd, const struct stat *status, size_t most)
{
    const struct os *os = &os_real;
    size_t length = (size_t)status->st_size, used = 0;
    uint8_t *bytes;

    if (status->st_size < 0 || length > most)
        return fail(file, PASU_E_RANGE, "it is too large",
                    "look at the path: it is not what is wanted");
    bytes = store_new(store, length + 1, 1);
    if (bytes == NULL)
        return PASU_E_NOMEM;
    while (used < length) {
        ssize_t n = os->pread(os->arg, fd, bytes + used, length - used, (off_t)used);

        if (n < 0)
            return fail_errno(file);
        if (n == 0)
            break;
        used += (size_t)n;
    }
    file->bytes = view_of(bytes, used);
    return 0;
}

int
file_read(struct file *file, struct store *store, const char *path, size_t most)
{
    const struct os *os = &os_real;
    struct stat status;
    int fd, r;

    *file = (struct file){.hint = ""};
    fd = os->openat(os->arg, AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0)
        return fail_errno(file);
    if (fstat(fd, &status) != 0)
        r = fail_errno(file);
    else if (!S_ISREG(status.st_mode))
        r = fail(file, PASU_E_MALFORMED,
                 S_ISDIR(status.st_mode) ? "it is a folder" : "it is not a file",
                 "look at the path");
    else
        r = read_all(file, store, fd, &status, most);
    file->mode = status.st_mode & 07777;
    os->close(os->arg, fd);
    return r;
}

bool
file_is_below(const char *path, const char *folder)
{
    char *file = realpath(path, NULL), *above = realpath(folder, NULL);
    size_t length = above ? strlen(above) : 0;
    bool is_below = file && above && strncmp(file, above, length) == 0 &&
                    (file[length] == '\0' || file[length] == '/' || above[length - 1] == '/');

    free(file);
    free(above);
    return is_below;
}
