/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/worker.h"

#include "base/memory.h"
#include "gate/approval.h"
#include "gate/bulk.h"
#include "gate/hold.h"
#include "gate/instruments.h"
#include "gate/observer.h"
#include "gate/session.h"
#include "gate/standing.h"
#include "gate/thread.h"
#include "gate/verdict.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 256,
    LOOK_MILLISECONDS = 100, /* how often deadlines are looked at, while there are any */
};

struct task *
task_new(enum task_kind kind, uint64_t id)
{
    struct task *task = memory_new(1, sizeof(*task));

    if (task) {
        task->kind = kind;
        task->id = id;
        task->fd = -1;
        list_init(&task->link);
    }
    return task;
}

void
worker_post(struct worker *worker, struct task *task)
{
    uint64_t one = 1;

    pthread_mutex_lock(&worker->lock);
    list_append(&worker->inbox, &task->link);
    pthread_mutex_unlock(&worker->lock);
    if (write(worker->event, &one, sizeof(one)) < 0) {
        /* the counter is full: the worker has been told often enough */
    }
}

struct answer *
answer_new(uint64_t question, enum message_type type, size_t size, size_t count)
{
    struct answer *answer = memory_new(1, sizeof(*answer) + count * size);

    if (answer) {
        answer->question = question;
        answer->type = (uint32_t)type;
        answer->size = (uint32_t)size;
        list_init(&answer->link);
    }
    return answer;
}

static void
post_answer(struct worker *w, struct answer *answer)
{
    struct gate_shared *shared = w->shared;
    uint64_t one = 1;

    if (!answer)
        return; /* the question goes unanswered and times out at the keeper */
    pthread_mutex_lock(&shared->answer_lock);
    list_append(&shared->answers, &answer->link);
    pthread_mutex_unlock(&shared->answer_lock);
    if (write(shared->answer_event, &one, sizeof(one)) < 0) {
        /* as above */
    }
}

static void
answer_snapshot(struct worker *w, uint64_t question)
{
    size_t count = w->session_count, i = 0;
    struct answer *answer =
        answer_new(question, MESSAGE_SESSION, sizeof(struct message_session_status), count);

    if (!answer)
        return;
    list_each (link, &w->sessions) {
        const struct session *s = LIST_ENTRY(link, struct session, all);
        struct message_session_status *line;

        if (i == count)
            break;
        line = answer_line(answer, i);
        line->question = question;
        session_describe(s, &line->session);
        line->counts = s->counts;
        line->subjects = s->observer ? s->observer->seen : 0;
        line->approval = approval_number(s);
        snprintf(line->state, sizeof(line->state), "%s", session_state_name(s->state));
        i++;
    }
    answer->count = i;
    post_answer(w, answer);
}

static void
kill_some(struct worker *w, const struct task *task)
{
    struct answer *answer = memory_new(1, sizeof(*answer));
    size_t count = 0;

    list_each_safe (link, &w->sessions) {
        struct session *s = LIST_ENTRY(link, struct session, all);

        if (strcmp(s->user, task->principal) == 0 && s->state != SESSION_CLOSING) {
            session_kill(s, PASU_E_KILLED);
            count++;
        }
    }
    if (answer) {
        answer->question = task->question;
        answer->count = count;
    }
    post_answer(w, answer);
}

static void
announce_all(struct worker *w)
{
    list_each (link, &w->sessions) {
        const struct session *s = LIST_ENTRY(link, struct session, all);
        struct message_session message;

        if (!s->is_registered)
            continue;
        session_describe(s, &message);
        if (keeper_link_record(&w->shared->keeper, MESSAGE_ANNOUNCE, &message, sizeof(message)) !=
            0)
            w->shared->unrecorded_total++;
    }
    /* What the former keeper had not answered, the new one is asked again. */
    list_each_safe (again, &w->early) {
        struct session *s = LIST_ENTRY(again, struct session, early);
        struct message_session message;
        int result;

        if (s->state != SESSION_RECORDING)
            continue;
        session_describe(s, &message);
        result = keeper_link_record(&w->shared->keeper, MESSAGE_OPENED, &message, sizeof(message));
        if (result != 0 && result != PASU_E_EOF)
            session_recorded(s, PASU_E_UNAVAILABLE);
    }
}

/* It did not wait for its record, which is there now. */
static void
close_late(struct worker *w, uint64_t session)
{
    struct message_closed closed = {
        .session = session, .closed = os_realtime(w->os), .error = PASU_E_RECORD_UNAVAILABLE};

    if (keeper_link_record(&w->shared->keeper, MESSAGE_CLOSED, &closed, sizeof(closed)) != 0)
        w->shared->unrecorded_total++;
}

static void
drain_all(struct worker *w)
{
    list_each_safe (link, &w->sessions) {
        session_drain(LIST_ENTRY(link, struct session, all));
    }
}

