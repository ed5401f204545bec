/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions of the keeper's (for `pasu status`, `sessions` and `kill`): each goes to the workers it
 * concerns, whose answers are sent on as fast as the keeper takes them. Nobody waits: a question
 * that stays unanswered runs out of time at the keeper.
 */
#include "gate/gate_thread.h"

#include "base/memory.h"
#include "exposure/tally.h"
#include "gate/catalog_store.h"
#include "gate/census.h"
#include "gate/numbers.h"
#include "policy/budget.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

static_assert((int)MESSAGE_WINDOWS == (int)TALLY_WINDOWS, "a message has a number a window");

void
gate_post_all(struct gate *g, enum task_kind kind, uint64_t question, const char *principal)
{
    for (uint32_t i = 0; i < g->worker_count; i++) {
        struct task *task = task_new(kind, 0);

        if (!task)
            continue;
        task->question = question;
        if (principal)
            snprintf(task->principal, sizeof(task->principal), "%s", principal);
        worker_post(&g->workers[i], task);
    }
}

static struct pending *
pending_find(struct gate *g, uint64_t question)
{
    for (size_t i = 0; i < COUNT_OF(g->pending); i++)
        if (g->pending[i].question == question)
            return &g->pending[i];
    return NULL;
}

static void
ask_workers(struct gate *g, enum task_kind kind, uint64_t question, const char *principal)
{
    struct pending *p = pending_find(g, 0);
    struct message_sessions_end end = {.question = question};

    if (g->worker_count == 0 &&
        keeper_link_send(&g->shared.keeper, MESSAGE_SESSIONS_END, &end, sizeof(end)) == 0)
        return; /* the past is being read: there are no sessions yet */
    if (!p || question == 0 || g->worker_count == 0)
        return; /* the keeper's own limit of time answers it */
    *p = (struct pending){question, g->worker_count, 0};
    gate_post_all(g, kind, question, principal);
}

void
question_sessions(struct gate *g, uint64_t question)
{
    ask_workers(g, TASK_SNAPSHOT, question, NULL);
}

void
question_kill(struct gate *g, const struct message_kill *message)
{
    uint32_t index = worker_index_of_session(message->session);
    struct message_sessions_end end = {.question = message->question};
    struct pending *p = pending_find(g, 0);
    struct task *task;

    if (message->session == 0) {
        char principal[NAME_SIZE];

        memcpy(principal, message->principal, sizeof(principal));
        principal[NAME_SIZE - 1] = '\0';
        ask_workers(g, TASK_KILL_PRINCIPAL, message->question, principal);
        return;
    }
    task = p && message->question && index < g->worker_count
               ? task_new(TASK_KILL_ONE, message->session)
               : NULL;
    if (!task) {
        if (keeper_link_send(&g->shared.keeper, MESSAGE_SESSIONS_END, &end, sizeof(end)) != 0) {
            /* the keeper's limit of time answers */
        }
        return;
    }
    *p = (struct pending){message->question, 1, 0};
    task->question = message->question;
    worker_post(&g->workers[index], task);
}

/* Where one principal's tally is written down. */
struct tally_lines {
    struct answer *answer;
    const struct settings *settings;
    const struct roster *roster; /* in force */
    uint32_t minute;
    size_t room;
};

static int
describe_tally(void *arg, const char *principal, struct tally *tally)
{
    struct tally_lines *lines = arg;
    struct message_tally *line;
    struct budget budget;

    if (lines->answer->count == lines->room)
        return PASU_E_RANGE; /* somebody new has come since they were counted */
    line = answer_line(lines->answer, lines->answer->count++);
    line->question = lines->answer->question;
    snprintf(line->principal, sizeof(line->principal), "%s", principal);
    tally_count(tally, lines->minute, line->known, line->unknown);
    budget_of(&budget, lines->settings->config, lines->roster, principal, false);
    memcpy(line->block, budget.limits.block, sizeof(line->block));
    for (size_t w = 0; w < MESSAGE_WINDOWS; w++)
        line->mask[w] = budget.clear[w] < budget.limits.block[w] ? budget.clear[w] : UINT64_MAX;
    memcpy(line->alert, budget.limits.alert, sizeof(line->alert));
    return 0;
}

static int
count_tally(void *arg, const char *principal PASU_UNUSED, struct tally *tally PASU_UNUSED)
{
    ++*(size_t *)arg;
    return 0;
}

