/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/resources.h"

#include "base/memory.h"
#include "ledger/lock.h"
#include "ledger/message.h"
#include "ledger/ring.h"
#include "ledger/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void
resources_init(struct resources *r)
{
    *r = (struct resources){.directory = -1,
                            .lock = -1,
                            .control = -1,
                            .published = -1,
                            .people = -1,
                            .ring = -1,
                            .wake = -1,
                            .durable = -1};
}

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
    r->lock = openat(r->directory, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (r->lock < 0)
        return fail(log, "make the lock file", path, "check the folder's owner and rights");
    if (flock(r->lock, LOCK_EX | LOCK_NB) != 0)
        return fail(log, "lock the ledger's folder", path, "another pasu guard uses this ledger");
    if (lock_mark(r->lock, r->directory) != 0)
        return fail(log, "write to the lock file", path, "");
    return 0;
}

static int
fail_with(const struct log *log, const char *what, const char *path, int error, const char *hint)
{
    LOG_EVENT(log, START_FAILED, F_TEXT("what", what), F_TEXT("path", path),
              F_TEXT("error", error_text(error)), F_TEXT("hint", *hint ? hint : error_hint(error)));
    return error;
}

/* One ring for each worker thread of the gate, and one for who makes the identity index. */
static unsigned
ring_count(const struct config *config)
{
    unsigned count = 1;

    for (size_t i = 0; i < config->gateway_count; i++)
        if (config->gateways[i].workers > count)
            count = config->gateways[i].workers;
    return count < RINGS_MAX ? count + 1 : RINGS_MAX;
}

/* The account owns the folder, so a file of that name may be any file by now: only one that root or
 * the account has made there is given away. */
static int
give(int fd, const struct sandbox_account *account)
{
    struct stat st;

    if (account->uid == 0)
        return 0;
    if (fstat(fd, &st) != 0)
        return error_from_errno(errno);
    if (st.st_uid == account->uid)
        return 0;
    if (!S_ISREG(st.st_mode) || st.st_uid != 0 || st.st_nlink != 1)
        return PASU_E_DENIED;
    return fchown(fd, account->uid, account->gid) == 0 ? 0 : error_from_errno(errno);
}

static int
open_rings(struct resources *r, const struct config *config, const struct sandbox_account *account,
           const struct log *log)
{
    const char *path = config->ledger.directory;
    int result;

    r->ring = ring_open(&os_real, r->directory, "exposures.ring", ring_count(config));
    result = r->ring < 0 ? r->ring : give(r->ring, account);
    if (result != 0)
        return fail_with(log, "open exposures.ring in the ledger's folder", path, result,
                         result == PASU_E_CORRUPT
                             ? "move it away; what it held and the ledger has not is lost"
                             : "");
    r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r->durable = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->wake < 0 || r->durable < 0)
        return fail(log, "make an event descriptor", path, "");
    return 0;
}

/* A folder in the ledger's folder that one process alone writes to: `owner`. It is there from the
 * start: once the supervisor has its filter it gives nothing away any more. */
static int
open_folder(int *folder, const struct resources *r, const char *name, const struct config *config,
            const struct sandbox_account *account, const struct sandbox_account *owner,
            const struct log *log)
{
    const char *path = config->ledger.directory;
    struct stat st;

    if (mkdirat(r->directory, name, 0700) != 0 && errno != EEXIST)
        return fail(log, "make a folder in the ledger's folder", path, "");
    *folder = openat(r->directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*folder < 0 || fstat(*folder, &st) != 0)
        return fail(log, "open a folder in the ledger's folder", path,
                    "check the owner and rights of people and published in it");
    if (owner->uid == 0 || st.st_uid == owner->uid)
        return 0;
    /* What the account has put there is its own to give, root's is ours. */
    if (st.st_uid != 0 && st.st_uid != account->uid)
        errno = EPERM;
    else if (fchown(*folder, owner->uid, owner->gid) == 0)
        return 0;
    return fail(log, "give a folder in the ledger's folder to its account", path, "");
}

/* It is made before there is a ledger. Another one would leave nobody's key readable, and count
 * everybody again. */
