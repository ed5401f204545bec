/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the children are: which of them do not answer, of which the keeper is told, for `pasu
 * status`. And where it is the keeper that does not, because it stands still, is away or still
 * reads the ledger, the supervisor answers a status in its place: a command that has waited at the
 * control socket for two or three seconds is taken from there. All it learns is which processes
 * there are; to every other question the answer is that nobody can answer.
 *
 * Bytes of a command are read as far as they are there, and an answer is written as far as the
 * socket takes it: nobody is waited for.
 */
#include "guard/state.h"

#include "ledger/control_protocol.h"

#include <poll.h>
#include <unistd.h>

#define SILENT_AFTER (3 * NANOSECONDS_PER_SECOND)
/* Those that read and write much at the lowest priority answer later. */
#define IDLE_SILENT_AFTER (10 * NANOSECONDS_PER_SECOND)
#define BEGIN_SILENT      (15 * NANOSECONDS_PER_SECOND)
#define ANSWER_AFTER      (2 * NANOSECONDS_PER_SECOND)
/* One that begins can be there in a moment: the command's own five seconds are the limit. */
#define BEGIN_ANSWER_AFTER (3 * NANOSECONDS_PER_SECOND)
enum { ANSWERS_ROUND = 16 };

void
answering_ping(struct supervisor *v, struct child *child)
{
    struct message_empty empty = {0};

    if (child->asked_at == 0)
        child->asked_at = os_monotonic(&os_real);
    tell(v, child, MESSAGE_PING, &empty, sizeof(empty), -1);
}

/* Gate and keeper say when they are ready, and read the ledger before. */
static uint32_t
state_of(const struct supervisor *v, int which, int64_t now)
{
    const struct child *child = &v->children[which];
    bool is_beginning = which <= KEEPER && !child->is_ready;
    int64_t most = is_beginning                           ? BEGIN_SILENT
                   : which == INDEXER || which == WATCHER ? IDLE_SILENT_AFTER
                                                          : SILENT_AFTER;

    if (child->pid == 0)
        return PROCESS_AWAY;
    if (child->asked_at != 0 && now - child->asked_at > most)
        return PROCESS_SILENT;
    return is_beginning ? PROCESS_STARTING : PROCESS_SERVING;
}

static bool
of_ourselves(struct message_process *process)
{
    static int64_t started;

    if (started == 0)
        started = os_realtime(&os_real);
    *process = (struct message_process){
        .name = "supervisor", .pid = getpid(), .since = started, .state = PROCESS_SERVING};
    return true;
}

bool
answering_process(const struct supervisor *v, int which, int64_t now,
                  struct message_process *process)
{
    const struct child *child;

    if (which == CHILDREN)
        return of_ourselves(process);
    child = &v->children[which];
    *process = (struct message_process){.pid = child->pid,
                                        .restarts = child->restarts,
                                        .since = child->since,
                                        .state = state_of(v, which, now)};
    snprintf(process->name, sizeof(process->name), "%s", child->name);
    if (process->state == PROCESS_SILENT)
        process->silent = os_realtime(&os_real) - (now - child->pong_at);
    return which <= KEEPER || child->since != 0;
}

/* ---- in the keeper's place ---- */

static bool
is_allowed(const struct supervisor *v, int fd)
{
    struct ucred peer = {0};
    socklen_t length = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid() || peer.uid == v->account.uid);
}

static bool
send_frame(int fd, enum control_frame type, const void *body, size_t length)
{
    uint8_t bytes[sizeof(struct control_frame_head) + sizeof(struct message_process)];
    const struct control_frame_head head = {(uint32_t)type, (uint32_t)length};

    memcpy(bytes, &head, sizeof(head));
    memcpy(bytes + sizeof(head), body, length);
    length += sizeof(head);
    return send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

static void
answer(const struct supervisor *v, int fd, int64_t now)
{
    static struct control_request request;
    const struct control_end end = {.error = PASU_E_UNAVAILABLE};
    struct message_process process;
    bool is_sent = true;

    if (recv(fd, &request, sizeof(request), MSG_DONTWAIT) != (ssize_t)sizeof(request))
        return;
    if (request.magic == CONTROL_MAGIC && request.version == CONTROL_VERSION &&
        request.verb == CONTROL_STATUS)
        for (int i = 0; i <= CHILDREN && is_sent; i++) {
            bool has_run = answering_process(v, i, now, &process);

            if (i == KEEPER && process.state == PROCESS_SERVING) { /* or it had taken the command */
                process.state = PROCESS_SILENT;
                process.silent = os_realtime(&os_real) - (now - v->children[i].pong_at);
            }
            if (has_run)
                is_sent = send_frame(fd, CONTROL_PROCESS, &process, sizeof(process));
        }
    if (is_sent && !send_frame(fd, CONTROL_END, &end, sizeof(end))) {
        /* it reads nothing */
    }
}

static bool
is_somebody_waiting(const struct supervisor *v)
{
    struct pollfd p = {.fd = v->resources.control, .events = POLLIN};

    return v->resources.control >= 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLIN);
}

static void
answer_all(struct supervisor *v, int64_t now)
{
    for (int i = 0; i < ANSWERS_ROUND; i++) {
        int fd = accept4(v->resources.control, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return;
        if (is_allowed(v, fd))
            answer(v, fd, now);
        close(fd);
    }
}

void
answering_look(struct supervisor *v, int64_t now)
{
    struct child *keeper = &v->children[KEEPER];
    uint32_t state = state_of(v, KEEPER, now);
    bool has_changed = false;

    for (int i = 0; i < CHILDREN; i++)
        has_changed |= v->children[i].since != 0 && v->children[i].told != state_of(v, i, now);
    if (has_changed)
        tell_processes(v);
    if (!is_somebody_waiting(v)) {
        v->waiting_since = 0;
        return;
    }
    if (v->waiting_since == 0) {
        v->waiting_since = now;
        answering_ping(v, keeper); /* one that answers takes the command, too */
    }
    if (state == PROCESS_SILENT ||
        (state != PROCESS_SERVING && now - v->waiting_since >= BEGIN_ANSWER_AFTER) ||
        (now - v->waiting_since >= ANSWER_AFTER && state == PROCESS_SERVING &&
         keeper->pong_at < v->waiting_since))
        answer_all(v, now);
}