static void
stop_all(struct worker *w)
{
    w->is_stopping = true;
    list_each_safe (link, &w->sessions) {
        struct session *s = LIST_ENTRY(link, struct session, all);

        session_fail(s, PASU_E_DRAINING, NULL);
        if (s->state != SESSION_CLOSED)
            session_close(s);
    }
}

static void
kill_one(struct worker *w, const struct task *task)
{
    struct session *s = session_find(w, task->id);
    struct answer *answer = memory_new(1, sizeof(*answer));
    bool is_there = s && s->state != SESSION_CLOSING && s->state != SESSION_CLOSED;

    if (is_there)
        session_kill(s, PASU_E_KILLED);
    if (answer) {
        answer->question = task->question;
        answer->count = is_there;
    }
    post_answer(w, answer);
}

/* Sessions that wait for a snapshot of that database look again; the others let go of the old. */
static void
renew_catalogs(struct worker *w, const struct task *task)
{
    if (w->instruments)
        instruments_sweep(w->instruments);
    hold_marks_of_worker(w); /* before anybody reads by the snapshot that made them */
    list_each_safe (link, &w->sessions) {
        struct session *s = LIST_ENTRY(link, struct session, all);

        if (s->observer && s->observer->place == task->place)
            session_catalog(s, task->error);
    }
}

static void
do_task(struct worker *w, struct task *task)
{
    struct session *s;

    switch (task->kind) {
    case TASK_ACCEPTED:
        session_accept(w, task);
        break;
    case TASK_RECORDED:
        s = session_find(w, task->id);
        if (s)
            session_recorded(s, task->error);
        else if (task->error == 0)
            close_late(w, task->id);
        break;
    case TASK_VERIFIER:
        s = session_find(w, task->id);
        if (s)
            auth_verifier(s, task->error, &task->verifier);
        scram_verifier_release(&task->verifier);
        break;
    case TASK_LOCKS:
        s = session_find(w, task->id);
        if (s && s->observer)
            written_locked(s, task->error, task->locks);
        memory_free(task->locks);
        break;
    case TASK_SNAPSHOT:
        answer_snapshot(w, task->question);
        break;
    case TASK_KILL_ONE:
        kill_one(w, task);
        break;
    case TASK_KILL_PRINCIPAL:
        kill_some(w, task);
        break;
    case TASK_REQUESTED:
        approval_numbered(w, &task->requested);
        break;
    case TASK_DECIDED:
        approval_decided(w, &task->decided);
        break;
    case TASK_CANCELLED:
        s = session_find(w, task->id);
        if (s)
            approval_cancelled(s);
        break;
    case TASK_CATALOG:
        renew_catalogs(w, task);
        break;
    case TASK_DURABLE:
        hold_look(w);
        break;
    case TASK_SETTINGS:
        standing_look(w);
        verdict_settings(w);
        break;
    case TASK_ANNOUNCE:
        announce_all(w);
        approval_keeper_lost(w);
        break;
    case TASK_DRAIN:
        drain_all(w);
        break;
    case TASK_STOP:
        stop_all(w);
        break;
    }
}

void
worker_read_inbox(struct worker *w)
{
    struct list mine;
    uint64_t unused;

    if (read(w->event, &unused, sizeof(unused)) < 0 && errno != EAGAIN)
        return;
    w->asked = 0;
    list_init(&mine);
    pthread_mutex_lock(&w->lock);
    while (!list_is_empty(&w->inbox)) {
        struct list *first = w->inbox.next;

        list_remove(first);
        list_append(&mine, first);
    }
    pthread_mutex_unlock(&w->lock);
    while (!list_is_empty(&mine)) {
        struct task *task = LIST_ENTRY(mine.next, struct task, link);

        list_remove(&task->link);
        do_task(w, task);
        memory_free(task);
    }
}

/* Deadlines of connections that are not sessions yet, and of last words. */
static void
look_at_deadlines(struct worker *w)
{
    int64_t now = os_monotonic(w->os);

    if (now < w->next_look)
        return;
    w->next_look = now + LOOK_MILLISECONDS * NANOSECONDS_PER_MILLISECOND;
    list_each_safe (link, &w->early) {
        struct session *s = LIST_ENTRY(link, struct session, early);

        if (s->deadline > now)
            continue;
        if (s->state == SESSION_RECORDING)
            session_recorded(s, PASU_E_TIMEOUT);
        else if (s->state == SESSION_CLOSING)
            session_close(s);
        else
            session_fail(s, PASU_E_HANDSHAKE_TIMEOUT, session_state_name(s->state));
        if (s->state != SESSION_CLOSED)
            session_watch(s);
    }
}

