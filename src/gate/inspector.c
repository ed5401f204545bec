/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/inspector.h"

#include "base/memory.h"
#include "gate/inspector_link.h"
#include "gate/thread.h"

enum { QUESTIONS_MAX = 10000 };

struct question {
    struct list link;
    struct worker *worker; /* NULL: only connect */
    uint64_t session;
    struct settings *settings; /* held */
    uint32_t gateway;
    char role[NAME_SIZE];
};

struct inspector {
    struct gate_shared *shared;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct list questions;
    size_t count;
    bool is_stopping;
    struct inspector_link links[CONFIG_GATEWAYS_MAX]; /* the thread's own */
};

/* A role that has no verifier gets a mock one: the client must not learn the difference. */
static int
look_up(struct inspector *inspector, const struct question *q, struct scram_verifier *verifier)
{
    struct gate_shared *shared = inspector->shared;
    struct inspector_link *link = &inspector->links[q->gateway];
    const struct gateway *gateway = &q->settings->gateways[q->gateway];
    char text[SCRAM_VERIFIER_TEXT_SIZE];
    int result = inspector_link_verifier(link, q->settings, gateway, q->role, text);

    if (result == PASU_E_EOF) /* the connection had ended meanwhile: once more, with a new one */
        result = inspector_link_verifier(link, q->settings, gateway, q->role, text);
    if (result == 0)
        result = scram_verifier_parse(verifier, view_of_text(text));
    memory_wipe(text, sizeof(text));
    if (result == PASU_E_NOTFOUND || result == PASU_E_MALFORMED)
        return scram_verifier_mock(verifier, shared->mock_secret, view_of_text(q->role),
                                   SCRAM_ITERATIONS_DEFAULT);
    if (result != 0)
        LOG_EVENT(&shared->log, INSPECTOR_FAILED, F_TEXT("gateway", gateway->config->name),
                  F_TEXT("error", error_text(result)), F_TEXT("detail", link->detail),
                  F_TEXT("hint", "run: pasu check --connect"));
    return result;
}

static void
warm(struct inspector *inspector, const struct question *q)
{
    const struct log *log = &inspector->shared->log;
    struct inspector_link *link = &inspector->links[q->gateway];
    const struct gateway *gateway = &q->settings->gateways[q->gateway];
    int result = inspector_link_open(link, q->settings, gateway, NULL);

    if (result == 0)
        LOG_EVENT(log, INSPECTOR_READY, F_TEXT("gateway", gateway->config->name),
                  F_TEXT("user", gateway->config->inspector.user));
    else
        LOG_EVENT(log, INSPECTOR_FAILED, F_TEXT("gateway", gateway->config->name),
                  F_TEXT("error", error_text(result)), F_TEXT("detail", link->detail),
                  F_TEXT("hint", "run: pasu check --connect"));
}

static void
answer_question(struct inspector *inspector, struct question *q)
{
    struct task *task = q->worker ? task_new(TASK_VERIFIER, q->session) : NULL;

    if (!q->worker)
        warm(inspector, q);
    if (task) {
        task->error = look_up(inspector, q, &task->verifier);
        worker_post(q->worker, task);
    }
    settings_release(q->settings);
    memory_free(q);
}

static void *
inspector_run(void *arg)
{
    struct inspector *inspector = arg;

    pthread_mutex_lock(&inspector->lock);
    while (!inspector->is_stopping) {
        struct question *q;

        if (list_is_empty(&inspector->questions)) {
            pthread_cond_wait(&inspector->wake, &inspector->lock);
            continue;
        }
        q = LIST_ENTRY(inspector->questions.next, struct question, link);
        list_remove(&q->link);
        inspector->count--;
        pthread_mutex_unlock(&inspector->lock);
        answer_question(inspector, q);
        pthread_mutex_lock(&inspector->lock);
    }
    pthread_mutex_unlock(&inspector->lock);
    return NULL;
}

int
inspector_start(struct inspector **out, struct gate_shared *shared)
{
    struct inspector *inspector = memory_new(1, sizeof(*inspector));
    int result;

    if (!inspector)
        return PASU_E_NOMEM;
    inspector->shared = shared;
    list_init(&inspector->questions);
    pthread_mutex_init(&inspector->lock, NULL);
    pthread_cond_init(&inspector->wake, NULL);
    for (size_t i = 0; i < COUNT_OF(inspector->links); i++)
        inspector_link_init(&inspector->links[i], shared->os, INSPECTOR_BUFFER_SIZE);
    result = thread_start(&inspector->thread, NULL, inspector_run, inspector);
    if (result != 0) {
        memory_free(inspector);
        return result;
    }
    *out = inspector;
    return 0;
}

int
inspector_ask(struct inspector *inspector, struct worker *worker, uint64_t session,
              struct settings *settings, uint32_t gateway, const char *role)
{
    struct question *q;
    int result = 0;

    pthread_mutex_lock(&inspector->lock);
    if (inspector->count >= QUESTIONS_MAX)
        result = PASU_E_UNAVAILABLE;
    q = result == 0 ? memory_new(1, sizeof(*q)) : NULL;
    if (q) {
        q->worker = worker;
        q->session = session;
        q->settings = settings_hold(settings);
        q->gateway = gateway;
        snprintf(q->role, sizeof(q->role), "%s", role);
        list_init(&q->link);
        list_append(&inspector->questions, &q->link);
        inspector->count++;
        pthread_cond_signal(&inspector->wake);
    } else if (result == 0) {
        result = PASU_E_NOMEM;
    }
    pthread_mutex_unlock(&inspector->lock);
    return result;
}

void
inspector_warm(struct inspector *inspector, struct settings *settings, uint32_t gateway)
{
    if (!settings->gateways[gateway].config->inspector.user)
        return;
    if (inspector_ask(inspector, NULL, 0, settings, gateway, "") != 0) {
        /* the first client's question will do it */
    }
}

void
inspector_stop(struct inspector *inspector)
{
    if (!inspector)
        return;
    pthread_mutex_lock(&inspector->lock);
    inspector->is_stopping = true;
    pthread_cond_signal(&inspector->wake);
    pthread_mutex_unlock(&inspector->lock);
    pthread_join(inspector->thread, NULL);
    for (size_t i = 0; i < COUNT_OF(inspector->links); i++)
        inspector_link_close(&inspector->links[i]);
    while (!list_is_empty(&inspector->questions)) {
        struct question *q = LIST_ENTRY(inspector->questions.next, struct question, link);

        list_remove(&q->link);
        settings_release(q->settings);
        memory_free(q);
    }
    memory_free(inspector);
}
