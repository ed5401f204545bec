/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/resources.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int
fail(const struct log *log, const char *what, const char *path, const char *hint)
{
    int number = errno;

    LOG_EVENT(log, START_FAILED, F_TEXT("what", what), F_TEXT("path", path),
              F_TEXT("error", strerrordesc_np(number)), F_TEXT("hint", hint));
    return PASU_E_IO;
}

static int
open_directory(struct resources *r, const struct config *config,
               const struct sandbox_account *account, const struct log *log)
{
    const char *path = config->ledger.directory;

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fail(log, "make the ledger's folder", path, "make the folder above it");
    r->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->directory < 0)
        return fail(log, "open the ledger's folder", path, "check its owner and rights");
    if (account->uid != 0 && fchown(r->directory, account->uid, account->gid) != 0)
        return fail(log, "give the ledger's folder to the account", path, "");
    r->lock = openat(r->directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (r->lock < 0)
        return fail(log, "make the lock file", path, "check the folder's owner and rights");
    if (flock(r->lock, LOCK_EX | LOCK_NB) != 0)
        return fail(log, "lock the ledger's folder", path, "another pasu guard uses this ledger");
    return 0;
}

/* Makes room for the control socket. Only a socket that nobody answers on is removed: another guard
 * with another ledger may be configured to use the same path, or the path may be a slip. */
static int
remove_stale(const struct sockaddr_un *address)
{
    struct stat file;
    int fd, number;

    if (lstat(address->sun_path, &file) != 0)
        return errno == ENOENT ? 0 : PASU_E_IO;
    if (!S_ISSOCK(file.st_mode)) {
        errno = EEXIST;
        return PASU_E_IO;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return PASU_E_IO;
    number = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
    close(fd);
    if (number == ECONNREFUSED && unlink(address->sun_path) == 0)
        return 0;
    errno = number == ECONNREFUSED ? errno : EADDRINUSE;
    return PASU_E_IO;
}

static int
open_control(struct resources *r, const struct config *config,
             const struct sandbox_account *account, const struct log *log)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = config->control;
    int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    mode_t mask;
    int result;

    if (n < 0 || (size_t)n >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return fail(log, "make the control socket", path, "choose a shorter path");
    }
    if (remove_stale(&address) != 0)
        return fail(log, "make the control socket", path,
                    "another pasu guard, or a file that is not a socket, is there");
    r->control = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (r->control < 0)
        return fail(log, "make the control socket", path, "");
    mask = umask(0177);
    result = bind(r->control, (const struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (result != 0) {
        result = fail(log, "open the control socket", path, "check the folder's owner and rights");
        close(r->control);
        r->control = -1; /* nothing of ours is at the path */
        return result;
    }
    if (listen(r->control, 64) != 0)
        return fail(log, "open the control socket", path, "check the folder's owner and rights");
    if (account->uid != 0 && chown(path, account->uid, account->gid) != 0)
        return fail(log, "give the control socket to the account", path, "");
    return 0;
}

int
resources_open(struct resources *r, const struct config *config,
               const struct sandbox_account *account, const struct log *log)
{
    int result;

    *r = (struct resources){-1, -1, -1};
    result = open_directory(r, config, account, log);
    return result == 0 ? open_control(r, config, account, log) : result;
}

void
resources_close(struct resources *r, const struct config *config)
{
    if (r->control >= 0) {
        close(r->control);
        unlink(config->control);
    }
    if (r->directory >= 0)
        close(r->directory);
    if (r->lock >= 0)
        close(r->lock);
    *r = (struct resources){-1, -1, -1};
}