static bool
is_secret_lost(const struct resources *r)
{
    struct stat st;

    return fstatat(r->directory, "secret", &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT &&
           fstatat(r->directory, "segments", &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What a version before the signed ledger wrote is read by none that comes after it. */
static int
refuse_journal(const struct resources *r, const struct config *config, const struct log *log)
{
    struct stat st;

    if (fstatat(r->directory, "sessions.journal", &st, AT_SYMLINK_NOFOLLOW) != 0)
        return 0;
    return fail_with(log, "use the ledger's folder, which has a sessions.journal of an older pasu",
                     config->ledger.directory, PASU_E_CORRUPT,
                     "move all that is in the folder away to begin a new ledger");
}

static int
open_secret(struct resources *r, const struct config *config, const struct sandbox_account *account,
            const struct log *log)
{
    bool is_lost = is_secret_lost(r);
    int result = is_lost ? PASU_E_NOTFOUND
                         : secret_open(&os_real, r->directory, "secret", account, r->secret);
    const char *hint = "";

    if (is_lost)
        hint =
            "the ledger was written with it: restore it from a backup, or move all that is in the "
            "folder away to begin a new ledger";
    else if (result == PASU_E_DENIED)
        hint = "its mode must be 0600, and pasu must be able to read it";
    else if (result == PASU_E_CORRUPT)
        hint = "it must be a plain file of 32 bytes: restore it from a backup of the ledger";
    return result == 0 ? 0
                       : fail_with(log, "open the file secret in the ledger's folder",
                                   config->ledger.directory, result, hint);
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

/* The folder may be the account's, which can put any other file there meanwhile, or a link to one:
 * nothing but a socket that nobody else has a name for is given away. */
static int
give_socket(const char *path, const struct sandbox_account *account)
{
    struct stat st;
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), result = -1;

    if (fd < 0)
        return -1;
    errno = EEXIST;
    if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_nlink == 1)
        result = fchownat(fd, "", account->uid, account->gid, AT_EMPTY_PATH);
    close(fd);
    return result;
}

static int
open_control(struct resources *r, const struct config *config,
             const struct sandbox_account *account, const struct log *log)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = config->control;
    int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    /* The keeper asks the kernel who connects, and sends away who is not named. */
    mode_t mask, rights = config->approvals.approvers.count > 0 ? 0111 : 0177;
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
    mask = umask(rights);
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
    if (account->uid != 0 && give_socket(path, account) != 0)
        return fail(log, "give the control socket to the account", path, "");
    return 0;
}

int
resources_open(struct resources *r, const struct config *config,
               const struct sandbox_account *account, const struct sandbox_account *herald,
               const struct log *log)
{
    int result;

    resources_init(r);
    result = open_directory(r, config, account, log);
    if (result == 0)
        result = refuse_journal(r, config, log);
    if (result == 0)
        result = open_secret(r, config, account, log);
    if (result == 0)
        result = open_rings(r, config, account, log);
    if (result == 0)
        result = open_folder(&r->published, r, "published", config, account, herald, log);
    if (result == 0)
        result = open_folder(&r->people, r, "people", config, account, account, log);
    return result == 0 ? open_control(r, config, account, log) : result;
}

int
resources_open_segment(const struct resources *r, const struct sandbox_account *account,
                       uint64_t index, uint64_t *first, size_t *left)
{
    struct source_folder folder = {
        .os = &os_real,
        .directory =
            openat(r->directory, "segments", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    enum source_what what = index & MESSAGE_SEGMENT_WITHIN ? SOURCE_WITHIN : SOURCE_BEHIND;
    struct stat st;
    int fd;

    if (folder.directory < 0)
        return errno == ENOENT ? PASU_E_NOTFOUND : PASU_E_DENIED;
    fd = source_open_folder(&folder, what, index & ~MESSAGE_SEGMENT_WITHIN, first, left);
    close(folder.directory);
    if (fd < 0)
        return fd;
    /* We may be root, and the folder's owner is not: nothing but its own file is handed on. */
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        (account->uid == 0 || st.st_uid == account->uid))
        return fd;
    close(fd);
    return PASU_E_DENIED;
}

void
resources_close(struct resources *r, const struct config *config)
{
    /* The lock goes last. */
    const int others[] = {r->directory, r->published, r->people, r->ring,
                          r->wake,      r->durable,   r->lock};

    if (r->control >= 0) {
        close(r->control);
        unlink(config->control);
    }
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (others[i] >= 0)
            close(others[i]);
    memory_wipe(r->secret, sizeof(r->secret));
    resources_init(r);
}
