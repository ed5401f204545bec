/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/locks.h"

#include "base/memory.h"
#include "gate/inspector_link.h"
#include "gate/thread.h"

#include <errno.h>
#include <inttypes.h>

enum {
    QUESTIONS_MAX = 10000,
    LINKS = 8,         /* databases that are asked often */
    TOGETHER_MAX = 64, /* processes that one question is about */
    ANSWER_MAX = 8 << 20,
    WAIT_SECONDS = 2, /* that a COMMIT waits at most, be it behind those of others */
    REST_SECONDS = 10,
    SQL_SIZE = 2048 + TOGETHER_MAX * (2 * NAME_SIZE + 32),
};

struct asked {
    struct list link;
    struct locks_question question;
    int64_t deadline; /* monotonic */
    char database[NAME_SIZE], role[NAME_SIZE];
    struct locks_held *held; /* the answer, or why there is none */
    int error;
};

/* Of one database. All of them wait meanwhile: what they hold does not change. */
struct together {
    struct asked *items[TOGETHER_MAX];
    size_t count;
};

struct locks_link {
    struct inspector_link link;
    uint32_t gateway;
    char database[NAME_SIZE]; /* "": not used yet */
    int64_t used;             /* monotonic */
    int64_t closed;           /* the same: no connection is tried until then */
};

struct locks {
    struct gate_shared *shared;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct list questions;
    size_t count;
    _Atomic bool is_stopping;
    /* The thread's own: */
    struct locks_link links[LINKS];
    char sql[SQL_SIZE];                  /* the question's text */
    int64_t silent[CONFIG_GATEWAYS_MAX]; /* monotonic: servers that are not asked until then */
};

/* Nobody else's operators are to be run as the inspector. */
static const char setup[] = "SET search_path = pg_catalog; SET statement_timeout = '2s'";

/* Of the catalog's own: large objects, and the statistics that show values of tables. */
#define QUESTION                                                                                   \
    "SELECT l.pid, CASE l.locktype WHEN 'relation' THEN l.relation ELSE 0 END, "                   \
    "(l.mode = 'RowExclusiveLock')::pg_catalog.int4, "                                             \
    "(l.mode = 'AccessShareLock')::pg_catalog.int4 "                                               \
    "FROM pg_catalog.pg_locks l WHERE l.granted AND (l.locktype = "                                \
    "'virtualxid' AND l.virtualxid = l.virtualtransaction AND EXISTS (SELECT 1 FROM "              \
    "pg_catalog.pg_stat_get_activity(l.pid) a JOIN pg_catalog.pg_roles r "                         \
    "ON r.oid = a.usesysid WHERE r.rolname = CASE l.pid"
#define QUESTION_BEHIND                                                                            \
    " END) OR l.locktype = 'relation' AND l.database = (SELECT d.oid FROM "                        \
    "pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) AND (l.relation "   \
    ">= 16384 OR l.relation IN (2613, 2619)) AND EXISTS (SELECT 1 FROM pg_catalog.pg_class c "     \
    "WHERE c.oid = l.relation AND c.relkind IN ('r', 'm', 'p', 'f'))) AND l.pid IN ("

static void
put(struct writer *w, const char *text)
{
    writer_bytes(w, text, strlen(text));
}

static void
put_number(struct writer *w, uint32_t number)
{
    char text[16];

    snprintf(text, sizeof(text), "%" PRIu32, number);
    put(w, text);
}

static int
write_question(char sql[SQL_SIZE], const struct together *t)
{
    struct writer w = writer_of(sql, SQL_SIZE);

    put(&w, QUESTION);
    for (size_t i = 0; i < t->count; i++) {
        put(&w, " WHEN ");
        put_number(&w, t->items[i]->question.process);
        put(&w, " THEN E'");
        for (const char *c = t->items[i]->role; *c; c++) {
            if (*c == '\'' || *c == '\\')
                writer_u8(&w, (uint8_t)*c);
            writer_u8(&w, (uint8_t)*c);
        }
        put(&w, "'");
    }
    put(&w, QUESTION_BEHIND);
    for (size_t i = 0; i < t->count; i++) {
        put(&w, i > 0 ? ", " : "");
        put_number(&w, t->items[i]->question.process);
    }
    writer_text(&w, ")");
    return writer_end(&w) > 0 ? 0 : PASU_E_RANGE;
}

static int
keep_lock(struct asked *a, uint32_t relation, bool is_written, bool is_read)
{
    uint32_t n = a->held->count;
    struct locks_held *more;

    if (relation == 0) {
        a->held->is_there = true;
        return 0;
    }
    if (n == LOCKS_MAX) {
        a->error = PASU_E_RANGE; /* of this one alone */
        return 0;
    }
    if (n >= 16 && (n & (n - 1)) == 0) {
        more = memory_resize(a->held, 1, sizeof(*more) + 2u * n * sizeof(more->items[0]));
        if (!more)
            return PASU_E_NOMEM;
        a->held = more;
    }
    a->held->items[a->held->count++] = (struct lock_held){relation, is_written, is_read};
    return 0;
}

