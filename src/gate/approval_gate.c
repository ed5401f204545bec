/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/gate_thread.h"
#include "policy/roster.h"

static struct task *
task_for(struct gate *g, enum task_kind kind, uint64_t session)
{
    return worker_index_of_session(session) < g->worker_count ? task_new(kind, session) : NULL;
}

static void
requested(struct gate *g, const struct message_requested *message)
{
    struct task *task = task_for(g, TASK_REQUESTED, message->session);

    if (!task)
        return; /* its time runs out at the keeper, and in the session */
    task->requested = *message;
    worker_post(&g->workers[worker_index_of_session(message->session)], task);
}

static void
decided(struct gate *g, const struct message_decided *message)
{
    struct task *task = task_for(g, TASK_DECIDED, message->session);

    if (!task)
        return; /* as above */
    task->decided = *message;
    task->decided.who[sizeof(task->decided.who) - 1] = '\0';
    worker_post(&g->workers[worker_index_of_session(message->session)], task);
}

/* The account, by the roster in force: it stands there as a principal, or is nobody's. */
static void
person(struct gate *g, struct message_person *message)
{
    const struct roster_entry *entry;

    message->name[sizeof(message->name) - 1] = '\0';
    entry = roster_find(g->shared.current.roster, message->name);
    snprintf(message->person, sizeof(message->person), "%s", entry ? entry->owner : "");
    message->is_left = entry && roster_has_left(entry, os_realtime(g->shared.os));
    if (keeper_link_send(&g->shared.keeper, MESSAGE_PERSON, message, sizeof(*message)) != 0) {
        /* the keeper's limit of time answers */
    }
}

void
gate_take_approval(struct gate *g, const struct channel_message *message)
{
    struct message_requested number;
    struct message_decided decision;
    struct message_person who;

    switch ((enum message_type)message->type) {
    case MESSAGE_REQUESTED:
        memcpy(&number, message->body, sizeof(number));
        requested(g, &number);
        break;
    case MESSAGE_DECIDED:
        memcpy(&decision, message->body, sizeof(decision));
        decided(g, &decision);
        break;
    case MESSAGE_PERSON_ASK:
        memcpy(&who, message->body, sizeof(who));
        person(g, &who);
        break;
    default: /* the table lets nothing else through */
        break;
    }
}