void
worker_read_again(struct worker *w)
{
    struct list mine;

    list_init(&mine);
    while (!list_is_empty(&w->again)) {
        struct list *first = w->again.next;

        list_remove(first);
        list_append(&mine, first);
    }
    while (!list_is_empty(&mine)) {
        struct session *s = LIST_ENTRY(mine.next, struct session, again);

        list_remove(&s->again);
        if (s->observer)
            observer_again(s);
        if (s->state != SESSION_CLOSED && peer_has_pending(&s->client))
            session_ready(s, &s->client, EPOLLIN);
        if (s->state != SESSION_CLOSED && peer_has_pending(&s->server))
            session_ready(s, &s->server, EPOLLIN);
    }
}

void
worker_free_dead(struct worker *w)
{
    while (!list_is_empty(&w->dead)) {
        struct session *s = LIST_ENTRY(w->dead.next, struct session, early);

        list_remove(&s->early);
        session_free(s);
    }
}

static struct session *
session_of_peer(struct peer *peer)
{
    return peer->side == SIDE_CLIENT ? LIST_ENTRY(peer, struct session, client)
                                     : LIST_ENTRY(peer, struct session, server);
}

static void *
worker_run(void *arg)
{
    struct worker *w = arg;
    struct poller_event events[EVENTS_MAX];
    char name[16];

    snprintf(name, sizeof(name), "worker %u", w->index % (1u << WORKER_INDEX_BITS));
    prctl(PR_SET_NAME, name, 0, 0, 0); /* for whoever looks why it stands still */
    /* Here, because a ring answers only to the thread that made it; and before the sandbox. */
    w->start_result = poller_init(&w->poller, w->event, true);
    sem_post(&w->is_started);
    if (w->start_result != 0)
        return NULL;
    while (!w->is_stopping) {
        int timeout = !list_is_empty(&w->again)  ? 0
                      : !list_is_empty(&w->bulk) ? bulk_wait(w)
                      : !list_is_empty(&w->held) ? HOLD_MILLISECONDS
                      : !list_is_empty(&w->early) || !list_is_empty(&w->approvals)
                          ? LOOK_MILLISECONDS
                          : -1;
        int count = poller_wait(&w->poller, timeout, events, EVENTS_MAX);

        for (int i = 0; i < count; i++) {
            struct peer *peer = events[i].peer;

            if (PASU_LIKELY(peer != NULL))
                session_ready(session_of_peer(peer), peer, events[i].events);
            else
                worker_read_inbox(w);
        }
        if (PASU_UNLIKELY(!list_is_empty(&w->again)))
            worker_read_again(w);
        if (PASU_UNLIKELY(!list_is_empty(&w->bulk)))
            bulk_look(w);
        if (PASU_UNLIKELY(!list_is_empty(&w->held)))
            hold_look(w);
        if (PASU_UNLIKELY(!list_is_empty(&w->approvals)))
            approval_look(w);
        if (PASU_UNLIKELY(!list_is_empty(&w->early)))
            look_at_deadlines(w);
        if (PASU_UNLIKELY(!list_is_empty(&w->dead)))
            worker_free_dead(w);
    }
    worker_free_dead(w);
    return NULL;
}

int
worker_init(struct worker *w, struct gate_shared *shared, uint32_t index)
{
    memset(w, 0, sizeof(*w));
    w->shared = shared;
    w->os = shared->os;
    w->index = index;
    list_init(&w->inbox);
    list_init(&w->sessions);
    list_init(&w->early);
    list_init(&w->again);
    list_init(&w->bulk);
    list_init(&w->held);
    list_init(&w->approvals);
    list_init(&w->dead);
    pthread_mutex_init(&w->lock, NULL);
    w->buffer = memory_new(WORKER_BUFFER_HEAD + WORKER_BUFFER_SIZE, 1);
    w->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return w->buffer && w->event >= 0 ? 0 : PASU_E_NOMEM;
}

int
worker_start(struct worker *w, struct gate_shared *shared, uint32_t index)
{
    pthread_attr_t attributes;
    int result = worker_init(w, shared, index);

    if (result != 0)
        return result;
    /* Texts are parsed on this thread, and the parser recurses as deep as they are long. */
    sem_init(&w->is_started, 0, 0);
    result = pthread_attr_init(&attributes);
    if (result == 0)
        result = pthread_attr_setstacksize(&attributes, PLAN_STACK_SIZE);
    result = result == 0 ? thread_start(&w->thread, &attributes, worker_run, w)
                         : error_from_errno(result);
    pthread_attr_destroy(&attributes);
    if (result != 0)
        return result;
    while (sem_wait(&w->is_started) != 0)
        ; /* a signal */
    if (w->start_result != 0)
        pthread_join(w->thread, NULL);
    return w->start_result;
}

void
worker_join(struct worker *w)
{
    pthread_join(w->thread, NULL);
    poller_release(&w->poller);
    close(w->event);
    sem_destroy(&w->is_started);
    instruments_free(w->instruments);
    settings_release(w->settings);
    roster_free(w->roster);
    origins_release(w->origins);
    memory_free(w->buffer);
    pthread_mutex_destroy(&w->lock);
}
