/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/indexer.h"

#include "base/channel.h"
#include "base/memory.h"
#include "base/sandbox.h"
#include "breach/index_work.h"
#include "ledger/message.h"
#include "ledger/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Between two pieces of work: fifty times what the last one took, but so long at least and at
 * most; after a failure twice as long each time. What a hand has done to the index does not wait.
 */
#define REST_LEAST  (2 * NANOSECONDS_PER_SECOND)
#define REST_MOST   (60 * NANOSECONDS_PER_SECOND)
#define RETRY_MOST  (3600 * NANOSECONDS_PER_SECOND)
#define REST_FACTOR 50
/* An index that is gone on with for so long leads nowhere. */
#define UPDATE_PATIENCE (600 * NANOSECONDS_PER_SECOND)
/* Of the disk: it is the ledger's. */
#define LEFT_FREE (UINT64_C(1) << 30)

enum {
    NICE = 19,
    LOOK_MILLISECONDS = 1000, /* between two looks whether there is something to do */
    STOP_MILLISECONDS = 500,  /* to take away what was half made */
};

/* What tells whether a file was written to. */
struct stamp {
    uint64_t name; /* of the newest segment; 0 */
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct indexer {
    struct log log;
    const struct os *os;
    struct channel supervisor;
    struct index_work work;
    struct segment_keys keys;
    bool is_anew;
    /* Of the thread that works. */
    struct stamp ledger, index; /* as it left them */
    bool is_ready, is_failed;
    int64_t rest, due; /* monotonic */
    /* Of both, under the lock. */
    pthread_mutex_t lock;
    bool is_stopping, is_homeless;
    int64_t updating_since; /* monotonic; 0: no index is gone on with */
    int stop, ended;        /* eventfds: readable once it is so */
};

static bool
is_stopping(struct indexer *x)
{
    bool is;

    pthread_mutex_lock(&x->lock);
    is = x->is_stopping;
    pthread_mutex_unlock(&x->lock);
    return is;
}

static void
set_updating(struct indexer *x, int64_t since)
{
    pthread_mutex_lock(&x->lock);
    x->updating_since = since;
    pthread_mutex_unlock(&x->lock);
}

/* ---- whether there is something to do ---- */

static void
stamp_of(struct stamp *stamp, const struct stat *s)
{
    stamp->inode = s->st_ino;
    stamp->size = s->st_size;
    stamp->changed = s->st_ctim;
}

static struct stamp
stamp_ledger(const struct indexer *x)
{
    struct source_folder folder = {.os = x->os, .directory = x->work.segments};
    struct stamp stamp = {0};
    struct stat s;
    size_t left;
    int fd = source_open_folder(&folder, SOURCE_WITHIN, UINT64_MAX, &stamp.name, &left);

    if (fd < 0)
        return stamp;
    if (fstat(fd, &s) == 0)
        stamp_of(&stamp, &s);
    x->os->close(x->os->arg, fd);
    return stamp;
}

static struct stamp
stamp_index(const struct indexer *x)
{
    struct stamp stamp = {0};
    struct stat s;

    if (fstatat(x->work.folder, "now/data.mdb", &s, AT_SYMLINK_NOFOLLOW) == 0)
        stamp_of(&stamp, &s);
    return stamp;
}

static bool
is_same(const struct stamp *one, const struct stamp *other)
{
    return one->name == other->name && one->inode == other->inode && one->size == other->size &&
           one->changed.tv_sec == other->changed.tv_sec &&
           one->changed.tv_nsec == other->changed.tv_nsec;
}

/* ---- work ---- */

static int
check_disk(const struct indexer *x)
{
    struct statvfs disk;

    if (fstatvfs(x->work.folder, &disk) != 0)
        return error_from_errno(errno);
    return (uint64_t)disk.f_bavail * disk.f_frsize < LEFT_FREE ? PASU_E_DISKFULL : 0;
}

static int
watch(void *arg, uint64_t done PASU_UNUSED, uint64_t all PASU_UNUSED)
{
    struct indexer *x = arg;

    return is_stopping(x) ? PASU_E_AGAIN : check_disk(x);
}

/* Nobody but us has written to it since we did, or all of it is looked at. */
static int
trust(struct indexer *x)
{
    struct stamp now = stamp_index(x);
    struct index *index = NULL;
    int result;

    if (x->is_anew) {
        index_remove(x->work.folder);
        return PASU_E_NOTFOUND;
    }
    if (x->index.inode != 0 && is_same(&now, &x->index))
        return 0;
    result = index_open_to_write(&index, x->work.folder, &x->keys);
    if (result == 0)
        result = index_verify(index);
    index_close(index);
    return result;
}

static int
update(struct indexer *x, uint64_t *added)
{
    int result;

    set_updating(x, os_monotonic(x->os));
    result = trust(x);
    *added = 0;
    if (result == 0)
        do {
            set_updating(x, os_monotonic(x->os));
            result = index_work_update(&x->work, INDEX_WORK_PORTION);
            *added += x->work.added;
        } while (result == 1);
    set_updating(x, 0);
    return result;
}

static const char *
reason(const struct indexer *x, int error)
{
    if (x->is_anew)
        return "the one there was has ended the process";
    if (error == PASU_E_CORRUPT)
        return "the one there was is damaged";
    if (error == PASU_E_DENIED)
        return "the one there was could not be opened";
    if (error == PASU_E_LEDGER_KEY)
        return "the one there was is not encrypted as the ledger is";
    return error == PASU_E_NOTFOUND ? "there was none of this version"
                                    : "the one there was is not of this ledger";
}

static int
rebuild(struct indexer *x, int error)
{
    int64_t began = os_monotonic(x->os);
    int result;

    /* Until there is another one the ledger is read. */
    index_remove(x->work.folder);
    result = index_work_rebuild(&x->work);
    if (result != 0)
        return result;
    LOG_EVENT(&x->log, INDEX_MADE, F_TEXT("why", reason(x, error)),
              F_UINT("records", x->work.end.last), F_UINT("bytes", x->work.bytes),
              F_INT("milliseconds", (os_monotonic(x->os) - began) / NANOSECONDS_PER_MILLISECOND));
    x->is_anew = false;
    return 0;
}

/* With the lock of the folder. */
static int
bring_up_to_date(struct indexer *x)
{
    struct stamp ledger = stamp_ledger(x);
    uint64_t added = 0;
    int result = check_disk(x);

    if (result != 0)
        return result;
    result = update(x, &added);
    if (result == PASU_E_NOTFOUND || result == PASU_E_CORRUPT || result == PASU_E_UNAVAILABLE ||
        result == PASU_E_DENIED || result == PASU_E_LEDGER_KEY)
        result = rebuild(x, result);
    else if (result == 0)
        LOG_EVENT(&x->log, INDEX_UPDATED, F_UINT("records", x->work.end.last),
                  F_UINT("added", added));
    if (result == 0) {
        x->ledger = ledger;
        x->index = stamp_index(x);
    }
    return result;
}

static void
tell(struct indexer *x, int result)
{
    struct message_empty empty = {0};

    if (result != 0) {
        if (!x->is_failed)
            LOG_EVENT(&x->log, INDEX_FAILED, F_TEXT("error", error_text(result)),
                      F_TEXT("hint", error_hint(result)));
        x->is_failed = true;
        x->is_ready = false;
        return;
    }
    if (channel_send(&x->supervisor, MESSAGE_READY, &empty, sizeof(empty), -1) != 0) {
        /* it is told again the next time */
    }
    if (!x->is_ready) /* by whoever sees this the supervisor knows */
        LOG_EVENT(&x->log, INDEX_READY, F_UINT("records", x->work.end.last),
                  F_UINT("bytes", x->work.bytes));
    x->is_ready = true;
    x->is_failed = false;
}

static void
rest(struct indexer *x, int result, int64_t took)
{
    if (result != 0) {
        x->rest = x->rest < RETRY_MOST / 2 ? x->rest * 2 : RETRY_MOST;
    } else {
        x->rest = took < REST_MOST / REST_FACTOR ? took * REST_FACTOR : REST_MOST;
        if (x->rest < REST_LEAST)
            x->rest = REST_LEAST;
    }
    x->due = os_monotonic(x->os) + x->rest;
}

/* Whoever takes the folder away wants a new one, which this process could not open. */
static bool
is_folder_gone(struct indexer *x)
{
    struct stat s;
    bool is = fstat(x->work.folder, &s) == 0 && s.st_nlink == 0;

    pthread_mutex_lock(&x->lock);
    x->is_homeless = is;
    pthread_mutex_unlock(&x->lock);
    return is;
}

static bool
is_due(const struct indexer *x, int64_t now)
{
    struct stamp ledger = stamp_ledger(x), index = stamp_index(x);

    if (x->is_ready && !is_same(&index, &x->index))
        return true;
    return now >= x->due && !(x->is_ready && is_same(&ledger, &x->ledger));
}

static void
look(struct indexer *x)
{
    int64_t began = os_monotonic(x->os);
    int result;

    if (is_folder_gone(x) || !is_due(x, began))
        return;
    if (index_lock(x->work.folder, false) != 0)
        return; /* a command is at work */
    result = bring_up_to_date(x);
    index_unlock(x->work.folder);
    memory_trim();
    if (is_stopping(x))
        return;
    tell(x, result);
    rest(x, result, os_monotonic(x->os) - began);
}

/* Whether there was an event, within so long. */
static bool
await(int event, int milliseconds)
{
    struct pollfd fd = {.fd = event, .events = POLLIN};

    return poll(&fd, 1, milliseconds) > 0;
}

static void *
work(void *arg)
{
    struct indexer *x = arg;

    while (!is_stopping(x)) {
        look(x);
        if (await(x->stop, LOOK_MILLISECONDS))
            break;
    }
    if (eventfd_write(x->ended, 1) != 0) {
        /* then it is waited for as long as for one that does not end */
    }
    return NULL;
}

/* ---- the supervisor ---- */

/* Whether it is to end. */
static bool
read_supervisor(struct indexer *x)
{
    struct channel_message message;
    struct message_empty empty = {0};
    int result;

    while ((result = channel_receive(&x->supervisor, &message)) != PASU_E_AGAIN) {
        if (result == PASU_E_PROTOCOL) {
            LOG_EVENT(&x->log, MESSAGE_REFUSED, F_UINT("type", message.type));
            continue;
        }
        if (result != 0 || message.type == MESSAGE_STOP)
            return true;
        if (channel_send(&x->supervisor, MESSAGE_PONG, &empty, sizeof(empty), -1) == PASU_E_EOF)
            return true;
    }
    return false;
}

/* The two ways in which it comes to its end without being told. */
static bool
is_over(struct indexer *x, bool *is_homeless)
{
    bool is_stuck;

    pthread_mutex_lock(&x->lock);
    is_stuck = x->updating_since != 0 && os_monotonic(x->os) - x->updating_since > UPDATE_PATIENCE;
    *is_homeless = x->is_homeless;
    pthread_mutex_unlock(&x->lock);
    return is_stuck || *is_homeless;
}

/* The exit status. */
static int
serve(struct indexer *x)
{
    for (;;) {
        bool is_homeless;

        if (await(x->supervisor.fd, LOOK_MILLISECONDS) && read_supervisor(x))
            return 0;
        if (!is_over(x, &is_homeless))
            continue;
        if (is_homeless)
            return 0; /* the supervisor starts another one */
        LOG_EVENT(&x->log, INDEX_FAILED, F_TEXT("error", "going on with it does not end"));
        return 2;
    }
}

/* What works need not have ended: half an index is nobody's, and the next one takes it away. */
static void
end_work(struct indexer *x)
{
    pthread_mutex_lock(&x->lock);
    x->is_stopping = true;
    pthread_mutex_unlock(&x->lock);
    if (eventfd_write(x->stop, 1) == 0)
        (void)await(x->ended, STOP_MILLISECONDS);
}

/* ---- start ---- */

/* The thread is made in between: what it may open it has of us, and so has the one that it makes to
 * write. */
static int
enter_sandbox(struct indexer *x)
{
    const struct sandbox_folder folders[] = {{x->work.segments, SANDBOX_READS},
                                             {x->work.folder, SANDBOX_KEEPS}};
    int result = sandbox_confine(folders, COUNT_OF(folders));
    pthread_t thread;

    if (result == PASU_E_UNAVAILABLE)
        LOG_EVENT(&x->log, UNCONFINED, F_TEXT("hint", "a kernel with Landlock (from 5.13 on)"));
    else if (result != 0)
        return result;
    pthread_mutex_init(&x->lock, NULL);
    x->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    x->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (x->stop < 0 || x->ended < 0)
        return PASU_E_IO;
    pthread_mutex_lock(&x->lock); /* it begins once the filter is there */
    result = pthread_create(&thread, NULL, work, x) == 0 ? 0 : PASU_E_NOMEM;
    if (result == 0)
        result = sandbox_enter(SANDBOX_INDEXER);
    if (result == 0)
        pthread_mutex_unlock(&x->lock);
    return result;
}

int
indexer_main(const struct indexer_start *start, const struct log *log)
{
    struct indexer *x = memory_new(1, sizeof(*x));
    int result;

    if (!x)
        return 2;
    x->log = *log;
    x->os = log->os;
    x->is_anew = start->is_anew;
    x->keys = start->keys;
    x->rest = REST_LEAST;
    signal(SIGPIPE, SIG_IGN);
    if (setpriority(PRIO_PROCESS, 0, NICE) != 0) {
        /* then it is as any other */
    }
    channel_init(&x->supervisor, start->supervisor_fd, message_rules_indexer_from_supervisor,
                 message_rules_indexer_from_supervisor_count);
    result = index_work_open(&x->work, x->os, start->directory_fd);
    x->work.keys = &x->keys;
    x->work.watch = watch;
    x->work.arg = x;
    close(start->directory_fd);
    if (result == 0)
        result = enter_sandbox(x);
    if (result != 0) {
        LOG_EVENT(&x->log, INDEX_FAILED, F_TEXT("error", error_text(result)),
                  F_TEXT("hint", error_hint(result)));
        return 2;
    }
    result = serve(x);
    end_work(x);
    return result; /* the process ends: all else goes with it */
}