static int
take_lock(void *arg, const struct view *values, size_t count)
{
    const struct together *t = arg;
    uint64_t process, relation, is_written, is_read;

    if (count != 4 || !inspector_take_number(values[0], &process) ||
        !inspector_take_number(values[1], &relation) || relation > UINT32_MAX ||
        !inspector_take_number(values[2], &is_written) ||
        !inspector_take_number(values[3], &is_read))
        return PASU_E_MALFORMED;
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i]->question.process == process)
            return keep_lock(t->items[i], (uint32_t)relation, is_written == 1, is_read == 1);
    return PASU_E_MALFORMED; /* nobody asked for it */
}

/* The one of that database, or that has not been used for the longest time. */
static struct locks_link *
link_for(struct locks *locks, const struct asked *a)
{
    struct locks_link *found = &locks->links[0];

    for (size_t i = 0; i < LINKS; i++) {
        struct locks_link *l = &locks->links[i];

        if (l->gateway == a->question.gateway && strcmp(l->database, a->database) == 0) {
            found = l;
            break;
        }
        if (l->used < found->used)
            found = l;
    }
    if (found->gateway != a->question.gateway || strcmp(found->database, a->database) != 0) {
        inspector_link_close(&found->link);
        found->closed = 0;
    }
    found->gateway = a->question.gateway;
    memcpy(found->database, a->database, sizeof(found->database));
    found->used = os_monotonic(locks->shared->os);
    return found;
}

static int
open_link(struct inspector_link *link, const struct asked *a)
{
    const struct gateway *gateway = &a->question.settings->gateways[a->question.gateway];
    bool is_open = link->peer.fd >= 0 && link->generation == a->question.settings->generation;
    size_t most = 0;
    int result;

    result = inspector_link_open(link, a->question.settings, gateway, a->database);
    if (result == 0 && !is_open)
        result = inspector_link_query(link, setup, take_lock, NULL, &most);
    if (result != 0)
        inspector_link_close(link);
    return result;
}

static void
forget(const struct together *t)
{
    for (size_t i = 0; i < t->count; i++) {
        t->items[i]->held->count = 0;
        t->items[i]->held->is_there = false;
        t->items[i]->error = 0;
    }
}

/* A server that does not answer keeps the thread from those that do: it is left alone for a while.
 */
static int
look(struct locks *locks, struct together *t)
{
    const struct asked *a = t->items[0];
    const struct gateway *gateway = &a->question.settings->gateways[a->question.gateway];
    int64_t now = os_monotonic(locks->shared->os), *silent = &locks->silent[a->question.gateway];
    struct locks_link *of = link_for(locks, a);
    struct inspector_link *link = &of->link;
    int result = write_question(locks->sql, t);

    if (now >= a->deadline)
        return PASU_E_TIMEOUT;
    if (now < *silent || now < of->closed)
        return PASU_E_UNAVAILABLE;
    link->deadline = a->deadline;

    /* A connection that had ended meanwhile is made once more. */
    for (int tries = 0; tries < 2; tries++) {
        size_t most = ANSWER_MAX;

        forget(t);
        if (result == 0)
            result = open_link(link, a);
        if (result == 0)
            result = inspector_link_query(link, locks->sql, take_lock, t, &most);
        if (result != PASU_E_EOF || tries > 0)
            break;
        result = 0;
    }
    now = os_monotonic(locks->shared->os);
    if (result == PASU_E_TIMEOUT || now >= a->deadline)
        *silent = now + REST_SECONDS * NANOSECONDS_PER_SECOND;
    if (result != 0 && link->peer.fd < 0)
        of->closed = now + NANOSECONDS_PER_SECOND;
    if (result != 0)
        LOG_EVENT(&locks->shared->log, INSPECTOR_FAILED, F_TEXT("gateway", gateway->config->name),
                  F_TEXT("database", a->database), F_TEXT("error", error_text(result)),
                  F_TEXT("detail", link->detail), F_TEXT("hint", "run: pasu check --connect"));
    return result;
}

/* Where the server refuses to say it of all together, it is asked for each: the reason can be one
 * of them. */
static void
look_each(struct locks *locks, struct together *t)
{
    int result = look(locks, t);

    for (size_t i = 0; result != 0 && i < t->count; i++) {
        struct together one = {.items = {t->items[i]}, .count = 1};
        int why = t->count > 1 && result == PASU_E_DENIED ? look(locks, &one) : result;

        if (why != 0)
            t->items[i]->error = why;
    }
}

static void
answer(struct locks *locks, struct together *t)
{
    look_each(locks, t);
    for (size_t i = 0; i < t->count; i++) {
        struct asked *a = t->items[i];
        struct task *task = task_new(TASK_LOCKS, a->question.session);

        if (task) {
            task->locks = a->held;
            task->error = a->error;
            task->question = a->question.number;
            worker_post(a->question.worker, task);
        } else {
            memory_free(a->held);
        }
        settings_release(a->question.settings);
        memory_free(a);
    }
}

/* The oldest question, and what else waits that one answer can be had for: nothing, if its time is
 * up. The lock is held. */