/* Everybody's tally, in an answer; NULL where there is no memory. */
static struct answer *
describe_tallies(struct gate *g, uint64_t question)
{
    struct tally_lines lines = {.settings = g->settings,
                                .roster = g->shared.current.roster,
                                .minute = os_local_minute(os_realtime(g->shared.os))};

    if (tally_book_each(g->shared.tallies, count_tally, &lines.room) != 0)
        return NULL;
    lines.answer = answer_new(question, MESSAGE_TALLY, sizeof(struct message_tally), lines.room);
    if (!lines.answer || !g->settings)
        return lines.answer;
    if (tally_book_each(g->shared.tallies, describe_tally, &lines) != 0) {
        /* the next answer has them too */
    }
    return lines.answer;
}

void
question_status(struct gate *g, uint64_t question)
{
    struct answer *answer = describe_tallies(g, question);
    struct message_status status = {
        .question = question,
        .sessions_total = g->shared.sessions_total,
        .refused_total = g->shared.refused_total,
        .cancels_total = g->shared.cancels_total,
        .unrecorded_total = g->shared.unrecorded_total,
        /* Answers like this one are not the sessions' doing. */
        .allocations = memory_allocations() - (g->status_answers += answer != NULL),
        .started = g->started,
        .workers = g->worker_count,
        .draining = g->shared.is_draining,
        .approvals = g->shared.approvals_total,
    };

    for (uint32_t i = 0; i < g->worker_count; i++) {
        const struct worker *w = &g->workers[i];

        status.sessions += w->session_count;
        status.counts.statements += counter_get(&w->statements);
        status.counts.rows += counter_get(&w->rows);
        status.counts.bytes_in += counter_get(&w->bytes_in);
        status.counts.bytes_out += counter_get(&w->bytes_out);
    }
    if (g->shared.catalogs)
        catalog_store_identity_state(g->shared.catalogs, &status.identity_columns,
                                     &status.identity_current, &status.identity_at);
    pulse_describe(g, &status);
    census_soon(g->shared.census, true);
    if (!answer)
        return; /* as above */
    answer->status = status;
    list_append(&g->outgoing, &answer->link);
}

void
question_other(struct gate *g, const struct channel_message *message)
{
    struct message_try trial;

    if (message->type == MESSAGE_MEASURE) {
        numbers_tell(g);
    } else if (message->type == MESSAGE_TRY) {
        memcpy(&trial, message->body, sizeof(trial));
        trial_ask(g, &trial);
    }
}

void
question_take(struct gate *g)
{
    uint64_t unused;

    if (read(g->shared.answer_event, &unused, sizeof(unused)) < 0 && errno != EAGAIN)
        return;
    pthread_mutex_lock(&g->shared.answer_lock);
    while (!list_is_empty(&g->shared.answers)) {
        struct list *first = g->shared.answers.next;

        list_remove(first);
        list_append(&g->outgoing, first);
    }
    pthread_mutex_unlock(&g->shared.answer_lock);
}

/* Sends what the keeper takes now; false while there is more. */
static bool
send_answer(struct gate *g, struct answer *answer)
{
    struct pending *p = pending_find(g, answer->question);
    struct message_sessions_end end = {.question = answer->question};
    bool is_wanted = p || answer->type == MESSAGE_TALLY;
    int result = 0;

    for (; is_wanted && answer->size > 0 && g->outgoing_at < answer->count; g->outgoing_at++) {
        result = keeper_link_send(&g->shared.keeper, answer->type,
                                  answer_line(answer, g->outgoing_at), answer->size);
        if (result == PASU_E_AGAIN)
            return false;
        if (result != 0)
            break;
    }
    if (answer->type == MESSAGE_TALLY)
        return keeper_link_send(&g->shared.keeper, MESSAGE_STATUS, &answer->status,
                                sizeof(answer->status)) != PASU_E_AGAIN;
    if (p && p->missing == 1) {
        end.count = p->count + answer->count;
        result = keeper_link_send(&g->shared.keeper, MESSAGE_SESSIONS_END, &end, sizeof(end));
        if (result == PASU_E_AGAIN)
            return false;
    }
    if (p) {
        p->count += answer->count;
        if (--p->missing == 0)
            p->question = 0;
    }
    return true;
}

void
question_send(struct gate *g)
{
    while (!list_is_empty(&g->outgoing)) {
        struct answer *answer = LIST_ENTRY(g->outgoing.next, struct answer, link);

        if (!send_answer(g, answer))
            return;
        list_remove(&answer->link);
        memory_free(answer);
        g->outgoing_at = 0;
    }
}
