/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/secret.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int
read_secret(const struct os *os, int fd, uint8_t secret[SECRET_SIZE])
{
    struct stat st;
    ssize_t n;

    if (fstat(fd, &st) != 0)
        return error_from_errno(errno);
    if (!S_ISREG(st.st_mode) || st.st_size != SECRET_SIZE)
        return PASU_E_CORRUPT;
    if ((st.st_mode & 077) != 0)
        return PASU_E_DENIED;
    n = os->pread(os->arg, fd, secret, SECRET_SIZE, 0);
    return n == SECRET_SIZE ? 0 : n < 0 ? error_from_errno(errno) : PASU_E_CORRUPT;
}

/* The file's contents and owner, on disk. */
static int
write_secret(const struct os *os, int fd, const struct sandbox_account *account,
             const uint8_t secret[SECRET_SIZE])
{
    ssize_t n = os->pwrite(os->arg, fd, secret, SECRET_SIZE, 0);

    if (n != SECRET_SIZE)
        return n < 0 ? error_from_errno(errno) : PASU_E_DISKFULL;
    if (fchmod(fd, 0600) != 0 || (account->uid != 0 && fchown(fd, account->uid, account->gid) != 0))
        return error_from_errno(errno);
    return os->fsync(os->arg, fd) == 0 ? 0 : error_from_errno(errno);
}

static int
make_secret(const struct os *os, int directory, const char *name,
            const struct sandbox_account *account, uint8_t secret[SECRET_SIZE])
{
    char new[64];
    int n = snprintf(new, sizeof(new), "%s.new", name), fd, result;

    if (n < 0 || (size_t)n >= sizeof(new))
        return PASU_E_RANGE;
    result = os->random(os->arg, secret, SECRET_SIZE);
    if (result != 0)
        return result;
    /* What a former attempt left is of no use to anybody; the folder is locked. */
    if (unlinkat(directory, new, 0) != 0 && errno != ENOENT)
        return error_from_errno(errno);
    fd = os->openat(os->arg, directory, new, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return error_from_errno(errno);
    result = write_secret(os, fd, account, secret);
    os->close(os->arg, fd);
    if (result == 0 && (os->renameat(os->arg, directory, new, directory, name) != 0 ||
                        os->fsync(os->arg, directory) != 0))
        result = error_from_errno(errno);
    return result;
}

int
secret_open(const struct os *os, int directory, const char *name,
            const struct sandbox_account *account, uint8_t secret[SECRET_SIZE])
{
    int fd = os->openat(os->arg, directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0), result;

    if (fd < 0 && errno == ENOENT) {
        result = make_secret(os, directory, name, account, secret);
    } else if (fd < 0) {
        result = errno == ELOOP ? PASU_E_CORRUPT : error_from_errno(errno);
    } else {
        result = read_secret(os, fd, secret);
        os->close(os->arg, fd);
    }
    if (result != 0)
        memory_wipe(secret, SECRET_SIZE);
    return result;
}