static void
gather(struct locks *locks, struct together *t)
{
    int64_t now = os_monotonic(locks->shared->os);

    t->count = 0;
    list_each_safe (link, &locks->questions) {
        struct asked *a = LIST_ENTRY(link, struct asked, link);
        const struct asked *first = t->count > 0 ? t->items[0] : a;
        bool is_other = a->question.settings != first->question.settings ||
                        a->question.gateway != first->question.gateway ||
                        strcmp(a->database, first->database) != 0;

        /* One that has ended can have had the same number. */
        for (size_t i = 0; i < t->count; i++)
            is_other |= t->items[i]->question.process == a->question.process;
        if (is_other)
            continue;
        list_remove(&a->link);
        locks->count--;
        t->items[t->count++] = a;
        if (t->count == TOGETHER_MAX || now >= t->items[0]->deadline)
            break;
    }
}

/* What has not been used for long: nobody could drop a database. */
static void
close_idle(struct locks *locks)
{
    int64_t now = os_monotonic(locks->shared->os);

    for (size_t i = 0; i < LINKS; i++)
        if (now - locks->links[i].used >= REST_SECONDS * NANOSECONDS_PER_SECOND)
            inspector_link_close(&locks->links[i].link);
}

/* Until there is a question. */
static void
rest(struct locks *locks)
{
    int64_t until = os_realtime(locks->shared->os) + REST_SECONDS * NANOSECONDS_PER_SECOND;
    const struct timespec at = {.tv_sec = until / NANOSECONDS_PER_SECOND + 1};

    if (pthread_cond_timedwait(&locks->wake, &locks->lock, &at) == ETIMEDOUT)
        close_idle(locks);
}

static void *
run(void *arg)
{
    struct locks *locks = arg;
    struct together together;

    pthread_mutex_lock(&locks->lock);
    while (!locks->is_stopping) {
        if (list_is_empty(&locks->questions)) {
            rest(locks);
            continue;
        }
        gather(locks, &together);
        pthread_mutex_unlock(&locks->lock);
        answer(locks, &together);
        close_idle(locks);
        pthread_mutex_lock(&locks->lock);
    }
    pthread_mutex_unlock(&locks->lock);
    return NULL;
}

int
locks_start(struct locks **out, struct gate_shared *shared)
{
    struct locks *locks = memory_new(1, sizeof(*locks));
    int result;

    if (!locks)
        return PASU_E_NOMEM;
    locks->shared = shared;
    list_init(&locks->questions);
    pthread_mutex_init(&locks->lock, NULL);
    pthread_cond_init(&locks->wake, NULL);
    for (size_t i = 0; i < LINKS; i++) {
        inspector_link_init(&locks->links[i].link, shared->os, INSPECTOR_BUFFER_SIZE);
        locks->links[i].link.stop = &locks->is_stopping;
    }
    result = thread_start(&locks->thread, NULL, run, locks);
    if (result != 0) {
        memory_free(locks);
        return result;
    }
    *out = locks;
    return 0;
}

int
locks_ask(struct locks *locks, const struct locks_question *question)
{
    const struct gateway *gateway = &question->settings->gateways[question->gateway];
    struct asked *a;

    if (!locks || question->process == 0 || !gateway->config->inspector.user)
        return PASU_E_UNAVAILABLE;
    a = memory_new(1, sizeof(*a));
    if (a)
        a->held = memory_new(1, sizeof(*a->held) + 16 * sizeof(a->held->items[0]));
    if (!a || !a->held) {
        memory_free(a);
        return PASU_E_NOMEM;
    }
    a->question = *question;
    a->deadline = os_monotonic(locks->shared->os) + WAIT_SECONDS * NANOSECONDS_PER_SECOND;
    snprintf(a->database, sizeof(a->database), "%s", question->database);
    snprintf(a->role, sizeof(a->role), "%s", question->role);
    a->question.database = a->database;
    a->question.role = a->role;
    list_init(&a->link);
    pthread_mutex_lock(&locks->lock);
    if (locks->count >= QUESTIONS_MAX) {
        pthread_mutex_unlock(&locks->lock);
        memory_free(a->held);
        memory_free(a);
        return PASU_E_UNAVAILABLE;
    }
    settings_hold(question->settings);
    list_append(&locks->questions, &a->link);
    locks->count++;
    pthread_cond_signal(&locks->wake);
    pthread_mutex_unlock(&locks->lock);
    return 0;
}

void
locks_stop(struct locks *locks)
{
    if (!locks)
        return;
    pthread_mutex_lock(&locks->lock);
    locks->is_stopping = true;
    pthread_cond_signal(&locks->wake);
    pthread_mutex_unlock(&locks->lock);
    pthread_join(locks->thread, NULL);
    for (size_t i = 0; i < LINKS; i++)
        inspector_link_close(&locks->links[i].link);
    while (!list_is_empty(&locks->questions)) {
        struct asked *a = LIST_ENTRY(locks->questions.next, struct asked, link);

        list_remove(&a->link);
        settings_release(a->question.settings);
        memory_free(a->held);
        memory_free(a);
    }
    memory_free(locks);
}
