/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper asks of marks (for `pasu marks`). See question.c. */
#include "gate/catalog_clear.h"
#include "gate/gate_thread.h"

#include "base/memory.h"

static struct pending *
pending_free(struct gate *g)
{
    for (size_t i = 0; i < COUNT_OF(g->pending); i++)
        if (g->pending[i].question == 0)
            return &g->pending[i];
    return NULL;
}

/* Without memory or room the keeper's limit of time answers. */
static void
tell(struct gate *g, uint64_t question)
{
    struct pending *p = pending_free(g);
    size_t room = catalog_clear_count(g->shared.catalogs), count;
    struct message_marked *lines = memory_new(room + 1, sizeof(*lines));
    struct answer *answer;

    if (!p || !lines || question == 0) {
        memory_free(lines);
        return;
    }
    count = catalog_clear_list(g->shared.catalogs, lines, room);
    answer = answer_new(question, MESSAGE_MARKED, sizeof(*lines), count);
    for (size_t i = 0; answer && i < count; i++) {
        lines[i].question = question;
        memcpy(answer_line(answer, i), &lines[i], sizeof(lines[i]));
    }
    memory_free(lines);
    if (!answer)
        return;
    answer->count = count;
    *p = (struct pending){question, 1, 0};
    list_append(&g->outgoing, &answer->link);
}

static void
clear(struct gate *g, struct message_clear *message)
{
    if (message->step == CLEAR_BEGIN)
        message->error = catalog_clear_begin(g->shared.catalogs, &message->mark);
    else
        catalog_clear_end(g->shared.catalogs, &message->mark, message->step == CLEAR_DONE);
    if (keeper_link_send(&g->shared.keeper, MESSAGE_CLEARED, message, sizeof(*message)) != 0) {
        /* the keeper's limit of time answers; what was begun holds until it is begun anew */
    }
}

void
question_marks(struct gate *g, const struct channel_message *message)
{
    struct message_ask ask;
    struct message_clear asked;

    if (!g->shared.catalogs)
        return; /* the past is being read: the same */
    if (message->type == MESSAGE_MARKS_ASK) {
        memcpy(&ask, message->body, sizeof(ask));
        tell(g, ask.question);
    } else if (message->type == MESSAGE_CLEAR) {
        memcpy(&asked, message->body, sizeof(asked));
        clear(g, &asked);
    }
}
