/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/child.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKOFF_FIRST     (100 * NANOSECONDS_PER_MILLISECOND)
#define BACKOFF_LAST      (5 * NANOSECONDS_PER_SECOND)
#define ALIVE_LONG_ENOUGH (60 * NANOSECONDS_PER_SECOND)

enum { KEEP_MAX = 10, OUTGOING_MAX = 16384 };

struct outgoing {
    struct list link;
    uint32_t type;
    int fd; /* ours; -1: none */
    size_t length;
    uint8_t body[];
};

void
child_init(struct child *child, const char *name)
{
    *child = (struct child){.name = name, .channel.fd = -1};
    list_init(&child->outgoing);
}

static void
outgoing_free(struct child *child, struct outgoing *o)
{
    list_remove(&o->link);
    child->outgoing_count--;
    if (o->fd >= 0)
        close(o->fd);
    memory_free(o);
}

static int
keep(struct child *child, uint32_t type, const void *body, size_t length, int fd)
{
    struct outgoing *o =
        child->outgoing_count < OUTGOING_MAX ? memory_new(1, sizeof(*o) + length) : NULL;

    if (!o)
        return PASU_E_NOMEM;
    o->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (fd >= 0 && o->fd < 0) {
        memory_free(o);
        return PASU_E_IO;
    }
    o->type = type;
    o->length = length;
    memcpy(o->body, body, length);
    list_append(&child->outgoing, &o->link);
    child->outgoing_count++;
    return 0;
}

int
child_send(struct child *child, uint32_t type, const void *body, size_t length, int fd)
{
    int result = PASU_E_AGAIN;

    if (list_is_empty(&child->outgoing))
        result = channel_send(&child->channel, type, body, length, fd);
    return result == PASU_E_AGAIN ? keep(child, type, body, length, fd) : result;
}

void
child_flush(struct child *child)
{
    while (!list_is_empty(&child->outgoing)) {
        struct outgoing *o = LIST_ENTRY(child->outgoing.next, struct outgoing, link);

        if (channel_send(&child->channel, o->type, o->body, o->length, o->fd) == PASU_E_AGAIN)
            return;
        outgoing_free(child, o);
    }
}

static PASU_NORETURN void
run(const struct child_start *start, int channel_fd, pid_t parent)
{
    int keep[KEEP_MAX] = {channel_fd};
    size_t count = 1;
    sigset_t none;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    for (size_t i = 0; i < start->keep_count && count < KEEP_MAX; i++)
        keep[count++] = start->keep[i];
    sigemptyset(&none);
    for (int s = 1; s < 32; s++)
        signal(s, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Signals for the group (Ctrl-C) are the supervisor's to act on. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN); /* whoever reads the log may end */
    signal(SIGXFSZ, SIG_IGN); /* what may not be written is an error, in the log's file, too */
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || sandbox_close_others(keep, count) != 0 ||
        sandbox_drop(start->account) != 0 || getppid() != parent || chdir("/") != 0) {
        LOG_EVENT(start->log, START_FAILED, F_TEXT("error", "could not give up privileges"));
        _exit(2);
    }
    _exit(start->main(channel_fd, start->log, start->arg));
}

int
child_start(struct child *child, const struct child_start *start)
{
    struct log log = *start->log;
    struct child_start mine = *start;
    int ends[2], result = channel_pair(ends);
    pid_t parent = getpid(), pid;

    if (result != 0)
        return result;
    pid = fork();
    if (pid == 0) {
        log.process = child->name;
        mine.log = &log;
        prctl(PR_SET_NAME, child->name, 0, 0, 0);
        run(&mine, ends[1], parent);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return PASU_E_IO;
    }
    child->pid = pid;
    channel_init(&child->channel, ends[0], start->rules, start->rule_count);
    child->since = os_realtime(&os_real);
    child->started = child->pong_at = os_monotonic(&os_real);
    child->asked_at = 0;
    child->is_prepared = child->is_committed = child->is_ready = child->is_told_stuck = false;
    child->prepared_error = 0;
    LOG_EVENT(start->log, PROCESS_STARTED, F_TEXT("name", child->name), F_INT("pid", pid),
              F_UINT("restarts", child->restarts));
    return 0;
}

void
child_died(struct child *child, int status, bool is_expected, const struct log *log)
{
    int64_t now = os_monotonic(&os_real);
    const char *how = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : "exit";
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);

    if (is_expected)
        LOG_EVENT(log, PROCESS_STOPPED, F_TEXT("name", child->name), F_INT("pid", child->pid),
                  F_TEXT("how", how), F_INT("status", number));
    else
        LOG_EVENT(log, PROCESS_DIED, F_TEXT("name", child->name), F_INT("pid", child->pid),
                  F_TEXT("how", how), F_INT("status", number));
    channel_close(&child->channel);
    while (!list_is_empty(&child->outgoing))
        outgoing_free(child, LIST_ENTRY(child->outgoing.next, struct outgoing, link));
    child->pid = 0;
    child->is_ready = child->is_committed = child->is_prepared = false;
    child->since = os_realtime(&os_real);
    child->restarts += !is_expected;
    if (now - child->started > ALIVE_LONG_ENOUGH)
        child->backoff = 0;
    child->retry_at = now + child->backoff;
    child->backoff = child->backoff == 0 ? BACKOFF_FIRST : child->backoff * 2;
    if (child->backoff > BACKOFF_LAST)
        child->backoff = BACKOFF_LAST;
}
